"""Umbrella coordinates of a centre and three atoms: the inversion is one coordinate of its own."""

from dataclasses import dataclass
from math import pi, sqrt
from typing import Any

import torch
from torch import Tensor

from pes.coordinates.internal import Direct
from pes.coordinates.vectors import angle, dihedral

__all__ = ["Umbrella"]


@dataclass(frozen=True)
class Umbrella(Direct):
    """q = (r1, r2, r3, beta, sa, sb) of a centre and three atoms around it.

    Any three bonds make one angle β with one axis: that of the cone they lie on. About it they
    turn counter-clockwise in the order of the atoms. β = 90° is planar, and β → 180° − β turns the
    umbrella inside out. The azimuths are φ_k = 2πk/3 + t_k with

      t₁ = 2 s_a/√6,  t₂ = −s_a/√6 + s_b/√2,  t₃ = −s_a/√6 − s_b/√2,

    the pair of E symmetry where the three atoms are alike: exchanging the last two reverses s_a.

    Args:
        centre: number of the middle atom of four, from 0.

    Raises:
        ValueError: for another number.

    Example:
        A regular pyramid, as high as its bonds are long times cos 110°:

        >>> q = torch.tensor([[1.9, 1.9, 1.9, 110 * pi / 180, 0.0, 0.0]], dtype=torch.float64)
        >>> x = Umbrella(0).to_positions(q, torch.ones(4))
        >>> bool(torch.allclose(Umbrella(0).from_positions(x, torch.ones(4)), q))
        True
    """

    centre: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.centre <= 3:
            raise ValueError(f"the centre must be one of the atoms 0 to 3, got {self.centre}")

    @property
    def names(self) -> tuple[str, ...]:
        """Lengths, angle with the axis, and the two differences of azimuths."""
        return ("r1", "r2", "r3", "beta", "sa", "sb")

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds in the order of `names`."""
        return ("length", "length", "length", "angle", "azimuth", "azimuth")

    @property
    def settings(self) -> dict[str, Any]:
        """Keys of a configuration."""
        return {"kind": "umbrella", "centre": self.centre}

    @property
    def _ends(self) -> list[int]:
        return [atom for atom in range(4) if atom != self.centre]

    def to_positions(self, q: Tensor, masses: Tensor) -> Tensor:
        """Positions (..., 4, 3) in bohr of q (..., 6); the axis is z, the centre the origin."""
        *bonds, beta, sa, sb = q.unbind(-1)
        turns = (2 * sa, -sa + sqrt(3) * sb, -sa - sqrt(3) * sb)
        atoms = [torch.zeros_like(q[..., :3])]
        for k, (r, turn) in enumerate(zip(bonds, turns, strict=True)):
            azimuth = 2 * pi * k / 3 + turn / sqrt(6)
            across = r * beta.sin()
            atoms.append(
                torch.stack((across * azimuth.cos(), across * azimuth.sin(), r * beta.cos()), -1)
            )
        order = [self.centre, *self._ends]
        return torch.stack([atoms[order.index(atom)] for atom in range(4)], -2)

    def from_positions(self, positions: Tensor, masses: Tensor) -> Tensor:
        """q (..., 6) of positions (..., 4, 3)."""
        bonds = [positions[..., atom, :] - positions[..., self.centre, :] for atom in self._ends]
        lengths = [bond.norm(dim=-1) for bond in bonds]
        e1, e2, e3 = (bond / r[..., None] for bond, r in zip(bonds, lengths, strict=True))
        # Through the tips goes the rim of the umbrella; its normal is the axis.
        axis = torch.linalg.cross(e2 - e1, e3 - e1)
        second, third = dihedral(e1, axis, e2), dihedral(e1, axis, e3)
        # t2 - t1 and t3 - t1, of which the azimuths are 120 and 240 degrees more.
        t2, t3 = second - 2 * pi / 3, third - 4 * pi / 3
        sa, sb = -(t2 + t3) / sqrt(6), (t2 - t3) / sqrt(2)
        return torch.stack((*lengths, angle(axis, e1), sa, sb), -1)
