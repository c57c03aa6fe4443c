"""A published surface of water, with its constants."""

from itertools import accumulate
from typing import ClassVar

import torch
from torch import Tensor, nn

from pes.units import ANGSTROM, CM1, DEGREE

__all__ = ["WaterPJT"]


class WaterPJT(nn.Module):
    """Spectroscopic surface of water by Polyansky, Jensen and Tennyson.

    With y = 1 − exp(−a(r − r_e)) for each bond and c = cos α − cos α_e, V is a polynomial
    in c and the symmetric combinations of y₁ and y₂. It has holes at very short bonds: keep r
    within 0.55–1.9 Å and α above 20°, where it rises without a break.

    Parameters that can be differentiated: `r_e` (bohr), `alpha_e` (radians), `a` (1/bohr).

    References:
        J. Chem. Phys. 105, 6490 (1996), doi:10.1063/1.472501
    """

    symbols = ("O", "H", "H")
    parameter_units: ClassVar = {
        "r_e": ("A", ANGSTROM),
        "alpha_e": ("deg", DEGREE),
        "a": ("A-1", 1 / ANGSTROM),
    }
    """Unit that derivatives by each parameter are printed in."""
    ranges = ((0.55, 1.9), (0.55, 1.9), (20.0, 180.0))
    """Å, Å, degrees: where the polynomial is free of holes."""

    bend: Tensor
    linear: Tensor
    mixed: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.r_e = nn.Parameter(torch.tensor(0.9579205 * ANGSTROM, dtype=torch.float64))
        self.alpha_e = nn.Parameter(torch.tensor(104.499647 * DEGREE, dtype=torch.float64))
        self.a = nn.Parameter(torch.tensor(2.226 / ANGSTROM, dtype=torch.float64))
        for name, rows in _WATER_PJT.items():
            self.register_buffer(name, torch.tensor(rows, dtype=torch.float64) * CM1)

    def forward(self, positions: Tensor) -> Tensor:
        """Energies (B,) in hartree of positions (B, 3, 3) in bohr, atoms O, H, H."""
        o, h1, h2 = positions.unbind(-2)
        d1, d2 = h1 - o, h2 - o
        r1, r2 = d1.norm(dim=-1), d2.norm(dim=-1)
        y1, y2 = (1 - torch.exp(-self.a * (r - self.r_e)) for r in (r1, r2))
        c = (d1 * d2).sum(-1) / (r1 * r2) - self.alpha_e.cos()
        # Rows of `mixed`: factors of c⁰, c¹, c² for each symmetric polynomial in y1, y2.
        symmetric = torch.stack(
            (
                y1**2 + y2**2,
                y1 * y2,
                y1**3 + y2**3,
                y1**2 * y2 + y1 * y2**2,
                y1**4 + y2**4,
                y1**3 * y2 + y1 * y2**3,
                y1**5 + y2**5,
                y1**6 + y2**6,
                y1**7 + y2**7,
            ),
            -1,
        )
        # By products: c ** k has no second derivative in torch where c is zero.
        powers = torch.stack(list(accumulate([torch.ones_like(c)] + [c] * 8, torch.mul)), -1)
        return (
            powers @ self.bend
            + (y1 + y2) * (powers[..., :5] @ self.linear)
            + (symmetric * (powers[..., :3] @ self.mixed.T)).sum(-1)
        )


_WATER_PJT = {
    "bend": [
        0.0, 0.0, 18902.4419343, 1893.9978814, 4096.7344377,
        -1959.6011328, 4484.1589338, 4044.5538881, -4771.4504354,
    ],
    "linear": [0.0, -6152.4014118, -2902.1391226, -5732.6846068, 953.8876083],
    "mixed": [
        [42909.8886909, -2767.1919717, -3394.2470551],
        [-1031.9305520, 6023.8343525, 0.0],
        [0.0, 124.2352938, -1282.5066122],
        [-1146.4910952, 9884.4168514, 3040.3402183],
        [2040.9674526, 0.0, 0.0],
        [-422.0339419, -7238.0997940, 0.0],
        [-4969.2454493, 0.0, 0.0],
        [8108.4965235, 0.0, 0.0],
        [90.0, 0.0, 0.0],
    ],
}  # fmt: skip
