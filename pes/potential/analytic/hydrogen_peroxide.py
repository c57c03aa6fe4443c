"""A model surface of hydrogen peroxide with the whole of its torsion."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from pes.units import ANGSTROM, CM1, DEGREE

__all__ = ["HydrogenPeroxideModel"]


class HydrogenPeroxideModel(nn.Module):
    """H₂O₂ with its torsion, in either assignment of hydrogen to oxygen atoms.

    For the chain H–O–O–H, with y = 1 − exp(−a(r − r_e)) for each bond, z the sum of
    cos θ − cos θ_e over both angles HOO, n₁ and n₂ the cross products of the unit vector from O to
    O with the directions of the bonds OH, p = n₁·n₂ = sin θ₁ sin θ₂ cos τ and q = |n₁|²|n₂|²,

      V = D_OO y₀² + D_OH (y₁² + y₂²) + B (z₁² + z₂²) + b z₁z₂ + c y₀ (z₁ + z₂)
        + T₁ p + T₂ (2p² − q) + T₃ (4p³ − 3pq) + t z p + V₀

    The torsional terms are sin^k θ₁ sin^k θ₂ cos kτ: polynomials in the directions, smooth where an
    angle is straight. V₀ = 835.643 cm⁻¹ makes the minimum zero. Of the two assignments, V_a and
    V_b, the lower counts, smoothly: V = −ε ln(e^{−V_a/ε} + e^{−V_b/ε}), ε = 500 cm⁻¹.

    No fit to data: the relaxed barriers are near 390 (trans) and 2,560 cm⁻¹ (cis). Atoms
    O, O, H, H.

    Parameters that can be differentiated: `torsion_1`, `torsion_2`, `torsion_3`, hartree.
    """

    symbols = ("O", "O", "H", "H")
    reference = ((0.0, 0.0, 0.0), (1.455, 0.0, 0.0), (-0.16, 0.95, 0.0), (1.615, -0.35, 0.88))
    """Å, near the minimum."""
    parameter_units: ClassVar = {f"torsion_{k}": ("cm-1", CM1) for k in (1, 2, 3)}

    def __init__(self) -> None:
        super().__init__()
        self.torsion_1 = nn.Parameter(torch.tensor(1085 * CM1, dtype=torch.float64))
        self.torsion_2 = nn.Parameter(torch.tensor(705 * CM1, dtype=torch.float64))
        self.torsion_3 = nn.Parameter(torch.tensor(50 * CM1, dtype=torch.float64))

    def forward(self, positions: Tensor) -> Tensor:
        """Energies (B,) in hartree of positions (B, 4, 3) in bohr."""
        o1, o2, h1, h2 = positions.unbind(-2)
        both = torch.stack((self._chain(h1, o1, o2, h2), self._chain(h2, o1, o2, h1)))
        smooth = 500 * CM1
        return -smooth * torch.logsumexp(-both / smooth, 0)

    def _chain(self, h1: Tensor, o1: Tensor, o2: Tensor, h2: Tensor) -> Tensor:
        """V of H1–O1–O2–H2, (B,)."""
        oo, oh1, oh2 = o2 - o1, h1 - o1, h2 - o2
        r0, r1, r2 = (v.norm(dim=-1) for v in (oo, oh1, oh2))
        e0, e1, e2 = oo / r0[:, None], oh1 / r1[:, None], oh2 / r2[:, None]
        y0 = 1 - torch.exp(-2.5 / ANGSTROM * (r0 - 1.455 * ANGSTROM))
        y1, y2 = (1 - torch.exp(-2.3 / ANGSTROM * (r - 0.962 * ANGSTROM)) for r in (r1, r2))
        z1, z2 = ((sign * e0 * e).sum(-1) for sign, e in ((1, e1), (-1, e2)))
        z1, z2 = (z - torch.cos(torch.tensor(100.0 * DEGREE)) for z in (z1, z2))
        stretch = 19000 * y0**2 + 40000 * (y1**2 + y2**2)
        bend = 24000 * (z1**2 + z2**2) + 1000 * z1 * z2 + 4000 * y0 * (z1 + z2)
        return (stretch + bend + 835.643) * CM1 + self._torsion(e0, e1, e2, z1 + z2)

    def _torsion(self, e0: Tensor, e1: Tensor, e2: Tensor, z: Tensor) -> Tensor:
        n1, n2 = torch.linalg.cross(e0, e1), torch.linalg.cross(e0, e2)
        p = (n1 * n2).sum(-1)
        q = n1.square().sum(-1) * n2.square().sum(-1)
        once, twice, thrice = p, 2 * p**2 - q, 4 * p**3 - 3 * p * q
        return (
            self.torsion_1 * once + self.torsion_2 * twice + self.torsion_3 * thrice
            + 900 * CM1 * z * p
        )  # fmt: skip
