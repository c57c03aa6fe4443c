"""What is said of levels that miss the accuracy."""

import pytest
import torch

from pes.setup.automatic.outcome import _remedy


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ((3.0, 1.0, 2.0), "raise `minutes`"),
        ((1.0, 3.0, 2.0), "from the quadrature"),
        ((1.0, 2.0, torch.inf), "from the quadrature"),
        ((1.0, 2.0, 3.0), "from the ranges"),
    ],
)
def test_what_rules_the_estimate(changes: tuple[float, float, float], said: str) -> None:
    words = _remedy(torch.tensor(changes)[:, None], rough=False)
    assert said in words
    # No size is advised that the series itself has not tried.
    assert "chosen.yaml" not in words
