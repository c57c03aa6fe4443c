"""Model surfaces of triatomics: two Morse bonds, a bend that may be linear, and couplings."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from pes.units import ANGSTROM, CM1, DEGREE

__all__ = ["CarbonDioxideModel", "CarbonylSulfideModel", "HydrogenSulfideModel", "SilicideModel"]


@dataclass(frozen=True)
class Bend:
    """Constants in cm⁻¹ of what depends on the angle.

    Attributes:
        powers: k₁, k₂, … of w, w², …
        stretch: b₁, b₂, … of w (y₁ + y₂), w² (y₁ + y₂), …
        bonds: c₁₂ of y₁y₂.
    """

    powers: tuple[float, ...]
    stretch: tuple[float, ...]
    bonds: float

    def energy(self, w: Tensor, y1: Tensor, y2: Tensor) -> Tensor:
        """c₁₂ y₁y₂ + Σ_k k_k w^k + (y₁ + y₂) Σ_k b_k w^k, hartree."""
        both = self.bonds * y1 * y2 + (y1 + y2) * _series(self.stretch, w)
        return (both + _series(self.powers, w)) * CM1


class _TwoBonds(nn.Module):
    """Two equal Morse bonds, V = D (y₁² + y₂²) and a `Bend`; siblings supply the constants.

    Parameters that can be differentiated: `r_e` (bohr), `a` (1/bohr) and `alpha_e` (radians).
    """

    symbols: ClassVar[tuple[str, str, str]]
    reference: ClassVar[tuple[tuple[float, float, float], ...]]
    parameter_units: ClassVar = {
        "r_e": ("A", ANGSTROM),
        "alpha_e": ("deg", DEGREE),
        "a": ("A-1", 1 / ANGSTROM),
    }
    depth: ClassVar[float]
    steepness: ClassVar[float]
    length: ClassVar[float]
    angle: ClassVar[float]
    bend: ClassVar[Bend]

    def __init__(self) -> None:
        super().__init__()
        self.r_e = _parameter(self.length * ANGSTROM)
        self.alpha_e = _parameter(self.angle * DEGREE)
        self.a = _parameter(self.steepness / ANGSTROM)

    def forward(self, positions: Tensor) -> Tensor:
        """Energies (B,) in hartree of positions (B, 3, 3) in bohr, the middle atom first."""
        r1, r2, opened = _bonds(*positions.unbind(-2))
        y1, y2 = (1 - torch.exp(-self.a * (r - self.r_e)) for r in (r1, r2))
        # 1 + cos α_e by the half angle: no rounding is left at 180°.
        w = opened - 2 * (self.alpha_e / 2).cos() ** 2
        return self.depth * CM1 * (y1**2 + y2**2) + self.bend.energy(w, y1, y2)


class SilicideModel(_TwoBonds):
    """Floppy triatomic like Si₂C: bent, with heavy ends and a low barrier to linearity.

    With y = 1 − exp(−a(r − r_e)) for each bond and w = cos α − cos α_e,

      V = D (y₁² + y₂²) + c₁₂ y₁y₂ + (y₁ + y₂) b₁ w + k₂ w² + k₃ w³ + k₄ w⁴

    No fit to data. The bend has its fundamental near 130 cm⁻¹ and the linear molecule
    lies about 800 cm⁻¹ above the bent one. Atoms C, Si, Si.
    """

    symbols = ("C", "Si", "Si")
    reference = ((0.0, 0.0, 0.0), (1.43, 0.91, 0.0), (-1.43, 0.91, 0.0))
    """Å, near the minimum."""
    depth, steepness, length, angle = 40000.0, 1.81, 1.69, 115.0
    bend = Bend((0.0, 3000.0, 2000.0, 2000.0), (1500.0,), -2000.0)


class HydrogenSulfideModel(_TwoBonds):
    """Semi-rigid triatomic like H₂S whose bonds break near 31,000 cm⁻¹.

    With y = 1 − exp(−a(r − r_e)) for each bond and w = cos α − cos α_e,

      V = D (y₁² + y₂²) + c₁₂ y₁y₂ + (y₁ + y₂)(b₁ w + b₂ w²) + k₂ w² + k₃ w³ + k₄ w⁴

    No fit to data. No cut along one bond rises above its dissociation energy D = 31,000 cm⁻¹.
    Atoms S, H, H.
    """

    symbols = ("S", "H", "H")
    reference = ((0.0, 0.0, 0.0), (0.96, 0.93, 0.0), (-0.96, 0.93, 0.0))
    """Å, near the minimum."""
    depth, steepness, length, angle = 31000.0, 1.864, 1.336, 92.1
    bend = Bend((0.0, 19500.0, -1000.0, 3000.0), (2200.0, -3500.0), -450.0)


class CarbonDioxideModel(_TwoBonds):
    """Linear triatomic with force constants near those of CO₂.

    With y = 1 − exp(−a(r − r_e)) for each bond and u = 1 + cos α,

      V = D (y₁² + y₂²) + c₁₂ y₁y₂ + b₁ u (y₁ + y₂) + k₁ u + k₂ u²

    No fit to data: force constants 16 (bonds) and 1.3 mdyn/Å (between them), 0.78 mdyn·Å (bend).
    Atoms C, O, O.
    """

    symbols = ("C", "O", "O")
    reference = ((0.0, 0.0, 0.0), (1.16, 0.0, 0.0), (-1.16, 0.0, 0.0))
    """Å, at the minimum."""
    depth, steepness, length, angle = 70000.0, 2.4, 1.16, 180.0
    bend = Bend((39000.0, 4000.0), (-15000.0,), 11400.0)


class CarbonylSulfideModel(nn.Module):
    """Linear triatomic with two unlike bonds and force constants near those of OCS.

    With y = 1 − exp(−a(r − r_e)) for each bond and u = 1 + cos α,

      V = D₁ y₁² + D₂ y₂² + c₁₂ y₁y₂ + b₁ u (y₁ + y₂) + k₁ u + k₂ u²

    No fit to data: force constants 16 (CO), 7.5 (CS) and 1 mdyn/Å (between them), 0.65 mdyn·Å
    (bend). Atoms O, C, S: the middle atom is the second.

    Parameters that can be differentiated: `r_co` and `r_cs` (bohr).
    """

    symbols = ("O", "C", "S")
    reference = ((0.0, 0.0, 0.0), (1.156, 0.0, 0.0), (2.717, 0.0, 0.0))
    """Å, at the minimum."""
    parameter_units: ClassVar = {"r_co": ("A", ANGSTROM), "r_cs": ("A", ANGSTROM)}
    bend = Bend((32700.0, 3000.0), (-10000.0,), 11550.0)

    def __init__(self) -> None:
        super().__init__()
        self.r_co = _parameter(1.156 * ANGSTROM)
        self.r_cs = _parameter(1.561 * ANGSTROM)

    def forward(self, positions: Tensor) -> Tensor:
        """Energies (B,) in hartree of positions (B, 3, 3) in bohr, atoms O, C, S."""
        o, c, s = positions.unbind(-2)
        r1, r2, opened = _bonds(c, o, s)
        y1 = 1 - torch.exp(-2.244 / ANGSTROM * (r1 - self.r_co))
        y2 = 1 - torch.exp(-1.943 / ANGSTROM * (r2 - self.r_cs))
        return (80000 * y1**2 + 50000 * y2**2) * CM1 + self.bend.energy(opened, y1, y2)


def _parameter(value: float) -> nn.Parameter:
    return nn.Parameter(torch.tensor(value, dtype=torch.float64))


def _bonds(middle: Tensor, end1: Tensor, end2: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """r₁, r₂ and 1 + cos α, each (B,), of atoms at (B, 3)."""
    d1, d2 = end1 - middle, end2 - middle
    r1, r2 = d1.norm(dim=-1), d2.norm(dim=-1)
    # 1 + cos α is lost to rounding at linearity, |r2 d1 + r1 d2|²/(2 r1² r2²) is not.
    opened = (r2[:, None] * d1 + r1[:, None] * d2).square().sum(-1) / (2 * (r1 * r2) ** 2)
    return r1, r2, opened


def _series(constants: tuple[float, ...], w: Tensor) -> Tensor:
    """Σ_k c_k w^k from k = 1 on, by products: w**k has no second derivative where w is 0."""
    total = torch.zeros_like(w)
    for constant in reversed(constants):
        total = w * (constant + total)
    return total
