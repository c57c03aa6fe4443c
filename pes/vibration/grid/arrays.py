"""Arrays that are used again: it takes longer to get new memory than to fill it."""

import torch
from torch import Tensor

__all__ = ["Arrays", "shaped", "taken"]

Arrays = list[Tensor]
"""Flat arrays that are free to be used again."""


def taken(spare: Arrays, numbers: int, like: Tensor) -> Tensor:
    """The shortest free array that is long enough, or a new one; flat, perhaps longer."""
    # `numel` takes a fiftieth of the time of `len`.
    sizes = [array.numel() for array in spare]
    fits = [size for size in sizes if size >= numbers]
    return spare.pop(sizes.index(min(fits))) if fits else like.new_empty(numbers)


def shaped(spare: Arrays, like: Tensor, *shape: int) -> Tensor:
    """The same in a shape."""
    numbers = torch.Size(shape).numel()
    return taken(spare, numbers, like)[:numbers].view(shape)
