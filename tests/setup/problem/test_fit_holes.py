"""Fits of three atoms with holes beyond their points: exact levels, refusals, repetition."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import torch
from repeated_levels import check_repeated
from torch import Tensor

import pes
from pes.data import Dataset
from pes.potential.analytic import WaterPJT
from pes.setup.coordinates.coordinate_request import CoordinateRequest
from pes.setup.problem.fit_holes import without_holes
from pes.setup.problem.problem import problem
from pes.units import CM1

EXACT = torch.tensor([4634.7648, 1594.6586, 3151.4938, 3657.1104], dtype=torch.float64)
"""Zero-point energy and levels of water on the surface that the points are of, cm⁻¹: those of an
independent program, converged to 0.0005."""


def _bent(q: Tensor) -> Tensor:
    """Positions of O, H, H at two lengths and the angle between, (B, 3, 3)."""
    r1, r2, angle = q.T
    zero = torch.zeros_like(r1)
    atoms = (zero, zero, zero), (r1, zero, zero), (r2 * angle.cos(), r2 * angle.sin(), zero)
    return torch.stack([torch.stack(atom, 1) for atom in atoms], 1)


@cache
def holey(count: int = 300, degree: int = 8, seed: int = 1) -> pes.FitResult:
    """A fit of a degree too high for its few points below 9,000 cm⁻¹."""
    low = torch.tensor([1.2, 1.2, 0.9], dtype=torch.float64)
    high = torch.tensor([2.9, 2.9, 3.1], dtype=torch.float64)
    random = torch.rand(60000, 3, generator=torch.Generator().manual_seed(seed), dtype=low.dtype)
    x = _bent(low + (high - low) * random)
    v = WaterPJT()(x).detach()
    x, v = x[v < 9000 * CM1][:count], v[v < 9000 * CM1][:count]
    return pes.train(Dataset(("O", "H", "H"), x, v), form=pes.LinearForm(degree=degree))


@cache
def levels() -> pes.LevelsResult:
    return pes.levels(holey(), count=3, accuracy=0.1)


def test_levels_that_do_not_feel_the_hole_are_within_their_estimates() -> None:
    result = levels()
    assert any("the fit has holes beyond its points" in line for line in result.warnings)
    above = result.energies.clone()
    above[0] = result.zero_point_energy
    error = (above - EXACT[:3]).abs()
    fit = torch.tensor([row["fit"] for row in result.table], dtype=torch.float64)
    assert bool((error < fit + result.convergence).all())
    assert float(error.max()) < 2.0
    assert float(result.convergence.max()) < 1.0


def test_levels_as_high_as_the_pass_are_refused() -> None:
    with pytest.raises(ValueError, match=r"levels up to \d+ cm-1 above .* behind a pass \d+ cm-1"):
        pes.levels(holey(), count=20, accuracy=0.1)


def test_the_configuration_repeats_the_levels(tmp_path: Path) -> None:
    result = levels()
    assert result.chosen["coordinates"]["filled"] is True
    holey().save(tmp_path / "fit")
    check_repeated(result, str(tmp_path / "fit"), tmp_path)


def test_a_surface_without_holes_has_none_to_fill() -> None:
    with pytest.raises(ValueError, match=r"`coordinates\.filled` is for a fit of three atoms"):
        pes.levels("water_pjt1996", count=2, coordinates=CoordinateRequest(filled=True))


def test_points_behind_a_pass_belong_to_the_molecule() -> None:
    """The fit is not filled where its own points are: a minimum was missed, or the fit is wrong."""
    task = problem(holey().surface)
    given = task.surface.record, task.internal, task.molecule.masses, task.system
    assert without_holes(*given, task.wells, task.limits) is not None
    q = torch.tensor([[2.3, 2.3, 0.6]], dtype=torch.float64)
    with torch.no_grad():
        deep = task.internal.to_positions(q, task.molecule.masses)
    points = torch.cat((holey().record.training_positions, deep))
    record = replace(holey().record, training_positions=points)
    assert without_holes(record, *given[1:], task.wells, task.limits) is None
