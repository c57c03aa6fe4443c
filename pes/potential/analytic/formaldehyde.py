"""A model surface of formaldehyde: simple enough to read, coupled enough to be a test."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from pes.units import ANGSTROM, CM1, DEGREE

__all__ = ["FormaldehydeModel"]


class FormaldehydeModel(nn.Module):
    """H₂CO near its planar minimum, with Morse stretches, bends and their couplings.

    With y = 1 − exp(−a(r − r_e)) for each bond, d₁ and d₂ the changes of the angles OCH, and the
    planes of the two hydrogens at the dihedral angle φ,

      V = D_CO y₀² + D_CH (y₁² + y₂²) + B (d₁² + d₂²) + B₁₂ d₁d₂ + B₃ (d₁³ + d₂³) + B₄ (d₁⁴ + d₂⁴)
        + C₁₂ y₁y₂ + C₀ y₀ (d₁ + d₂) + C₀₁ y₀ (y₁ + y₂) + E (y₁d₁ + y₂d₂) + E₂ (y₁d₁² + y₂d₂²)
        + W (1 + w (y₁ + y₂)) sin θ₁ sin θ₂ (1 + cos φ)

    No fit to data of the molecule: D, B, W are chosen so that the fundamentals come near
    the observed ones. Atoms C, O, H, H.
    """

    symbols = ("C", "O", "H", "H")
    ranges = (
        (0.98, 1.52), (0.77, 1.62), (70.0, 172.0), (0.77, 1.62), (70.0, 172.0), (100.0, 260.0),
    )  # fmt: skip
    """Å and degrees, of CO, CH, OCH, CH, OCH and the dihedral."""
    parameter_units: ClassVar = {"wagging": ("cm-1", CM1)}

    def __init__(self) -> None:
        super().__init__()
        self.wagging = nn.Parameter(torch.tensor(_MODEL["W"] * CM1, dtype=torch.float64))

    def forward(self, positions: Tensor) -> Tensor:
        """Energies (B,) in hartree of positions (B, 4, 3) in bohr."""
        c, o, h1, h2 = positions.unbind(-2)
        co, ch1, ch2 = o - c, h1 - c, h2 - c
        r0, r1, r2 = (v.norm(dim=-1) for v in (co, ch1, ch2))
        y0 = 1 - torch.exp(-2.30 / ANGSTROM * (r0 - 1.205 * ANGSTROM))
        y1, y2 = (1 - torch.exp(-1.80 / ANGSTROM * (r - 1.103 * ANGSTROM)) for r in (r1, r2))
        n1, n2 = (torch.linalg.cross(co, v) / (r0 * r)[:, None] for v, r in ((ch1, r1), (ch2, r2)))
        s1, s2 = n1.norm(dim=-1), n2.norm(dim=-1)
        d1, d2 = (
            torch.atan2(s, (co * v).sum(-1) / (r0 * r)) - 121.8 * DEGREE
            for s, v, r in ((s1, ch1, r1), (s2, ch2, r2))
        )
        k = _MODEL
        planar = (
            k["D_CO"] * y0**2 + k["D_CH"] * (y1**2 + y2**2)
            + k["B"] * (d1**2 + d2**2) + k["B12"] * d1 * d2
            + k["B3"] * (d1**3 + d2**3) + k["B4"] * (d1**4 + d2**4)
            + k["C12"] * y1 * y2 + k["C0"] * y0 * (d1 + d2) + k["C01"] * y0 * (y1 + y2)
            + k["E"] * (y1 * d1 + y2 * d2) + k["E2"] * (y1 * d1**2 + y2 * d2**2)
        )  # fmt: skip
        wag = (1 + k["w"] * (y1 + y2)) * (s1 * s2 + (n1 * n2).sum(-1))
        return planar * CM1 + self.wagging * wag


# cm⁻¹; angles in radians.
_MODEL = {
    "D_CO": 55350.0, "D_CH": 37240.0, "B": 34070.0, "B12": 25860.0, "B3": -7000.0, "B4": 6000.0,
    "C12": 535.0, "C0": 7175.0, "C01": 2000.0, "E": 1500.0, "E2": -4000.0, "W": 18450.0, "w": -0.3,
}  # fmt: skip
