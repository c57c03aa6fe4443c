"""Radau coordinates of a triatomic: bonds measured from a point that makes G diagonal."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pes.coordinates.internal import Direct
from pes.coordinates.vectors import angle, check_triatomic, in_plane

__all__ = ["Radau"]


@dataclass(frozen=True)
class Radau(Direct):
    """q = (R₁, R₂, θ): distances of the ends from the canonical point, and the angle there.

    With D the centre of mass of the two ends and C that of the molecule, the canonical point P
    lies between D and the centre atom O where PD² = OD · CD, that is PD = α OD,
    α² = m_O/(m_O + m₁ + m₂). Then

        2T = m₁ Ṙ₁² + m₂ Ṙ₂²,  G = diag(1/m₁, 1/m₂, 1/(m₁R₁²) + 1/(m₂R₂²))

    A heavy centre is nearly P itself, and R₁, R₂, θ nearly the bonds and their angle.

    Args:
        centre: index of the middle atom.
        ends: indices of the two others.

    Raises:
        ValueError: unless centre and ends are the atoms 0, 1 and 2.

    References:
        B. R. Johnson, W. P. Reinhardt, J. Chem. Phys. 85, 4538 (1986), doi:10.1063/1.451775

    Example:
        >>> import torch
        >>> q = torch.tensor([1.8, 1.9, 1.6], dtype=torch.float64)
        >>> masses = torch.tensor([16.0, 1.0, 2.0], dtype=torch.float64)
        >>> radau = Radau(0, (1, 2))
        >>> radau.from_positions(radau.to_positions(q, masses), masses)
        tensor([1.8000, 1.9000, 1.6000], dtype=torch.float64)
    """

    centre: int = 0
    ends: tuple[int, int] = (1, 2)

    names = ("R1", "R2", "theta")
    kinds = ("length", "length", "angle")

    @property
    def settings(self) -> dict[str, Any]:
        """Name of these coordinates in a configuration."""
        return {"kind": "radau", "centre": self.centre}

    def __post_init__(self) -> None:
        check_triatomic(self.centre, self.ends, "centre and ends")

    def to_positions(self, q: Tensor, masses: Tensor) -> Tensor:
        """Positions (..., 3, 3) in bohr of q (..., 3) in bohr and radians, masses (3,).

        The canonical point is the origin, the first end on the x axis.
        """
        a, b = in_plane(q)
        alpha, share1, share2 = self._shares(masses)
        centre = (1 - 1 / alpha) * (share1 * a + share2 * b)
        placed = {self.centre: centre, self.ends[0]: a, self.ends[1]: b}
        return torch.stack([placed[atom] for atom in range(3)], -2)

    def from_positions(self, positions: Tensor, masses: Tensor) -> Tensor:
        """q (..., 3) of positions (..., 3, 3)."""
        a, b = (positions[..., e, :] - positions[..., self.centre, :] for e in self.ends)
        alpha, share1, share2 = self._shares(masses)
        point = (1 - alpha) * (share1 * a + share2 * b)
        a, b = a - point, b - point
        return torch.stack((a.norm(dim=-1), b.norm(dim=-1), angle(a, b)), -1)

    def _shares(self, masses: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The factor α and the shares of the two ends in their common mass."""
        m1, m2 = (masses[end] for end in self.ends)
        return (masses[self.centre] / masses.sum()).sqrt(), m1 / (m1 + m2), m2 / (m1 + m2)
