"""Evaluation by chunks: the values of one call, from calls that are never too large."""

import pytest
import torch
from torch import Tensor

from pes.chunks import in_chunks, tuple_in_chunks


@pytest.mark.parametrize("size", [1, 2, 7, 50])
def test_the_values_of_one_call(size: int) -> None:
    points = torch.randn(7, 3, generator=torch.Generator().manual_seed(2)).double()
    sizes: list[int] = []

    def squares(x: Tensor) -> Tensor:
        sizes.append(len(x))
        return x.square().sum(-1)

    assert torch.equal(in_chunks(squares, points, size), points.square().sum(-1))
    assert max(sizes) == min(size, 7)
    assert sum(sizes) == 7


def test_points_on_another_axis() -> None:
    points = torch.arange(5.0)
    both = in_chunks(lambda x: torch.stack((x, 2 * x)), points, 2, dim=1)
    assert torch.equal(both, torch.stack((points, 2 * points)))


def test_no_points() -> None:
    assert in_chunks(lambda x: x.sum(-1), torch.zeros(0, 3), 4).shape == (0,)


def test_several_values() -> None:
    points = torch.arange(5.0)
    once, twice = tuple_in_chunks(lambda x: (x, 2 * x[:, None]), points, 3)
    assert torch.equal(once, points)
    assert torch.equal(twice, 2 * points[:, None])
