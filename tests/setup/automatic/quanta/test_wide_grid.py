"""Ranges, sizes and energies where one coordinate is of large amplitude."""

from dataclasses import replace
from math import pi

import pytest
import torch
from scipy.special import mathieu_a, mathieu_b

from pes.setup.automatic.quanta.wide_grid import (
    TURN,
    WAVE_ERROR,
    WideGrid,
    _energies,
    _waves,
    wide_grid,
)
from pes.setup.automatic.request import Target
from pes.setup.coordinates.coordinate_request import CoordinateRequest
from pes.setup.inputs.surfaces import as_surface
from pes.setup.machine.speed import Speed
from pes.setup.problem.problem import problem
from pes.units import CM1
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.symmetry.operations import symmetry_operations
from pes.vibration.system.cuts import Cut


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


def test_narrow_wells_take_more_waves_than_functions() -> None:
    """A torsion between two wells, whose levels are characteristic values of Mathieu's equation."""
    barrier, g = 10000 * CM1, 40 * CM1
    x = torch.linspace(0, 2 * pi, 401, dtype=torch.float64)

    def energy(q: torch.Tensor) -> torch.Tensor:
        return barrier / 2 * (1 - (2 * q[:, 0]).cos())

    cut = Cut(0, x[:, None], torch.full_like(x, g), energy(x[:, None]), energy)
    spec = BasisSpec("fourier", 0.0, 2 * pi, 1, None, TURN, "phi")
    waves = _waves(cut, spec, 1.0)
    q = -barrier / (2 * g)
    values = [mathieu_a(n, q) for n in range(12)] + [mathieu_b(n, q) for n in range(1, 12)]
    exact = barrier / 2 + g / 2 * torch.tensor(sorted(values), dtype=torch.float64)
    for n in (2, 6, 12):
        taken = replace(spec, primitives=waves[n - 1])
        torch.testing.assert_close(
            _energies(cut, taken, n, 1.0), exact[:n], rtol=2 * WAVE_ERROR, atol=0
        )
        too_few = replace(spec, primitives=waves[n - 1] - 4)
        error = (_energies(cut, too_few, n, 1.0) - exact[:n]).abs() / exact[:n]
        assert waves[n - 1] > n + 4
        assert error.max() > WAVE_ERROR
