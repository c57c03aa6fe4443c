"""Ranges, sizes and energies where one coordinate is of large amplitude."""

from math import pi

import pytest
import torch

from pes.setup.automatic.stage import Target
from pes.setup.automatic.wide_grid import WideGrid, wide_grid
from pes.setup.coordinate_request import CoordinateRequest
from pes.setup.problem import problem
from pes.setup.speed import Speed
from pes.setup.surfaces import as_surface
from pes.units import CM1
from pes.vibration.symmetry.operations import symmetry_operations


@pytest.fixture(scope="module")
def target() -> Target:
    request = CoordinateRequest(kind="umbrella")
    task = problem(as_surface("ammonia_model"), coordinates=request)
    names, kinds = task.internal.names, task.internal.kinds
    return Target(task.system, kinds, names, task.wells, task.limits, 0.1 * CM1, 20)


@pytest.fixture(scope="module")
def grid(target: Target) -> WideGrid:
    return wide_grid(target, 11000 * CM1)


def test_ranges_keep_the_symmetry(target: Target, grid: WideGrid) -> None:
    """The inversion, the exchange of two hydrogens, and both."""
    *bonds, beta, sa, _ = grid.specs
    assert len({(b.low, b.high) for b in bonds}) == 1
    assert beta.low + beta.high == pytest.approx(pi, abs=1e-12)
    assert sa.low == -sa.high
    assert len(symmetry_operations(target.system, grid.bases)) == 3


def test_both_wells_are_held(grid: WideGrid) -> None:
    """The lowest functions of the inversion are a pair, far below those of the stretches."""
    *bonds, beta, _, _ = grid.ladders
    assert beta[1] < 20 * CM1 < 500 * CM1 < beta[2]
    assert all(3000 * CM1 < bond[1] < 3600 * CM1 for bond in bonds)


def test_products_below_an_energy_are_counted(grid: WideGrid) -> None:
    """All combinations one by one."""
    larger = grid.grown(2.0)
    sums = torch.zeros(1, dtype=torch.float64)
    for ladder, basis in zip(larger.ladders, larger.bases, strict=True):
        sums = (sums[:, None] + torch.tensor(ladder[: basis.functions]).double()).flatten()
        sums = sums[sums <= larger.quanta * larger.unit]
    assert larger.functions == len(sums) > grid.functions
    assert larger.points > grid.points
    speed = Speed(1e-6, 1e-5, 1e-10)
    assert larger.seconds(speed, 20, 1) > grid.seconds(speed, 20, 1)


def test_fewer_quanta_keep_fewer_functions(target: Target, grid: WideGrid) -> None:
    h, broken = grid.hamiltonian(target)
    assert broken == []
    assert grid.fewer(h, 1.0).size < h.size <= len(h.potential)
    assert not grid.hole(h, target).any()
    assert grid.cap(target) == target.cap


def test_narrower_ranges(grid: WideGrid) -> None:
    for one, other in zip(grid.specs, grid.narrower().specs, strict=True):
        assert one.low < other.low < other.high < one.high
