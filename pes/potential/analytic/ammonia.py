"""A model surface of ammonia with both wells of its inversion."""

from itertools import combinations
from typing import ClassVar

import torch
from torch import Tensor, nn

from pes.units import ANGSTROM, CM1

__all__ = ["AmmoniaModel"]


class AmmoniaModel(nn.Module):
    """NH₃ with a double well: the same energy for a pyramid and its mirror image.

    With y_i = 1 − exp(−a(r_i − r_e)) for each bond, e_i the directions of the bonds, c_ij their
    cosines with the mean c̄, and x = |e₁ + e₂ + e₃|² = 3 + 2(c₁₂ + c₁₃ + c₂₃), which is the square
    of the pyramid's height but for a factor and vanishes where it is planar and regular,

      V = D Σ y_i² + d Σ_{i<j} y_i y_j + b (x − x_e) Σ y_i
        + h (x − x_e)² + B Σ_{i<j} (c_ij − c̄)² + E Σ_{i<j} (c_ij − c̄)(y_i + y_j)

    No fit to data. Relaxed, the planar molecule lies 2,094 cm⁻¹ above the pyramids. Atoms
    N, H, H, H.

    Parameters that can be differentiated: `inversion`, h in hartree, and `r_e` in bohr.
    """

    symbols = ("N", "H", "H", "H")
    reference = (
        (0.0, 0.0, 0.12), (0.94, 0.0, -0.27), (-0.47, 0.814, -0.27), (-0.47, -0.814, -0.27),
    )  # fmt: skip
    """Å, near the minimum."""
    parameter_units: ClassVar = {"inversion": ("cm-1", CM1), "r_e": ("A", ANGSTROM)}

    def __init__(self) -> None:
        super().__init__()
        self.inversion = nn.Parameter(torch.tensor(1350 * CM1, dtype=torch.float64))
        self.r_e = nn.Parameter(torch.tensor(1.012 * ANGSTROM, dtype=torch.float64))

    def forward(self, positions: Tensor) -> Tensor:
        """Energies (B,) in hartree of positions (B, 4, 3) in bohr."""
        bonds = positions[:, 1:] - positions[:, :1]
        r = bonds.norm(dim=-1)
        e = bonds / r[..., None]
        pairs = list(combinations(range(3), 2))
        first, second = [i for i, _ in pairs], [j for _, j in pairs]
        y = 1 - torch.exp(-2.12 / ANGSTROM * (r - self.r_e))
        x = e.sum(1).square().sum(-1)
        cosines = (e[:, first] * e[:, second]).sum(-1)
        off = cosines - cosines.mean(1, keepdim=True)
        higher = x - 1.25
        stretch = 39000 * y.square().sum(1) - 500 * (y[:, first] * y[:, second]).sum(1)
        bend = 17000 * off.square().sum(1) + 1500 * (off * (y[:, first] + y[:, second])).sum(1)
        mixed = -700 * higher * y.sum(1)
        return (stretch + bend + mixed) * CM1 + self.inversion * higher**2
