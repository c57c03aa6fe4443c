"""Triatomic surfaces as strangers write them: functions of positions, no two of the same make.

They have no reference geometry, no ranges and no declared symmetry: `pes-levels` is given the
function and the isotopes alone. Lengths inside are in Å, energies in cm⁻¹; no fit to data.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from pes.units import ANGSTROM, CM1, DEGREE

__all__ = ["MOLECULES", "SURFACES"]


def _bonds(x: Tensor, middle: int, ends: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
    """Two bond lengths and the cosine of the angle between them."""
    d1, d2 = (x[:, end] - x[:, middle] for end in ends)
    r1, r2 = d1.norm(dim=-1), d2.norm(dim=-1)
    return r1 / ANGSTROM, r2 / ANGSTROM, (d1 * d2).sum(-1) / (r1 * r2)


def _morse(r: Tensor, steepness: float, length: float) -> Tensor:
    return 1 - torch.exp(-steepness * (r - length))


def half_heavy_water(x: Tensor) -> Tensor:
    """H, O, D with total energies: the middle atom is the second, and the isotopes differ."""
    r1, r2, c = _bonds(x, 1, (0, 2))
    y1, y2 = _morse(r1, 2.14, 0.9614), _morse(r2, 2.14, 0.9614)
    w = c - torch.tensor(104.1 * DEGREE).cos()
    v = 45500 * (y1**2 + y2**2) - 700 * y1 * y2 - 5600 * (y1 + y2) * w
    return -76.3 + (v + 18600 * w**2 + 2100 * w**3 + 5200 * w**4) * CM1


def hydrogen_bond(x: Tensor) -> Tensor:
    """Cl, H, F: linear, the lightest atom between two heavy ones, the bonds strongly coupled."""
    r1, r2, c = _bonds(x, 1, (0, 2))
    y1, y2, u = _morse(r1, 1.45, 1.60), _morse(r2, 2.10, 1.02), 1 + c
    stretch = 22000 * y1**2 + 40000 * y2**2 + 16000 * y1 * y2
    return (stretch + 9000 * u + 3000 * u**2 - 3500 * u * (y1 + y2)) * CM1


def flat_carbon(x: Tensor) -> Tensor:
    """Three carbon atoms, linear with a flat bend of large amplitude."""
    r1, r2, c = _bonds(x, 0, (1, 2))
    y1, y2, u = _morse(r1, 2.05, 1.294), _morse(r2, 2.05, 1.294), 1 + c
    bend = 600 * u + 9000 * u**2 + 6000 * u**3 - 4500 * u * (y1 + y2)
    return (60000 * (y1**2 + y2**2) + 5000 * y1 * y2 + bend) * CM1


def quasilinear_hydroxide(x: Tensor) -> Tensor:
    """Cs, O, H: a barrier of 7 cm⁻¹ to the linear molecule, a light and a very heavy end."""
    r1, r2, c = _bonds(x, 1, (0, 2))
    y1, y2, u = _morse(r1, 1.0, 2.39), _morse(r2, 2.2, 0.955), 1 + c
    bend = -300 * u + 3200 * u**2 + 500 * u**3 - 900 * u * y1
    return (30000 * y1**2 + 41000 * y2**2 - 300 * y1 * y2 + bend) * CM1


def methylene(x: Tensor) -> Tensor:
    """H, C, H: bent by 134°, a light bend across a barrier of 1,650 cm⁻¹ to linearity."""
    r1, r2, c = _bonds(x, 1, (0, 2))
    y1, y2 = _morse(r1, 1.9, 1.078), _morse(r2, 1.9, 1.078)
    w = c - torch.tensor(134.0 * DEGREE).cos()
    bend = 15500 * w**2 + 6500 * w**3 + 3000 * w**4 - 2000 * (y1 + y2) * w
    return (45000 * (y1**2 + y2**2) - 400 * y1 * y2 + bend) * CM1


def quartic_dioxide(x: Tensor) -> Tensor:
    """O, S, O as a quartic force field in displacements: it rises in all directions."""
    r1, r2, c = _bonds(x, 1, (0, 2))
    a, b = r1 - 1.431, r2 - 1.431
    t = c.clamp(-1 + 1e-14, 1 - 1e-14).arccos() - 119.3 * DEGREE
    stretch = 260000 * (a**2 + b**2) + 5000 * a * b
    stretch = stretch - 480000 * (a**3 + b**3) + 700000 * (a**4 + b**4)
    bend = 20500 * t**2 - 2500 * t**3 + 3000 * t**4 + (22000 * t - 20000 * t**2) * (a + b)
    return (stretch + bend) * CM1


SURFACES: dict[str, Callable[[Tensor], Tensor]] = {
    "half_heavy_water": half_heavy_water,
    "hydrogen_bond": hydrogen_bond,
    "flat_carbon": flat_carbon,
    "quasilinear_hydroxide": quasilinear_hydroxide,
    "methylene": methylene,
    "quartic_dioxide": quartic_dioxide,
}
"""Surfaces by name."""

MOLECULES = {
    "half_heavy_water": ("H", "O", "D"),
    "hydrogen_bond": ("Cl", "H", "F"),
    "flat_carbon": ("C", "C", "C"),
    "quasilinear_hydroxide": ("Cs", "O", "H"),
    "methylene": ("H", "C", "H"),
    "quartic_dioxide": ("O", "S", "O"),
}
"""Their isotopes."""
