"""How far the next calculation reaches, where errors fall exponentially."""

from math import exp
from types import SimpleNamespace

import pytest
import torch

from pes.setup.automatic.cuts.growing_functions import (
    LEAST,
    LONG_STEP,
    SHORT_STEP,
    _growth,
    _needed,
    _share,
)

STAGE = SimpleNamespace(bases=[SimpleNamespace(functions=20)])
INNER = 1 / 1.2


def changes(rate: float) -> torch.Tensor:
    """Without the last half step, the last and the last two; errors are exp(-rate·E), E = 1."""
    left, begins = exp(-rate), ((1 + INNER) / 2, INNER, INNER**2)
    return torch.tensor([[exp(-rate * at) - left] for at in begins], dtype=torch.float64)


@pytest.mark.parametrize("fall", [0.1, 0.01])
def test_errors_have_fallen_enough_after_the_step(fall: float) -> None:
    """The estimate there, changes with the last step times the least share, is the goal."""
    rate = 10.0
    goal = fall * LEAST * float(changes(rate)[1])
    step = _growth(STAGE, changes(rate), goal)
    there = LEAST * exp(-rate * step * INNER) * (1 - exp(-rate * step * (1 - INNER)))
    assert SHORT_STEP < step < LONG_STEP
    assert 0.2 * goal < there < 1.1 * goal


def test_a_long_way_is_gone_in_two() -> None:
    assert _growth(STAGE, changes(2.0), 1e-9) == pytest.approx(LONG_STEP, abs=0.01)
    assert _growth(STAGE, changes(10.0), 1.0) == SHORT_STEP


def test_the_share_left_of_a_slow_end() -> None:
    """The estimate reaches errors that fall exponentially, whatever the rate, and slower ones."""
    for rate in (1.0, 5.0, 10.0, 20.0):
        last = float(changes(rate)[1])
        assert float(_share(changes(rate))) * last >= min(0.9 * exp(-rate), last)
    # Fast at first, then by half a step after the other alike.
    slow = torch.tensor([[1.0], [2.0], [100.0]], dtype=torch.float64)
    assert float(_share(slow)) == 1.0


def test_the_whole_way_is_foreseen() -> None:
    """A long way is gone in two steps: the first is its root."""
    goal = 1e-4 * float(changes(10.0)[1])
    whole = _needed(STAGE, changes(10.0), goal, 4.0)
    assert LONG_STEP < whole < LONG_STEP**2
    assert _growth(STAGE, changes(10.0), goal) == pytest.approx(whole**0.5)
