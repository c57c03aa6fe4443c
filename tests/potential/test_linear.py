import pytest
import torch
from torch import Tensor

from pes.descriptors import Invariants
from pes.potential.linear import (
    LinearSurface,
    feature_gradients,
    least_squares,
    linear_surface,
)
from pes.potential.neural import energies_and_forces

WATER = ("O", "H", "H")


def waters(count: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    start = torch.tensor([[0.0, 0, 0], [1.8, 0, 0], [-0.5, 1.7, 0]], dtype=torch.float64)
    return start + 0.3 * torch.randn(count, 3, 3, generator=generator, dtype=torch.float64)


def known_surface(degree: int = 3) -> LinearSurface:
    surface = LinearSurface(Invariants(WATER, degree)).requires_grad_(False)
    surface.coefficients.copy_(torch.linspace(-1, 1, surface.descriptor.size))
    surface.shift.fill_(-76.0)
    return surface


def test_recovers_a_polynomial() -> None:
    truth, x = known_surface(), waters(60)
    fitted = linear_surface(truth.descriptor, x, truth(x), ridge=0.0)
    # Condition number about 1e5 of the scaled columns, times the rounding of 76 hartree.
    torch.testing.assert_close(fitted.coefficients, truth.coefficients, rtol=0, atol=1e-7)
    torch.testing.assert_close(fitted(waters(20, 1)), truth(waters(20, 1)), rtol=0, atol=1e-11)


def test_forces_make_up_for_missing_energies() -> None:
    truth, few = known_surface(), waters(8)
    _, forces = energies_and_forces(truth, few)
    fitted = linear_surface(truth.descriptor, few, truth(few), forces=forces, ridge=0.0)
    x = waters(20, 1)
    torch.testing.assert_close(fitted(x), truth(x), rtol=0, atol=1e-10)


def test_weights_are_repetitions() -> None:
    descriptor, x = Invariants(WATER, 2), waters(30)
    energies = x.square().sum((1, 2))
    weights = torch.ones(30, dtype=torch.float64)
    weights[:5] = 2
    twice = torch.cat((x, x[:5]))
    a = linear_surface(descriptor, x, energies, weights=weights)
    b = linear_surface(descriptor, twice, twice.square().sum((1, 2)))
    torch.testing.assert_close(a(x), b(x), rtol=0, atol=1e-9)


def test_residual_is_orthogonal_to_the_columns() -> None:
    generator = torch.Generator().manual_seed(3)
    a = torch.randn(20, 4, generator=generator, dtype=torch.float64) * torch.tensor([1, 1e6, 1, 1])
    b = torch.randn(20, generator=generator, dtype=torch.float64)
    columns = a / a.norm(dim=0)
    assert (columns.mT @ (b - a @ least_squares(a, b))).abs().max() < 1e-13


def test_ridge_is_the_augmented_system() -> None:
    generator = torch.Generator().manual_seed(3)
    a = torch.randn(20, 4, generator=generator, dtype=torch.float64)
    b = torch.randn(20, generator=generator, dtype=torch.float64)
    lengths = a.norm(dim=0)
    damping = 0.1 * torch.linalg.matrix_norm(a / lengths, 2)
    rows = torch.cat((a / lengths, damping * torch.eye(4, dtype=a.dtype)))
    expected = torch.linalg.lstsq(rows, torch.cat((b, b.new_zeros(4)))).solution / lengths
    torch.testing.assert_close(least_squares(a, b, ridge=0.1), expected)


def test_a_column_of_zeros_and_a_repeated_one() -> None:
    a = torch.tensor([[1.0, 0, 1], [2, 0, 2], [3, 0, 3]], dtype=torch.float64)
    c = least_squares(a, a[:, 0])
    torch.testing.assert_close(c, torch.tensor([0.5, 0, 0.5], dtype=torch.float64))


def test_feature_gradients_are_the_jacobian() -> None:
    descriptor, x = Invariants(WATER, 3), waters(3)
    expected = torch.stack([torch.func.jacrev(descriptor)(one).flatten(1) for one in x])
    torch.testing.assert_close(feature_gradients(descriptor, x), expected)


def test_too_few_points() -> None:
    x = waters(5)
    with pytest.raises(ValueError, match="5 points cannot fix 12 coefficients"):
        linear_surface(Invariants(WATER, 3), x, x[:, 0, 0], ridge=0.0)
