"""A model surface of HCN and HNC: one hydrogen atom that moves around CN, two wells."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from pes.units import ANGSTROM, CM1

__all__ = ["HydrogenCyanideModel"]


class HydrogenCyanideModel(nn.Module):
    """HCN and HNC, with the barrier between them.

    With r the bond CN, P the point on it 0.54 r from C, R the distance of H from P and x the
    cosine of the angle between the directions from P to H and to C (x = 1: HCN, x = −1: HNC),

      V = p(x) + D_H Y² + D_CN y² + c Y y,
      Y = 1 − exp(−A(R − R_e(x))),  R_e = 1.17 + 0.075 x + 0.44 x² Å,
      y = 1 − exp(−a(r − r_e(x))),  r_e = 1.185 − 0.008 x − 0.024 x² Å

    and p the polynomial of degree four with p(1) = 0, p(−1) = 5200, p(0) = 16500 cm⁻¹ and the
    slopes −31570 and 11475 cm⁻¹ at its ends, which make the bends of the two molecules.

    No fit to data. HNC lies 5,200 cm⁻¹ above HCN and the saddle between them 16,518 cm⁻¹, both
    for the relaxed lengths R_e and r_e. P depends on no masses. Atoms H, C, N.

    Parameters that can be differentiated: `isomerisation`, p(−1), and `saddle`, p(0), hartree.
    """

    symbols = ("H", "C", "N")
    reference = ((-1.06, 0.0, 0.0), (0.0, 0.0, 0.0), (1.153, 0.0, 0.0))
    """Å, near the minimum."""
    parameter_units: ClassVar = {"isomerisation": ("cm-1", CM1), "saddle": ("cm-1", CM1)}

    def __init__(self) -> None:
        super().__init__()
        self.isomerisation = nn.Parameter(torch.tensor(5200 * CM1, dtype=torch.float64))
        self.saddle = nn.Parameter(torch.tensor(16500 * CM1, dtype=torch.float64))

    def forward(self, positions: Tensor) -> Tensor:
        """Energies (B,) in hartree of positions (B, 3, 3) in bohr."""
        h, c, n = positions.unbind(-2)
        to_c = c - n
        r = to_c.norm(dim=-1)
        to_h = h - (0.46 * c + 0.54 * n)
        distance = to_h.norm(dim=-1)
        x = (to_c * to_h).sum(-1) / (r * distance)
        relaxed_h = (1.17 + 0.075 * x + 0.44 * x**2) * ANGSTROM
        relaxed_cn = (1.185 - 0.008 * x - 0.024 * x**2) * ANGSTROM
        y_h = 1 - torch.exp(-1.92 / ANGSTROM * (distance - relaxed_h))
        y_cn = 1 - torch.exp(-2.37 / ANGSTROM * (r - relaxed_cn))
        stretch = 45000 * y_h**2 + 75000 * y_cn**2 - 3500 * y_h * y_cn
        return stretch * CM1 + self._path(x)

    def _path(self, x: Tensor) -> Tensor:
        """p(x), by Horner's rule."""
        half, slope_h, slope_n = self.isomerisation / 2, -31570 * CM1, 11475 * CM1
        # Even part c0 + c2 x² + c4 x⁴ and odd part c1 x + c3 x³ from values and slopes at ±1.
        c4 = (slope_h - slope_n) / 4 - half + self.saddle
        c2 = half - self.saddle - c4
        c3 = (slope_h + slope_n) / 4 + half / 2
        c1 = -half - c3
        return self.saddle + x * (c1 + x * (c2 + x * (c3 + x * c4)))
