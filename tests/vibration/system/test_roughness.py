"""Jumps of functions whose fourth differences are known."""

import pytest
import torch

from pes.vibration.system.roughness import STEP, jumps


def test_a_cubic_has_no_jumps_and_a_quartic_few() -> None:
    q = torch.rand(20, 2).double()
    # Rounding of numbers near one.
    assert float(jumps(lambda x: x[:, 0] ** 3 - x[:, 1], q).max()) < 1e-14
    quartic = jumps(lambda x: x[:, 1] ** 4, q)
    torch.testing.assert_close(
        quartic, torch.full((20,), 24 * (STEP / 2) ** 4 / 70**0.5).double(), rtol=1e-3, atol=0
    )


def test_independent_noise_is_found_with_its_size() -> None:
    draw = torch.Generator().manual_seed(3)

    def noisy(x: torch.Tensor) -> torch.Tensor:
        return x[:, 0] ** 2 + 1e-3 * torch.randn(len(x), generator=draw, dtype=torch.float64)

    size = jumps(noisy, torch.rand(2000, 1).double()).square().mean().sqrt()
    # 2,000 draws tell a standard deviation to 2 %.
    assert float(size) == pytest.approx(1e-3, rel=0.08)


def test_states_that_avoid_each_other_are_smooth_and_that_cross_are_not() -> None:
    """The lower of two states that cross at x = 0 with a slope of 0.1 to both sides."""
    q = torch.linspace(-0.004, 0.004, 9).double()[:, None]
    crossing = jumps(lambda x: -0.1 * x[:, 0].abs(), q)
    avoided = jumps(lambda x: -0.1 * (x[:, 0] ** 2 + 0.05**2).sqrt(), q)
    # At the kink |1, −4, 6, −4, 1| leaves 4 steps of the slope; 3 steps⁴ over 0.05³ at half a step.
    assert float(crossing[4]) == pytest.approx(0.4 * STEP / 70**0.5, rel=1e-9)
    # Beside it differences change their sign: none is small at the whole step and at half.
    assert bool((crossing > 0.03 * STEP / 70**0.5).all())
    assert float(avoided[4]) == pytest.approx(0.3 * (STEP / 2) ** 4 / 0.05**3 / 70**0.5, rel=0.02)


def test_no_number_is_an_infinite_jump() -> None:
    assert bool(jumps(lambda x: x[:, 0] * torch.nan, torch.rand(2, 1).double()).isinf().all())
