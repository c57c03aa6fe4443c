"""Transforms of a product basis against their definitions."""

from dataclasses import replace

import pytest
import torch
from oscillator_products import mixed_pair, noise, oscillators
from reused_arrays import check_reused_arrays

from pes.vibration.basis.factor import Group
from pes.vibration.grid.product_basis import ProductBasis

PLAIN = ProductBasis(oscillators())
GROUP = mixed_pair(5)
EVERY = {
    "all products": PLAIN,
    "some products": replace(PLAIN, kept=torch.tensor([0, 1, 5, 13, 23])),
    "a group": replace(PLAIN, groups=(GROUP,)),
}

every_basis = pytest.mark.parametrize("basis", EVERY.values(), ids=EVERY)


@every_basis
def test_back_from_the_grid_is_the_transpose(basis: ProductBasis) -> None:
    """⟨F, T c⟩ = ⟨Tᵀ F, c⟩ for random fields F of values and slopes."""
    c, psi, slopes = noise(2, basis.size), noise(2, 120, seed=2), noise(3, 2, 120, seed=3)
    there, slopes_there = basis.on_grid_with_slopes(c)
    back = basis.from_grid(psi, slopes)
    expected = (there * psi).sum(1) + (slopes_there * slopes).sum((0, 2))
    # Rounding of sums of some hundred numbers of size one.
    torch.testing.assert_close((back * c).sum(1), expected, rtol=0, atol=1e-11)
    torch.testing.assert_close(
        (basis.from_grid(psi) * c).sum(1), (there * psi).sum(1), rtol=0, atol=1e-11
    )


@every_basis
def test_slopes_on_the_grid_are_those_of_the_functions(basis: ProductBasis) -> None:
    """∂ψ from ψ on the grid is ∂ψ from the tables of derivatives."""
    c = noise(2, basis.size)
    psi, slopes = basis.on_grid_with_slopes(c)
    torch.testing.assert_close(psi, basis.on_grid(c))
    for k, slope in enumerate(slopes):
        # Functions are orthonormal on the points to rounding.
        torch.testing.assert_close(slope, basis.on_grid(c, slope=k), rtol=0, atol=1e-10)


@every_basis
def test_arrays_that_are_used_again(basis: ProductBasis) -> None:
    check_reused_arrays(basis)


@every_basis
def test_functions_stay_orthonormal(basis: ProductBasis) -> None:
    psi = basis.on_grid(torch.eye(basis.size, dtype=torch.float64))
    torch.testing.assert_close(psi @ psi.T, torch.eye(basis.size).double(), rtol=0, atol=1e-12)


@every_basis
def test_matrix_of_fields(basis: ProductBasis) -> None:
    """∫ F φ_a φ_b + ∫ F₀₁ (φ_a ∂_1φ_b + ∂_1φ_a φ_b) + ∫ F₂₂ ∂_2φ_a ∂_2φ_b by plain sums."""
    fields = {(-1, -1): noise(120), (-1, 1): noise(120, seed=2), (2, 2): noise(120, seed=3)}
    eye = torch.eye(basis.size, dtype=torch.float64)
    psi, d1, d2 = basis.on_grid(eye), basis.on_grid(eye, slope=1), basis.on_grid(eye, slope=2)
    mixed = (psi * fields[-1, 1]) @ d1.T
    expected = (psi * fields[-1, -1]) @ psi.T + mixed + mixed.T + (d2 * fields[2, 2]) @ d2.T
    torch.testing.assert_close(basis.matrix(fields), expected, rtol=0, atol=1e-11)


def test_last_coordinate_is_fastest() -> None:
    q = ProductBasis(oscillators((2, 4), (2, 5))).points
    assert (q[:5, 0] == q[0, 0]).all()
    assert (q[:5, 1].diff() > 0).all()


def test_quanta_of_a_group_are_those_of_its_leading_product() -> None:
    expansion = torch.zeros(15, 2, dtype=torch.float64)
    expansion[7, 0] = expansion[11, 1] = 1.0  # (1, 2) and (2, 1) of 3 x 5 products
    group = Group((0, 2), expansion, torch.arange(2).double())
    bases = oscillators((3, 6), (4, 7), (5, 8))
    basis = ProductBasis(bases, groups=(group,))
    assert basis.quanta(torch.tensor([3, 4])).tolist() == [[1, 3, 2], [2, 0, 1]]


def test_factors_with_few_functions_come_first() -> None:
    """Each pair of functions of the first factor is integrated over all points."""
    every = torch.arange(PLAIN.size)
    sizes = torch.tensor([f.size for f in PLAIN.factors])
    order = list(PLAIN.cheapest(every, range(3)))
    assert sizes[order].tolist() == sorted(sizes.tolist()) != sizes.tolist()
    ordered = ProductBasis(tuple(PLAIN.bases[k] for k in order))
    assert list(ordered.cheapest(every, range(3))) == [0, 1, 2]
    assert ordered.matrix_cost == PLAIN.matrix_cost
