"""Time of the steps that are left."""

import pytest

from pes.setup.machine.step_forecast import seconds_ahead

STEPS = {"axes": 0.5, "coupling": 10.0, "levels": 20.0}


@pytest.mark.parametrize(
    ("before", "quickest", "ratio"),
    [(21.0, 1.0, 2.0), (5.25, 1.0, 1.0), (5.25, 0.25, 0.5), (1.05, 0.25, 0.25), (105, 1.0, 3.0)],
)
def test_later_steps_keep_to_their_forecast_as_earlier_ones_did(
    before: float, quickest: float, ratio: float
) -> None:
    """Within limits: the ratio of a step says little about one of another kind."""
    here, later = seconds_ahead(STEPS, "levels", before, quickest=quickest)
    assert here == pytest.approx(20 * ratio)
    assert later == 0


def test_a_step_of_half_a_second_tells_nothing() -> None:
    assert seconds_ahead(STEPS, "coupling", 4.0) == (10.0, 20.0)


def test_nothing_is_known_before_the_first() -> None:
    assert seconds_ahead(STEPS, "axes", 0.0) == (0.5, 30.0)
