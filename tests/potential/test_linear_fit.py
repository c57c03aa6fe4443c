import pytest
import torch
from scattered_waters import WATER, waters

from pes.descriptors import Invariants
from pes.potential.linear import LinearSurface
from pes.potential.linear_fit import feature_gradients, linear_fits, linear_surface
from pes.potential.neural import energies_and_forces


def known_surface(degree: int = 3) -> LinearSurface:
    surface = LinearSurface(Invariants(WATER, degree)).requires_grad_(False)
    surface.coefficients.copy_(torch.linspace(-1, 1, surface.descriptor.size))
    surface.shift.fill_(-76.0)
    return surface


def test_recovers_a_polynomial() -> None:
    truth, x = known_surface(), waters(60, size=0.3)
    fitted = linear_surface(truth.descriptor, x, truth(x), ridge=0.0)
    # Condition number about 1e5 of the scaled columns, times the rounding of 76 hartree.
    torch.testing.assert_close(fitted.coefficients, truth.coefficients, rtol=0, atol=1e-7)
    new = waters(20, 1, size=0.3)
    torch.testing.assert_close(fitted(new), truth(new), rtol=0, atol=1e-11)


def test_forces_make_up_for_missing_energies() -> None:
    truth, few = known_surface(), waters(8, size=0.3)
    _, forces = energies_and_forces(truth, few)
    fitted = linear_surface(truth.descriptor, few, truth(few), forces=forces, ridge=0.0)
    x = waters(20, 1, size=0.3)
    torch.testing.assert_close(fitted(x), truth(x), rtol=0, atol=1e-10)


def test_weights_are_repetitions() -> None:
    descriptor, x = Invariants(WATER, 2), waters(30, size=0.3)
    energies = x.square().sum((1, 2))
    weights = torch.ones(30, dtype=torch.float64)
    weights[:5] = 2
    twice = torch.cat((x, x[:5]))
    a = linear_surface(descriptor, x, energies, weights=weights)
    b = linear_surface(descriptor, twice, twice.square().sum((1, 2)))
    torch.testing.assert_close(a(x), b(x), rtol=0, atol=1e-9)


def test_feature_gradients_are_the_jacobian() -> None:
    descriptor, x = Invariants(WATER, 3), waters(3, size=0.3)
    expected = torch.stack([torch.func.jacrev(descriptor)(one).flatten(1) for one in x])
    torch.testing.assert_close(feature_gradients(descriptor, x), expected)


def test_too_few_points() -> None:
    x = waters(5, size=0.3)
    with pytest.raises(ValueError, match="5 points cannot determine 12 coefficients"):
        linear_surface(Invariants(WATER, 3), x, x[:, 0, 0], ridge=0.0)


def test_too_few_forces() -> None:
    """Of nine forces six are turned and pushed geometry: three numbers and the energy each."""
    x = waters(3, size=0.3)
    linear_surface(Invariants(WATER, 2), x, x[:, 0, 0], forces=x, ridge=0.0)
    with pytest.raises(ValueError, match="3 points cannot determine 12 coefficients"):
        linear_surface(Invariants(WATER, 3), x, x[:, 0, 0], forces=x, ridge=0.0)


@pytest.mark.parametrize("with_forces", [False, True])
def test_small_memory_changes_nothing_but_the_blocks(with_forces: bool) -> None:
    """Thirteen blocks instead of one; a polynomial of degree 5 in the lengths is not in the fit."""
    x = waters(200, size=0.3)
    energies, forces = energies_and_forces(lambda x: x.square().sum((1, 2)) ** 2, x)
    descriptor, given = Invariants(WATER, 3), forces if with_forces else None
    rows = 10 if with_forces else 1
    memory = 4 * 8 * 14**2 + 3 * 8 * 14 * rows * 16
    fits = [
        linear_fits(descriptor, x, energies, forces=given, memory=m).surface(1e-12)
        for m in (2**30, memory)
    ]
    # Rounding times the condition number, 1e5, of the columns.
    torch.testing.assert_close(fits[0](x), fits[1](x), rtol=0, atol=1e-9)
    with pytest.raises(ValueError, match=r"12 coefficients need 0 MiB.*raise `training.memory`"):
        linear_fits(descriptor, x, energies, forces=given, memory=memory - 1)


def test_mean_squares_are_those_of_the_surface() -> None:
    x, other = waters(40, size=0.3), waters(15, 1, size=0.3)
    generator = torch.Generator().manual_seed(5)
    noise = 0.01 * torch.randn(55, generator=generator, dtype=torch.float64)
    truth = known_surface(4)
    energies, forces = energies_and_forces(truth, torch.cat((x, other)))
    energies, w = energies + noise, torch.rand(15, generator=generator, dtype=torch.float64)
    fits = linear_fits(
        Invariants(WATER, 3), x, energies[:40], forces=forces[:40], force_weight=0.3,
        baseline=known_surface(2),
    )  # fmt: skip
    found = fits.mean_squares([0, 1e-3], other, energies[40:], forces=forces[40:], weights=w)
    for ridge, square in zip([0, 1e-3], found, strict=True):
        e, f = energies_and_forces(fits.surface(ridge), other)
        each = (e - energies[40:]).square() + 0.3 * (f - forces[40:]).square().sum((1, 2))
        torch.testing.assert_close(square, (w * each).sum() / w.sum(), rtol=1e-8, atol=0)


def test_on_top_of_a_surface() -> None:
    """What the baseline holds already the polynomial need not."""
    truth, under, x = known_surface(4), known_surface(4), waters(60, size=0.3)
    under.coefficients[:12] += 0.5  # the polynomials of degree three and lower
    fitted = linear_surface(Invariants(WATER, 3), x, truth(x), ridge=0.0, baseline=under)
    torch.testing.assert_close(fitted(x), truth(x), rtol=0, atol=1e-10)
    torch.testing.assert_close(
        fitted.coefficients, torch.full((12,), -0.5, dtype=torch.float64), rtol=0, atol=1e-6
    )
