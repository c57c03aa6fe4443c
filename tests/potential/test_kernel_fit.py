"""Errors of points left out, fewer centres than points, memory, copies."""

import pytest
import torch
from scattered_waters import WATER, waters
from torch import Tensor

from pes.potential import KernelSurface, kernel_surface
from pes.potential.analytic import WaterPJT
from pes.potential.kernel_fit import spread_rows


def fitted(count: int = 60, **options) -> tuple[KernelSurface, Tensor]:
    x = waters(count)
    return kernel_surface(WATER, x, WaterPJT()(x).detach(), length=2.0, **options)


@pytest.mark.parametrize("centres", [None, 25])
def test_errors_of_points_left_out_are_those_of_fits_without_them(centres: int | None) -> None:
    """The same surface without one label: weight of nearly nothing, the centres unchanged."""
    x = waters(40)
    energies = WaterPJT()(x).detach()
    options = {"length": 2.0, "width": 3.0, "noise": 1e-8, "centres": centres}
    _, errors = kernel_surface(WATER, x, energies, **options)
    for row in (0, 17):
        weights = torch.ones(40, dtype=torch.float64)
        # With all centres the noise, 1e-8 over the weight, must stay small beside what rounds.
        weights[row] = 1e-11
        without, _ = kernel_surface(WATER, x, energies, weights=weights, **options)
        missing = float(without(x[row : row + 1]) - energies[row])
        assert missing == pytest.approx(float(errors[row]), rel=1e-2)


def test_all_points_as_centres_in_both_ways() -> None:
    """One centre fewer than points changes little where points are dense.

    Beside the point that lost its centre it is 2e-5 hartree, elsewhere far less.
    """
    y = waters(20, seed=7)
    every, _ = fitted(300, noise=1e-9)
    fewer, _ = fitted(300, noise=1e-9, centres=299)
    changes = (fewer(y) - every(y)).abs()
    assert changes.max() < 1e-4
    assert changes.median() < 1e-6


def test_centres_are_no_nearer_to_each_other_than_any_point_is_to_one() -> None:
    points = torch.rand(200, 3, generator=torch.Generator().manual_seed(0))
    rows = spread_rows(points, 20, first=7)
    assert 7 in rows.tolist()
    assert len(rows.unique()) == 20
    apart = torch.cdist(points[rows], points[rows]) + 9 * torch.eye(20)
    assert apart.min() >= torch.cdist(points, points[rows]).amin(1).max()


def test_memory_bounds_the_number_of_centres() -> None:
    surface, errors = fitted(60, memory=16 * 30**2)
    assert len(surface.coefficients) == 30
    assert len(errors) == 60
    with pytest.raises(ValueError, match=r"40 centres need .* `memory` allows"):
        fitted(60, memory=16 * 30**2, centres=40)


def test_copies_need_noise() -> None:
    x = waters(20).repeat(2, 1, 1)
    with pytest.raises(ValueError, match="too close to each other for `noise` 0"):
        kernel_surface(WATER, x, WaterPJT()(x).detach(), length=2.0, noise=0.0)


def test_rounding_that_would_be_seen_is_refused() -> None:
    x = waters(300)
    energies = WaterPJT()(x).detach()
    with pytest.raises(ValueError, match="`noise` 1e-13 is too small or `width` 40 too large"):
        kernel_surface(WATER, x, energies, length=2.0, width=40.0, noise=1e-13)
