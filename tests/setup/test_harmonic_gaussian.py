"""The one-dimensional model against exact and converged values."""

import math
from math import sqrt

import pytest
import torch

from pes.setup.harmonic_gaussian import HarmonicGaussian, ModelPoint, model_point
from pes.vibration.hamiltonian.one_dimensional import GRIDS

# κ: E₀, E₁ − E₀, dE₀/dκ on a converged sinc grid; every digit given.
CONVERGED = {
    0.0: (0.5, 1.0, 0.816496581),
    1.0: (1.293316749, 0.722930188, 0.765583791),
    2.0: (2.018574061, 0.452644542, 0.676775403),
    5.0: (3.422393302, 0.038726796, 0.285696643),
}


def test_values_and_derivatives() -> None:
    x = torch.tensor([[0.0], [1.0], [-2.0]], dtype=torch.float64)
    potential = HarmonicGaussian(3.0)
    expected = [3.0, 0.5 + 3 * math.exp(-0.5), 2 + 3 * math.exp(-2)]
    torch.testing.assert_close(potential(x).detach(), torch.tensor(expected, dtype=torch.float64))
    (slope,) = torch.autograd.grad(potential(x).sum(), potential.kappa)
    torch.testing.assert_close(slope, potential.bump(x).sum())

    def energy(kappa: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(potential, {"kappa": kappa}, (q,))

    assert torch.autograd.gradcheck(energy, (potential.kappa, x.requires_grad_()))


def point(kappa: float, *, grid: str = "sinc", half: float = 8.0, size: int = 81) -> ModelPoint:
    return model_point(grid, *GRIDS[grid](-half, half, size), kappa)


@pytest.mark.parametrize("kappa", CONVERGED)
def test_converged_values(kappa: float) -> None:
    found = point(kappa)
    values = (found.levels[0], found.levels[1] - found.levels[0], found.slopes["autograd"])
    # Half a unit in the last digit of the table, and some.
    assert values == pytest.approx(CONVERGED[kappa], abs=1e-9)


def test_oscillator_is_exact() -> None:
    found = point(0.0)
    # Rounding: eps times the largest eigenvalue, 3e2.
    assert found.levels == pytest.approx([0.5, 1.5, 2.5, 3.5], abs=1e-12)
    assert found.slopes["autograd"] == pytest.approx(sqrt(2 / 3), abs=1e-12)


@pytest.mark.parametrize("kappa", CONVERGED)
@pytest.mark.parametrize("grid", GRIDS)
def test_three_ways_to_the_derivative_agree(grid: str, kappa: float) -> None:
    slopes = point(kappa, grid=grid).slopes
    assert slopes["hellmann_feynman"] == pytest.approx(slopes["autograd"], abs=1e-12)
    # A central difference of step 3e-4: error step²/6 · E‴ and rounding/step, each about 1e-9.
    assert slopes["finite_difference"] == pytest.approx(slopes["autograd"], abs=1e-8)


def test_three_point_error_falls_with_the_square_of_the_spacing() -> None:
    errors = [
        abs(point(1.0, grid="three_point", size=size).levels[0] - CONVERGED[1.0][0])
        for size in (101, 201)
    ]
    # Twice as fine, a quarter of the error; the next order, Δx⁴, changes that by 1 %.
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.02)


def test_three_point_grid_of_500_points_keeps_the_true_spacing() -> None:
    found = point(0.0, grid="three_point", half=5.0, size=500)
    spacing = 10 / 499
    # E₀ of the discrete oscillator is 1/2 − Δx²/32 + ...; a spacing of 10/500 would add 2e-3.
    assert found.levels[0] == pytest.approx(0.5 - spacing**2 / 32, abs=1e-8)
