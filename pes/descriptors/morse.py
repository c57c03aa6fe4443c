"""Morse variables: distances on a scale where chemistry happens, bounded at both ends."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from pes.descriptors.descriptor import Descriptor
from pes.geometry import distances

__all__ = ["Morse", "check_length", "morse"]


def morse(r: Tensor, length: float) -> Tensor:
    """y = exp(−r/a), between 1 (coincident) and 0 (far apart).

    Args:
        r: distances in bohr, any shape.
        length: a in bohr.

    References:
        Z. Xie, J. M. Bowman, J. Chem. Theory Comput. 6, 26 (2010), doi:10.1021/ct9004917
    """
    return torch.exp(-r / length)


def check_length(length: float) -> float:
    """The length itself if it is usable.

    Raises:
        ValueError: if it is not positive.
    """
    if not length > 0:
        raise ValueError(f"`length` must be positive (bohr), got {length}")
    return float(length)


class Morse(Descriptor):
    """Morse variables of all pairs, not symmetrised.

    Args:
        elements: element symbol of each atom.
        length: a in bohr.

    Raises:
        ValueError: if `length` is not positive.
    """

    def __init__(self, elements: Sequence[str], *, length: float = 2.0) -> None:
        super().__init__()
        self.elements = tuple(elements)
        self.length = check_length(length)

    @property
    def size(self) -> int:
        """Number of features F."""
        return len(self.elements) * (len(self.elements) - 1) // 2

    @property
    def settings(self) -> dict[str, Any]:
        """Settings by which `descriptor_from` builds this descriptor again."""
        return {"kind": "morse", "elements": list(self.elements), "length": self.length}

    def forward(self, positions: Tensor) -> Tensor:
        """Features (B, F) of positions (B, N, 3) in bohr."""
        return morse(distances(positions), self.length)
