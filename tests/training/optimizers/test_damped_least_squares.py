"""Rules of a step, for one network and for several at once."""

import pytest
import torch

from pes.training.optimizers.damped_least_squares import (
    SHORTEST,
    SMALLEST_FACTOR,
    at_minimum,
    damping_factor,
    moved,
)

P = torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64)
V = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)


def test_the_second_order_term_is_left_out_where_it_is_long() -> None:
    """2‖a‖ = ¾‖v‖ is still short enough; a member decides by its own step alone."""
    a = torch.tensor([[0.0, 0.375], [0.0, 0.3751]], dtype=torch.float64)
    trial = moved(P, V, a, 0.75)
    assert trial.tolist() == [[2.0, 2.375], [3.0, 5.0]]
    for k in range(2):
        assert torch.equal(moved(P[k], V[k], a[k], 0.75), trial[k])


def test_a_step_that_rounding_swallows_is_a_minimum() -> None:
    tiny = torch.stack((V[0] * SHORTEST, V[1]))
    assert at_minimum(P, tiny).tolist() == [True, False]
    assert bool(at_minimum(P[0], tiny[0]))


@pytest.mark.parametrize(("gain", "factor"), [(0.0, 2.0), (0.5, 1.0), (1.0, 0.0)])
def test_damping_falls_where_the_prediction_holds(gain: float, factor: float) -> None:
    """λ doubles where the loss hardly falls, stays for half of the prediction."""
    assert damping_factor(gain) == factor
    assert damping_factor(torch.tensor([gain])).tolist() == [factor]
    assert max(SMALLEST_FACTOR, damping_factor(1.0)) == 1 / 3
