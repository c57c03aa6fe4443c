"""One particle in a well with a bump, ħ = m = 1: H = −½d²/dx² + x²/2 + κ exp(−x²/2)."""

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from pes.vibration.hamiltonian.one_dimensional import GRIDS, sinc_grid, three_point

Grid = Callable[[float, float, int], tuple[Tensor, Tensor]]

WELLS = {
    # κ: (E0, gap, dE0/dκ), converged.
    0.0: (0.5, 1.0, 0.816496581),
    1.0: (1.293316749, 0.722930188, 0.765583791),
    2.0: (2.018574061, 0.452644542, 0.676775403),
    5.0: (3.422393302, 0.038726796, 0.285696643),
}


def hamiltonian(grid: tuple[Tensor, Tensor], kappa: Tensor) -> Tensor:
    x, kinetic = grid
    return kinetic + torch.diag(x**2 / 2 + kappa * bump(x))


def bump(x: Tensor) -> Tensor:
    return torch.exp(-(x**2) / 2)


def answers(grid: tuple[Tensor, Tensor], kappa: float) -> list[float]:
    """E0, gap, and dE0/dκ by Hellmann–Feynman."""
    strength = torch.tensor(kappa, dtype=torch.float64)
    energies, states = torch.linalg.eigh(hamiltonian(grid, strength))
    slope = states[:, 0] ** 2 @ bump(grid[0])
    return [float(energies[0]), float(energies[1] - energies[0]), float(slope)]


@pytest.mark.parametrize("kappa", WELLS)
def test_sinc(kappa: float) -> None:
    # Converged to 1e-12 with 80 functions; the table has nine decimals.
    assert answers(sinc_grid(-8, 8, 80), kappa) == pytest.approx(WELLS[kappa], abs=1e-8)


def test_the_oscillator_is_exact() -> None:
    """⟨exp(−x²/2)⟩ of a Gaussian is √(2/3)."""
    found = answers(sinc_grid(-8, 8, 80), 0.0)
    # Wave functions end at 1e-13.
    assert found == pytest.approx((0.5, 1.0, math.sqrt(2 / 3)), abs=1e-11)


@pytest.mark.parametrize("kappa", WELLS)
def test_three_point(kappa: float) -> None:
    # Δx²/24 ⟨p⁴⟩ with Δx = 10/499: for the gap of the oscillator 5.02e-5, the largest here.
    assert answers(three_point(-5, 5, 500), kappa) == pytest.approx(WELLS[kappa], abs=5.1e-5)


def test_three_point_errors_fall_as_the_square_of_the_spacing() -> None:
    grids = [three_point(-6, 6, n + 1) for n in (60, 120, 240)]
    errors = [abs(answers(grid, 2.0)[0] - WELLS[2.0][0]) for grid in grids]
    rates = [math.log2(coarse / fine) for coarse, fine in pairwise(errors)]
    # Next order: Δx⁴, a relative Δx² = 0.04 at the coarsest.
    assert rates == pytest.approx([2, 2], abs=0.05)


def test_three_point_error_of_the_oscillator() -> None:
    """First order: E0 = ½ − (Δx²/24)⟨p⁴⟩ with ⟨p⁴⟩ = ¾."""
    spacing = 0.02
    error = answers(three_point(-7, 7, 701), 0.0)[0] - 0.5
    assert error == pytest.approx(-(spacing**2) / 32, rel=1e-3)  # next order: Δx²


def test_sinc_errors_fall_exponentially() -> None:
    errors = [abs(answers(sinc_grid(-8, 8, n), 2.0)[0] - WELLS[2.0][0]) for n in (16, 24, 32)]
    assert errors[1] < errors[0] / 10
    assert errors[2] < errors[1] / 10


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
@pytest.mark.parametrize("kappa", WELLS)
def test_three_ways_to_a_derivative(grid: Grid, kappa: float) -> None:
    points = grid(-8, 8, 120)
    strength = torch.tensor(kappa, dtype=torch.float64, requires_grad=True)
    energy = torch.linalg.eigh(hamiltonian(points, strength))[0][0]
    (automatic,) = torch.autograd.grad(energy, strength)
    exact = answers(points, kappa)[2]
    # Both exact: rounding.
    assert float(automatic) == pytest.approx(exact, abs=1e-10)
    step = 1e-4
    up, down = (answers(points, kappa + s)[0] for s in (step, -step))
    # h²/6 times a third derivative of order 1, and 1e-13/h of rounding.
    assert (up - down) / (2 * step) == pytest.approx(exact, abs=1e-8)


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_grids(grid: Grid) -> None:
    for size in (20, 21):
        x, kinetic = grid(-1.0, 3.0, size)
        assert (float(x[0]), float(x[-1])) == (-1.0, 3.0)
        assert kinetic.shape == (size, size)
        assert torch.equal(kinetic, kinetic.T)
        assert torch.linalg.eigvalsh(kinetic)[0] > 0


def test_second_derivative_at_an_avoided_crossing() -> None:
    """Autograd twice: d²E0/dκ² = 2 Σ |⟨n|b|0⟩|²/(E0 − En)."""
    points = sinc_grid(-8, 8, 60)
    kappa = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    energies, states = torch.linalg.eigh(hamiltonian(points, kappa))
    slope = states[:, 0] ** 2 @ bump(points[0])
    (second,) = torch.autograd.grad(slope, kappa)
    elements = (states.T @ (bump(points[0]) * states[:, 0]))[1:] ** 2
    exact = 2 * (elements / (energies[0] - energies[1:])).sum()
    torch.testing.assert_close(second, exact.detach(), rtol=1e-10, atol=0)  # rounding
