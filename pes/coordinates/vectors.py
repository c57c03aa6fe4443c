"""Lengths, angles and dihedrals of vectors, there and back."""

import torch
from torch import Tensor

__all__ = ["angle", "check_triatomic", "dihedral", "in_plane"]


def in_plane(q: Tensor) -> tuple[Tensor, Tensor]:
    """Two vectors (..., 3) of q = (length, length, angle): the first along x, both in xy."""
    length1, length2, theta = q.unbind(-1)
    zero = torch.zeros_like(length1)
    first = torch.stack((length1, zero, zero), -1)
    return first, torch.stack((length2 * theta.cos(), length2 * theta.sin(), zero), -1)


def angle(a: Tensor, b: Tensor) -> Tensor:
    """Angle (...) between vectors (..., 3), 0 to π; by atan2, sharp at both ends."""
    return torch.atan2(torch.linalg.cross(a, b).norm(dim=-1), (a * b).sum(-1))


def dihedral(a: Tensor, axis: Tensor, b: Tensor) -> Tensor:
    """Angle (...) from b to a about an axis, all (..., 3); 0 to 2π.

    Positive where b turns counter-clockwise into a for a reader whom the axis points away from.

    Example:
        >>> a, b, axis = torch.tensor([[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]])
        >>> bool(torch.isclose(dihedral(a, axis, b), torch.tensor(torch.pi / 2)))
        True
    """
    normal = torch.linalg.cross(axis, b)
    cosine = (torch.linalg.cross(axis, a) * normal).sum(-1)
    sine = -axis.norm(dim=-1) * (a * normal).sum(-1)
    return torch.atan2(sine, cosine) % (2 * torch.pi)


def check_triatomic(first: int, others: tuple[int, int], words: str) -> None:
    """Refuse anything but the atoms 0, 1 and 2, each once.

    Raises:
        ValueError: for other atoms, or the same atom twice.
    """
    if sorted((first, *others)) != [0, 1, 2]:
        raise ValueError(f"{words} must be the atoms 0, 1 and 2, each once, got {first}, {others}")
