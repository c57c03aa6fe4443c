"""Functions of many points, evaluated a chunk at a time so that memory stays bounded."""

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["in_chunks", "tuple_in_chunks"]


def in_chunks(
    function: Callable[[Tensor], Tensor], points: Tensor, size: int, *, dim: int = 0
) -> Tensor:
    """Values of a function at many points, `size` points at a time.

    Args:
        function: points (B, …) to values with one axis of length B.
        points: (P, …); without points the function is called once, with none.
        size: points evaluated at once, at most.
        dim: axis of the values that runs over points.

    Example:
        >>> in_chunks(lambda x: x.square().sum(-1), torch.ones(5, 3), 2)
        tensor([3., 3., 3., 3., 3.])
    """
    if torch.compiler.is_compiling():  # a traced program takes any number of points
        return function(points)
    return torch.cat([function(part) for part in points.split(size)], dim)


def tuple_in_chunks(
    function: Callable[[Tensor], tuple[Tensor, ...]], points: Tensor, size: int
) -> tuple[Tensor, ...]:
    """Several values at many points, such as energies and forces, `size` points at a time.

    Args:
        function: points (B, …) to a tuple of values (B, …).
        points: (P, …).
        size: points evaluated at once, at most.

    Example:
        >>> tuple_in_chunks(lambda x: (x, 2 * x), torch.arange(3), 2)
        (tensor([0, 1, 2]), tensor([0, 2, 4]))
    """
    parts = [function(part) for part in points.split(size)]
    return tuple(torch.cat(pieces) for pieces in zip(*parts, strict=True))
