"""Distances between all atoms, the plainest description that forgets where a molecule is."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["Distances", "atom_pairs", "distances"]


def atom_pairs(atoms: int) -> Tensor:
    """Indices (2, N(N−1)/2) of the atoms of each pair, first index slowest.

    Example:
        >>> atom_pairs(3).tolist()
        [[0, 0, 1], [1, 2, 2]]
    """
    return torch.tensor(list(combinations(range(atoms), 2))).T


def distances(positions: Tensor) -> Tensor:
    """Interatomic distances; where two atoms coincide the gradient is zero, not NaN.

    Args:
        positions: (..., N, 3) in bohr.

    Returns:
        (..., N(N−1)/2) in bohr, in the order of `atom_pairs`.
    """
    first, second = atom_pairs(positions.shape[-2]).to(positions.device)
    squares = (positions[..., first, :] - positions[..., second, :]).square().sum(-1)
    apart = squares > 0
    # The square root must not see the zero: inf · 0 would be NaN in the backward pass.
    return torch.where(apart, torch.where(apart, squares, 1.0).sqrt(), 0.0)


class Distances(nn.Module):
    """Interatomic distances in bohr, not symmetrised.

    Args:
        elements: of each atom.
    """

    def __init__(self, elements: Sequence[str]) -> None:
        super().__init__()
        self.elements = tuple(elements)

    @property
    def size(self) -> int:
        """Number of features F."""
        return len(self.elements) * (len(self.elements) - 1) // 2

    @property
    def settings(self) -> dict[str, Any]:
        """What `descriptor_from` needs to build this descriptor again."""
        return {"kind": "distances", "elements": list(self.elements)}

    def forward(self, positions: Tensor) -> Tensor:
        """Features (B, F) of positions (B, N, 3) in bohr."""
        return distances(positions)
