"""Jacobi coordinates of a triatomic: a pair, and an atom seen from the pair's centre of mass."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pes.coordinates.internal import Direct
from pes.coordinates.vectors import angle, check_triatomic, in_plane

__all__ = ["Jacobi"]


@dataclass(frozen=True)
class Jacobi(Direct):
    """q = (r, R, θ): length of the pair, distance of the atom from its centre of mass, angle.

    The vector r runs from the first to the second of the pair, R from their centre of mass to
    the atom, and θ is the angle between them: 0 where the atom is on the side of the second.
    With 1/μ_r = 1/m₁ + 1/m₂ and 1/μ_R = 1/m + 1/(m₁ + m₂)

        G = diag(1/μ_r, 1/μ_R, 1/(μ_r r²) + 1/(μ_R R²))

    Args:
        atom: index of the single atom.
        pair: indices of the two others.

    Raises:
        ValueError: unless atom and pair are the atoms 0, 1 and 2.

    References:
        J. Tennyson, B. T. Sutcliffe, J. Chem. Phys. 77, 4061 (1982), doi:10.1063/1.444316

    Example:
        >>> import torch
        >>> q = torch.tensor([1.4, 4.0, 1.2], dtype=torch.float64)
        >>> masses = torch.tensor([4.0, 1.0, 2.0], dtype=torch.float64)
        >>> jacobi = Jacobi(0, (1, 2))
        >>> jacobi.from_positions(jacobi.to_positions(q, masses), masses)
        tensor([1.4000, 4.0000, 1.2000], dtype=torch.float64)
    """

    atom: int = 0
    pair: tuple[int, int] = (1, 2)

    names = ("r", "R", "theta")
    kinds = ("length", "length", "angle")

    @property
    def settings(self) -> dict[str, Any]:
        """Name of these coordinates in a configuration."""
        return {"kind": "jacobi", "centre": self.atom}

    def __post_init__(self) -> None:
        check_triatomic(self.atom, self.pair, "atom and pair")

    def to_positions(self, q: Tensor, masses: Tensor) -> Tensor:
        """Positions (..., 3, 3) in bohr of q (..., 3) in bohr and radians, masses (3,).

        The centre of mass of the pair is the origin, the pair lies on the x axis.
        """
        r, to_atom = in_plane(q)
        share = self._share(masses)
        placed = {self.atom: to_atom, self.pair[0]: -share * r, self.pair[1]: (1 - share) * r}
        return torch.stack([placed[atom] for atom in range(3)], -2)

    def from_positions(self, positions: Tensor, masses: Tensor) -> Tensor:
        """q (..., 3) of positions (..., 3, 3)."""
        first, second = (positions[..., atom, :] for atom in self.pair)
        r = second - first
        to_atom = positions[..., self.atom, :] - first - self._share(masses) * r
        return torch.stack((r.norm(dim=-1), to_atom.norm(dim=-1), angle(r, to_atom)), -1)

    def _share(self, masses: Tensor) -> Tensor:
        """Share of the second atom in the mass of the pair."""
        m1, m2 = (masses[atom] for atom in self.pair)
        return m2 / (m1 + m2)
