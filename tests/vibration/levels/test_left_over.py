"""What is left of an error: of levels that fall, grow or are new."""

import pytest
import torch

from pes.vibration.levels.left_over import share_left

LEAST = 0.2


def test_what_is_left_of_a_change() -> None:
    before = torch.tensor([1.0, 10.0, 100.0, 1.0])
    # All fall by a hundred, but the last, which does not fall.
    moved = torch.tensor([0.01, 0.1, 1.0, 2.0])
    assert share_left(moved, before, LEAST).tolist() == pytest.approx([LEAST, LEAST, LEAST, 1.0])
    # Changes that fall by 0.6 leave 0.6 + 0.36 + ... = 1.5 of the last, at most `most`.
    slow = share_left(torch.tensor([0.6, 9.0]), torch.tensor([1.0, 10.0]), LEAST, most=3.0)
    assert slow.tolist() == pytest.approx([3.0, 3.0])
    slow = share_left(torch.tensor([0.6, 6.0]), torch.tensor([1.0, 10.0]), LEAST, most=3.0)
    assert slow.tolist() == pytest.approx([1.5, 1.5])
    # One that fell to nothing by chance counts as all do.
    falling = share_left(torch.tensor([40.0, 0.0]), torch.tensor([100.0, 1.0]), LEAST)
    assert falling.tolist() == [1.0, 1.0]
    # A level that had no partner before has not shown how its changes fall.
    new = torch.tensor([torch.inf, 10.0, 100.0, 1.0])
    assert share_left(moved, new, LEAST)[0] == 1.0
    assert share_left(moved, torch.full((4,), torch.inf), LEAST).tolist() == [1.0] * 4
    # A level without a partner stays unknown.
    assert share_left(torch.tensor([torch.inf, 0.1]), before[:2], LEAST)[0] == 1.0
