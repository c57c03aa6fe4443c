"""The line that says why a fit ended."""

import pytest

from pes.setup.training.outcome.ending import ending


def test_a_fit_that_was_still_falling_says_how_to_go_on() -> None:
    losses = [4.0**-k for k in range(10)]
    line = ending("budget", losses, "pes-train --resume auto")
    # Two epochs of ten, each halving the error: a quarter is left.
    assert "after 10 epochs" in line
    assert "fell by 75 %; to train longer: pes-train --resume auto" in line


@pytest.mark.parametrize("reason", ["epochs", "budget", "signal", "max_seconds"])
def test_a_fit_that_had_settled_says_so(reason) -> None:
    line = ending(reason, [4.0, 1.0, *[1.0] * 20], "pes-train")
    assert line.endswith("fell by 0 %, so more time would help little")


def test_a_few_epochs_tell_nothing() -> None:
    line = ending("epochs", [4.0, 4.0, 4.0], "pes-train")
    assert line.endswith("fell by 0 %; to train longer: pes-train")


def test_patience_asks_for_nothing() -> None:
    assert "fell" not in ending("patience", [4.0, 1.0, 1.0], "pes-train")
