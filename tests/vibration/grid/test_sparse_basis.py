"""Transforms on a sparse grid against their definitions, and against a product grid."""

from functools import cache

import pytest
import torch
from reused_arrays import check_reused_arrays
from torch import Tensor

from pes.vibration.basis.product_tree import within_quanta
from pes.vibration.grid.oscillators import oscillator_functions
from pes.vibration.grid.smolyak import smolyak
from pes.vibration.grid.sparse_basis import SparseBasis
from pes.vibration.grid.submatrix import elements

LIMITS = {
    "plain": (4, 6, (1.0, 1.0, 1.0), 1),
    "weighted": (5, 7.5, (1.0, 1.5, 2.2), 1),
    "in_pairs": (4, 6, (1.0, 1.0, 1.0), 2),
    "weighted_pairs": (5, 7.5, (1.0, 1.5, 2.2), 2),
}
every_basis = pytest.mark.parametrize("name", LIMITS)


@cache
def basis_of(name: str) -> SparseBasis:
    quanta, level, weights, together = LIMITS[name]
    sizes = [int(quanta / w) + 1 for w in weights]
    grid = smolyak(level, weights, together=together)
    one_dimensional = tuple(
        oscillator_functions(0.01, n, m) for n, m in zip(sizes, grid.sizes, strict=True)
    )
    return SparseBasis(one_dimensional, within_quanta(sizes, quanta, weights=weights), grid=grid)


def noise(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def tables(basis: SparseBasis, slope: int | None = None) -> Tensor:
    """Every function, or its slope, times √|weight|, at every point (P, N), by its definition."""
    quanta = basis.quanta(torch.arange(basis.size))
    numbers = basis.grid.numbers.long()
    whole = torch.ones(len(numbers), basis.size, dtype=torch.float64)
    for k, b in enumerate(basis.bases):
        whole *= (b.derivatives if k == slope else b.values)[numbers[:, k]][:, quanta[:, k]]
    return whole * basis.grid.weights.abs().sqrt()[:, None]


@every_basis
def test_to_the_grid(name: str) -> None:
    basis, c = basis_of(name), noise(3, basis_of(name).size)
    torch.testing.assert_close(basis.on_grid(c), c @ tables(basis).T)
    psi, slopes = basis.on_grid_with_slopes(c)
    torch.testing.assert_close(psi, c @ tables(basis).T)
    for k in range(3):
        torch.testing.assert_close(slopes[k], c @ tables(basis, k).T)
        torch.testing.assert_close(basis.on_grid(c, slope=k), slopes[k])


@every_basis
def test_arrays_that_are_used_again(name: str) -> None:
    check_reused_arrays(basis_of(name))


@every_basis
def test_back_from_the_grid(name: str) -> None:
    """⟨F, φ⟩ with the weights, sign included, for random fields F of values and slopes."""
    basis = basis_of(name)
    psi, slopes = noise(2, len(basis.signs)), noise(3, 2, len(basis.signs), seed=2)
    signed = basis.signs[:, None]
    expected = psi @ (signed * tables(basis))
    torch.testing.assert_close(basis.from_grid(psi), expected)
    for k in range(3):
        expected = expected + slopes[k] @ (signed * tables(basis, k))
    torch.testing.assert_close(basis.from_grid(psi, slopes), expected)


@every_basis
def test_functions_are_orthonormal(name: str) -> None:
    basis = basis_of(name)
    eye = torch.eye(basis.size, dtype=torch.float64)
    # Rounding of sums of both signs.
    torch.testing.assert_close(basis.from_grid(basis.on_grid(eye)), eye, rtol=0, atol=1e-13)


@every_basis
def test_slopes_are_those_of_oscillator_functions(name: str) -> None:
    """⟨∂a|∂b⟩ from √(n/2) φ_{n−1} − √((n+1)/2) φ_{n+1}: its diagonal is n + ½."""
    basis = basis_of(name)
    _, slopes = basis.on_grid_with_slopes(torch.eye(basis.size, dtype=torch.float64))
    for k in range(3):
        overlap = torch.stack([(basis.signs * f * f).sum() for f in slopes[k]])
        expected = basis.quanta(torch.arange(basis.size))[:, k] + 0.5
        torch.testing.assert_close(overlap, expected.double(), rtol=0, atol=1e-12)


@every_basis
def test_matrix_of_fields(name: str) -> None:
    basis = basis_of(name)
    points = len(basis.signs)
    pairs = [(-1, -1), (-1, 0), (-1, 2), (0, 0), (0, 1), (1, 2), (2, 2)]
    fields = {pair: noise(points, seed=n) for n, pair in enumerate(pairs)}
    along = {-1: tables(basis), **{k: tables(basis, k) for k in range(3)}}
    expected = torch.zeros(basis.size, basis.size, dtype=torch.float64)
    for (k, m), field in fields.items():
        part = along[k].T @ ((basis.signs * field)[:, None] * along[m])
        expected += part if k == m else part + part.T
    torch.testing.assert_close(basis.matrix(fields), expected, rtol=0, atol=1e-10)
    rows, columns = torch.tensor([0, 3, 7]), torch.tensor([1, 2, 8, 9])
    for order in ((0, 1, 2), (2, 0, 1)):
        some = elements(basis, fields.items(), rows, columns, order=order)
        torch.testing.assert_close(some, expected[rows][:, columns], rtol=0, atol=1e-10)


def test_points_and_weights_are_those_of_a_quadrature() -> None:
    """∫ exp(−q²/2) d³q, which is no polynomial times exp(−q²): the error is that of the level."""
    basis = basis_of("plain")
    value = basis.weights @ (-basis.points.square().sum(1)).exp()
    assert float(value) == pytest.approx(torch.pi**1.5, rel=1e-12)
