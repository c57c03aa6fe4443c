"""How far the next calculation reaches, where errors fall exponentially."""

from math import exp
from types import SimpleNamespace

import pytest
import torch

from pes.setup.automatic.growing_functions import LEAST, LONG_STEP, SHORT_STEP, _growth

STAGE = SimpleNamespace(bases=[SimpleNamespace(functions=20)])
INNER = 1 / 1.2


def changes(rate: float) -> torch.Tensor:
    """Without the last step and the last two, of an error exp(-rate·E) at E = 1."""
    left = exp(-rate)
    return torch.tensor([[exp(-rate * INNER**n) - left] for n in (1, 2)], dtype=torch.float64)


@pytest.mark.parametrize("fall", [0.1, 0.01])
def test_errors_have_fallen_enough_after_the_step(fall: float) -> None:
    """The estimate there, changes with the last step times the least share, is the goal."""
    rate = 10.0
    goal = fall * LEAST * float(changes(rate)[0])
    step = _growth(STAGE, changes(rate), goal)
    there = LEAST * exp(-rate * step * INNER) * (1 - exp(-rate * step * (1 - INNER)))
    assert SHORT_STEP < step < LONG_STEP
    assert 0.2 * goal < there < 1.1 * goal


def test_a_long_way_is_gone_in_two() -> None:
    assert _growth(STAGE, changes(2.0), 1e-9) == pytest.approx(LONG_STEP, abs=0.01)
    assert _growth(STAGE, changes(10.0), 1.0) == SHORT_STEP
