"""Two bond lengths and the angle between them: valence coordinates of a triatomic."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pes.coordinates.internal import Direct
from pes.coordinates.vectors import angle, check_triatomic, in_plane

__all__ = ["Valence"]


@dataclass(frozen=True)
class Valence(Direct):
    """q = (r₁, r₂, θ) of the bonds end₁–centre and centre–end₂.

    Args:
        centre: index of the middle atom.
        ends: indices of the two others.

    Raises:
        ValueError: unless centre and ends are the atoms 0, 1 and 2.

    Example:
        >>> import torch
        >>> q = torch.tensor([[1.8, 1.8, 1.57]], dtype=torch.float64)
        >>> Valence(0, (1, 2)).to_positions(q).shape
        torch.Size([1, 3, 3])
    """

    centre: int = 0
    ends: tuple[int, int] = (1, 2)

    names = ("r1", "r2", "theta")
    kinds = ("length", "length", "angle")

    @property
    def settings(self) -> dict[str, Any]:
        """Name of these coordinates in a configuration."""
        return {"kind": "valence", "centre": self.centre}

    def __post_init__(self) -> None:
        check_triatomic(self.centre, self.ends, "centre and ends")

    def to_positions(self, q: Tensor, masses: Tensor | None = None) -> Tensor:
        """Positions (..., 3, 3) in bohr of q (..., 3) in bohr and radians.

        The centre is the origin, the first end on the x axis; masses play no part.
        """
        a, b = in_plane(q)
        placed = {self.centre: torch.zeros_like(a), self.ends[0]: a, self.ends[1]: b}
        return torch.stack([placed[atom] for atom in range(3)], -2)

    def from_positions(self, positions: Tensor, masses: Tensor | None = None) -> Tensor:
        """q (..., 3) of positions (..., 3, 3); masses play no part."""
        a, b = (positions[..., e, :] - positions[..., self.centre, :] for e in self.ends)
        return torch.stack((a.norm(dim=-1), b.norm(dim=-1), angle(a, b)), -1)
