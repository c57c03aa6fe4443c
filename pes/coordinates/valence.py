"""Two bond lengths and the angle between them: valence coordinates of a triatomic."""

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Valence"]


@dataclass(frozen=True)
class Valence:
    """q = (r₁, r₂, θ) of the bonds end₁–centre and centre–end₂.

    Args:
        centre: index of the middle atom.
        ends: indices of the two others.

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

    def to_positions(self, q: Tensor, masses: Tensor | None = None) -> Tensor:
        """Positions (..., 3, 3) in bohr of q (..., 3) in bohr and radians.

        The centre is the origin, the first end on the x axis; masses play no part.
        """
        r1, r2, theta = q.unbind(-1)
        zero = torch.zeros_like(r1)
        placed = {
            self.centre: torch.stack((zero, zero, zero), -1),
            self.ends[0]: torch.stack((r1, zero, zero), -1),
            self.ends[1]: torch.stack((r2 * theta.cos(), r2 * theta.sin(), zero), -1),
        }
        return torch.stack([placed[atom] for atom in range(3)], -2)

    def from_positions(self, positions: Tensor) -> Tensor:
        """q (..., 3) of positions (..., 3, 3); the angle by atan2, sharp at 0 and π."""
        a, b = (positions[..., e, :] - positions[..., self.centre, :] for e in self.ends)
        sine = torch.linalg.cross(a, b).norm(dim=-1)
        return torch.stack((a.norm(dim=-1), b.norm(dim=-1), torch.atan2(sine, (a * b).sum(-1))), -1)
