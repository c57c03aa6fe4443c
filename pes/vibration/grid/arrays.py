"""Arrays that are used again: it takes longer to get new memory than to fill it."""

import torch
from torch import Tensor

__all__ = ["Arrays", "shaped", "taken"]

Arrays = list[Tensor]
"""Flat arrays that are free to be used again."""


def taken(spare: Arrays, numbers: int, like: Tensor) -> Tensor:
    """The shortest free array that is long enough, or a new one; flat, perhaps longer."""
    fits = [k for k, array in enumerate(spare) if len(array) >= numbers]
    if fits:
        return spare.pop(min(fits, key=lambda k: len(spare[k])))
    return like.new_empty(numbers)


def shaped(spare: Arrays, like: Tensor, *shape: int) -> Tensor:
    """The same in a shape."""
    numbers = torch.Size(shape).numel()
    return taken(spare, numbers, like)[:numbers].view(shape)
