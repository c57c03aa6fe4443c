"""Distances between all atoms, the plainest description that forgets where a molecule is."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from pes.descriptors.descriptor import Descriptor
from pes.geometry import distances

__all__ = ["Distances"]


class Distances(Descriptor):
    """Interatomic distances in bohr, not symmetrised.

    Args:
        elements: element symbol of each atom.
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
        """Settings by which `descriptor_from` builds this descriptor again."""
        return {"kind": "distances", "elements": list(self.elements)}

    def forward(self, positions: Tensor) -> Tensor:
        """Features (B, F) of positions (B, N, 3) in bohr."""
        return distances(positions)
