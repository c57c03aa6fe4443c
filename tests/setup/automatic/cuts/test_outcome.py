"""What is said of levels that miss the accuracy."""

from types import SimpleNamespace

import pytest
import torch

from pes.setup.automatic.cuts.outcome import _largest_below, _missed, _remedy
from pes.vibration import BasisSpec


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


def of_two_levels(walls: torch.Tensor) -> list[str]:
    """Sentences where functions leave 0.2, points and ranges 0.1, and limits something each."""
    one = torch.ones_like(walls)
    result = SimpleNamespace(
        changes=torch.stack((0.2 * one, 0.1 * one, 0.1 * one + walls)),
        convergence=2 * (0.2 + walls), energies=one, dissociation=torch.inf,
    )  # fmt: skip
    names, ends = ("r1", "r2", "r3"), (1.0, 3.0)
    target = SimpleNamespace(
        accuracy=0.01, names=names, kinds=("length",) * 3, ranges=[ends, ends, ends]
    )
    # Walls at 3 of r1 and r2, and none that is felt of r3.
    cuts = [SimpleNamespace(decay=lambda top, q, s=s: s * q) for s in (1.0, 1.2, 9.0)]
    stage = SimpleNamespace(
        bases=[BasisSpec("box", *ends, 5, 7, 9, n) for n in names], cuts=cuts, top=0.1
    )
    return _missed(target, stage, result, walls, rough=False)


def test_limits_that_matter_most_are_what_is_said() -> None:
    """Levels that miss the accuracy for other reasons too: more of these would not help."""
    walls = torch.tensor([5.0, 0.001], dtype=torch.float64)
    over, stopped = of_two_levels(walls)
    assert over.endswith("asked for")
    assert stopped.startswith("level 0 feels the limits of r1, r2, by up to")
    over, _ = of_two_levels(walls / 100)
    assert over.endswith("raise `minutes`")


def test_levels_count_with_those_below_and_little_above_them() -> None:
    """Level 5 has hardly arrived: it says something of levels 2 to 7, nothing of 0 and 1."""
    changes = torch.full((3, 8), 0.01, dtype=torch.float64)
    changes[0, 5], changes[0, 0], changes[1, 1] = 40.0, 0.1, torch.inf
    functions, points, _ = _largest_below(changes)
    assert functions.tolist() == [0.1, 0.1, *[40.0] * 6]
    # A level without a partner has an unknown error of its own only.
    assert points.tolist() == [0.01] * 8
