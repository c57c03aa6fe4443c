"""A model surface of methane: five atoms, a spherical top with degenerate vibrations."""

from itertools import combinations
from typing import ClassVar

import torch
from torch import Tensor, nn

from pes.units import ANGSTROM, CM1

__all__ = ["MethaneModel"]

PAIRS = tuple(combinations(range(4), 2))
"""Pairs of hydrogens; the pair opposite to the n-th from the front is the n-th from the back."""


class MethaneModel(nn.Module):
    """CH₄ near its minimum, the same in every exchange of hydrogens.

    With y_i = 1 − exp(−a(r_i − r_e)) for each bond, c_ij the cosines between bonds, and c_ij, c_kl
    those of opposite pairs, s = c_ij + c_kl and t = c_ij − c_kl,

      V = D Σ y_i² + C Σ_{i<j} y_i y_j + E Σ (s − s̄)² + F Σ t² + G Σ_i y_i Σ_j (c_ij + ⅓)
        + H (Σ_{i<j} c_ij + 2)²

    The sums with E and F are over the three partings of the hydrogens into two pairs; H keeps all
    bonds from pointing one way. No fit to data: the constants bring the fundamentals near the
    observed ones. Atoms C, H, H, H, H.

    Parameters that can be differentiated: `bending`, F in hartree.
    """

    symbols = ("C", "H", "H", "H", "H")
    reference = (
        (0.0, 0.0, 0.0), (0.63, 0.63, 0.63), (0.63, -0.63, -0.63), (-0.63, 0.63, -0.63),
        (-0.63, -0.63, 0.63),
    )  # fmt: skip
    """Å, near the minimum."""
    parameter_units: ClassVar = {"bending": ("cm-1", CM1)}

    def __init__(self) -> None:
        super().__init__()
        self.bending = nn.Parameter(torch.tensor(7800 * CM1, dtype=torch.float64))

    def forward(self, positions: Tensor) -> Tensor:
        """Energies (B,) in hartree of positions (B, 5, 3) in bohr."""
        bonds = positions[:, 1:] - positions[:, :1]
        r = bonds.norm(dim=-1)
        e = bonds / r[..., None]
        first, second = [i for i, _ in PAIRS], [j for _, j in PAIRS]
        y = 1 - torch.exp(-1.85 / ANGSTROM * (r - 1.089 * ANGSTROM))
        c = (e[:, first] * e[:, second]).sum(-1)
        s, t = (c[:, :3] + sign * c[:, 3:].flip(1) for sign in (1, -1))
        off = s - s.mean(1, keepdim=True)
        stretch = 38500 * y.square().sum(1) + 500 * (y[:, first] * y[:, second]).sum(1)
        mixed = 2600 * ((y[:, first] + y[:, second]) * (c + 1 / 3)).sum(1)
        bend = 8350 * off.square().sum(1)
        gathered = 1000 * (c.sum(1) + 2).square()
        return (stretch + bend + mixed + gathered) * CM1 + self.bending * t.square().sum(1)
