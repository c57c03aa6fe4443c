"""Fits of dipole moments and their errors at points left out."""

import torch
from scattered_waters import WATER, bond_moments, waters

from pes.potential.dipole import DipoleSurface
from pes.training.dipole import best_dipole_fit, dipole_fits

RIDGES = (0.0, 1e-4)


def points(count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Positions, moments of charges that change with the bonds, weights."""
    x, generator = waters(count, 3, size=0.2), torch.Generator().manual_seed(4)
    weights = 0.5 + torch.rand(count, generator=generator, dtype=torch.float64)
    return x, bond_moments(x), weights


def test_points_left_out_as_by_fits_without_them() -> None:
    x, mu, w = points(25)
    fits = dipole_fits(DipoleSurface(WATER, 2), x, mu, w)
    errors = fits.left_out_errors([0.0], x, mu, w)[0]
    for row in (0, 7):
        rest = torch.arange(25) != row
        other = dipole_fits(fits.form, x[rest], mu[rest], w[rest]).surface(0.0)
        # Two ways to the same least squares.
        assert torch.allclose(other(x[row : row + 1]) - mu[row], errors[row], atol=1e-8)


def test_the_surface_is_the_fit() -> None:
    x, mu, w = points(30)
    fits = dipole_fits(DipoleSurface(WATER, 2), x, mu, w)
    for ridge, errors in zip(RIDGES, fits.errors(RIDGES, x, mu), strict=True):
        assert torch.allclose(fits.surface(ridge)(x) - mu, errors, atol=1e-10)
    # Normal equations.
    slope = torch.einsum("bif,bi,b->f", fits.form.features(x), fits.errors([0.0], x, mu)[0], w)
    assert float(slope.abs().max()) < 1e-9


def test_the_best_form_at_points_not_seen() -> None:
    x, mu, w = points(120)
    forms = [DipoleSurface(WATER, degree) for degree in (1, 3)]
    seen = slice(100)
    _, tried, errors = best_dipole_fit(
        forms, x[seen], mu[seen], w[seen], unseen=(x[100:], mu[100:])
    )
    assert [one.degree for one in tried] == [3, 1]
    assert tried[0].error < tried[1].error / 5
    assert errors.shape == (20, 3)
    _, tried, errors = best_dipole_fit(forms, x, mu, w)
    assert [one.degree for one in tried] == [3, 1]
    assert errors.shape == (120, 3)
