"""Rows of members of different lengths, and their shards on several ranks."""

import pytest
import torch

from pes.training.distributed import Ranks
from pes.training.ensembles.rows import Rows

WEIGHTS = torch.tensor([1.0, 3.0, 1.0, 0.0, 5.0], dtype=torch.float64)


def test_weights_of_a_member_sum_to_one_and_padding_weighs_nothing() -> None:
    rows = Rows.of([torch.tensor([0, 1]), torch.tensor([4, 2, 2, 3])], WEIGHTS)
    assert rows.weights.tolist() == [[0.25, 0.75, 0, 0], [5 / 7, 1 / 7, 1 / 7, 0]]
    assert rows.counts.tolist() == [2, 3]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_shards_together_are_the_whole(count: int) -> None:
    """Weight of each point of each member, collected over the ranks from their own numbers."""
    whole = Rows.of([torch.tensor([0, 1, 1]), torch.tensor([4, 2])], WEIGHTS)
    collected = torch.zeros(2, 5, dtype=torch.float64)
    expected = torch.zeros(2, 5, dtype=torch.float64).scatter_add(1, whole.points, whole.weights)
    for rank in range(count):
        shard = whole.shard(Ranks(rank, count))
        assert torch.equal(shard.counts, whole.counts)
        points = shard.points * count + rank
        keep = shard.weights > 0
        collected.scatter_add_(1, points * keep, shard.weights)
    assert torch.equal(collected, expected)


@pytest.mark.parametrize("rows", [[], [3]])
def test_a_member_without_weight_is_refused(rows: list[int]) -> None:
    members = [torch.tensor([0]), torch.tensor(rows, dtype=torch.long)]
    with pytest.raises(ValueError, match="every member needs rows"):
        Rows.of(members, WEIGHTS)
