"""The water surface against its own constants and the levels' frame of reference."""

import math

import pytest
import torch
from torch import Tensor

from pes.potential.analytic import WaterPJT
from pes.units import ANGSTROM, CM1, DEGREE


def bent(r1: float, r2: float, angle: float) -> Tensor:
    """Positions (1, 3, 3) in bohr from Å and degrees."""
    a = angle * DEGREE
    x = [[0.0, 0, 0], [r1, 0, 0], [r2 * math.cos(a), r2 * math.sin(a), 0]]
    return torch.tensor([x], dtype=torch.float64) * ANGSTROM


def test_zero_and_stationary_at_equilibrium() -> None:
    x = bent(0.9579205, 0.9579205, 104.499647).requires_grad_()
    energy = WaterPJT()(x)
    (gradient,) = torch.autograd.grad(energy.sum(), x)
    # Rounding of the angle costs 1e-14 hartree; the linear coefficients are all zero.
    assert abs(energy.item()) < 1e-12
    assert gradient.abs().max() < 1e-10


# Linear geometry, where f0 acts alone, and one stretched bond, where a, g and the powers do.
@pytest.mark.parametrize("geometry", [(0.9579205, 0.9579205, 180.0), (1.2, 0.9579205, 104.499647)])
def test_cuts_by_hand(geometry: tuple[float, float, float]) -> None:
    r, _, angle = geometry
    c = math.cos(angle * DEGREE) - math.cos(104.499647 * DEGREE)
    y = 1 - math.exp(-2.226 * (r - 0.9579205))
    f0 = (
        18902.4419343, 1893.9978814, 4096.7344377, -1959.6011328,
        4484.1589338, 4044.5538881, -4771.4504354,
    )  # fmt: skip
    bend = sum(f * c**k for k, f in enumerate(f0, start=2))
    stretch = (
        42909.8886909 * y**2 + 2040.9674526 * y**4
        - 4969.2454493 * y**5 + 8108.4965235 * y**6 + 90 * y**7
    )  # fmt: skip
    assert WaterPJT()(bent(*geometry)).item() / CM1 == pytest.approx(bend + stretch, abs=1e-6)


def test_symmetric_in_the_hydrogens() -> None:
    surface = WaterPJT()
    torch.testing.assert_close(surface(bent(0.9, 1.1, 95)), surface(bent(1.1, 0.9, 95)))


def test_derivatives_with_respect_to_positions_and_constants() -> None:
    surface = WaterPJT()
    x = bent(0.9, 1.1, 95).requires_grad_()
    assert torch.autograd.gradcheck(surface, x)
    parameters = tuple(surface.parameters())

    def energy(*values: Tensor) -> Tensor:
        named = dict(zip(("r_e", "alpha_e", "a"), values, strict=True))
        return torch.func.functional_call(surface, named, (x.detach(),))

    assert torch.autograd.gradcheck(energy, parameters)
