"""Surfaces of four atoms as strangers write them: functions of positions, no fit to data.

Lengths inside are in Å, energies in cm⁻¹. `pes-levels` is given the function and the isotopes
alone.
"""

from collections.abc import Callable
from itertools import combinations

import torch
from torch import Tensor

from pes.units import ANGSTROM, CM1, DEGREE

__all__ = ["MOLECULES", "SURFACES"]


def _around(x: Tensor, centre: int, ends: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
    """Lengths (B, 3) of three bonds of one atom and their directions (B, 3, 3)."""
    bonds = x[:, list(ends)] - x[:, [centre]]
    r = bonds.norm(dim=-1)
    return r / ANGSTROM, bonds / r[..., None]


def _morse(r: Tensor, steepness: Tensor | float, length: Tensor | float) -> Tensor:
    return 1 - torch.exp(-steepness * (r - length))


def oxonium(x: Tensor) -> Tensor:
    """H, O, H, H: an umbrella ion whose pyramids lie only 650 cm⁻¹ below the planar ion."""
    r, e = _around(x, 1, (0, 2, 3))
    y = _morse(r, 2.25, 0.976)
    first, second = zip(*combinations(range(3), 2), strict=True)
    cosines = (e[:, first] * e[:, second]).sum(-1)
    off = cosines - cosines.mean(1, keepdim=True)
    higher = e.sum(1).square().sum(-1) - 0.82
    stretch = 42000 * y.square().sum(1) - 400 * (y[:, first] * y[:, second]).sum(1)
    bend = 18500 * off.square().sum(1) + 1200 * (off * (y[:, first] + y[:, second])).sum(1)
    return (stretch + bend - 900 * higher * y.sum(1) + 985 * higher**2) * CM1


def _planar(
    x: Tensor,
    stretches: tuple[list[float], list[float], list[float]],
    bends: tuple[list[float], list[float]],
    flat: float,
) -> Tensor:
    """A planar molecule about the first atom, cm⁻¹.

    Args:
        x: positions (B, 4, 3).
        stretches: D, a and r_e of the bonds to the three others.
        bends: force and angle (degrees) of the pairs 12, 13, 23 of bonds.
        flat: force of the triple product of the directions.
    """
    r, e = _around(x, 0, (1, 2, 3))
    depth, steepness, length = (torch.tensor(v, dtype=x.dtype) for v in stretches)
    force, angle = (torch.tensor(v, dtype=x.dtype) for v in bends)
    y = _morse(r, steepness, length)
    first, second = zip(*combinations(range(3), 2), strict=True)
    w = (e[:, first] * e[:, second]).sum(-1) - (angle * DEGREE).cos()
    volume = (e[:, 0] * torch.linalg.cross(e[:, 1], e[:, 2])).sum(-1)
    mixed = (w * (y[:, first] + y[:, second])).sum(1)
    stretch = (depth * y.square()).sum(1) + 1500 * (y[:, first] * y[:, second]).sum(1)
    return stretch + (force * w.square()).sum(1) - 2500 * mixed + flat * volume**2


def formyl_fluoride(x: Tensor) -> Tensor:
    """C, O, F, H: planar, three unlike bonds."""
    stretches = [57000.0, 45000, 39000], [2.45, 1.85, 1.83], [1.181, 1.338, 1.092]
    return _planar(x, stretches, ([48000.0, 27000, 26000], [122.8, 127.3, 109.9]), 17000) * CM1


def silanone(x: Tensor) -> Tensor:
    """Si, O, H, H: planar, heavy and slow."""
    stretches = [45000.0, 32000, 32000], [2.25, 1.48, 1.48], [1.515, 1.472, 1.472]
    return _planar(x, stretches, ([15500.0, 15500, 15000], [124.0, 124.0, 112.0]), 9500) * CM1


def acetylene(x: Tensor) -> Tensor:
    """H, C, C, H: four atoms in a line."""
    h1, c1, c2, h2 = x.unbind(1)
    first, middle, last = h1 - c1, c2 - c1, h2 - c2
    r1, r, r2 = (v.norm(dim=-1) / ANGSTROM for v in (first, middle, last))
    u1 = 1 + (first * middle).sum(-1) / (r1 * r * ANGSTROM**2)
    u2 = 1 - (last * middle).sum(-1) / (r2 * r * ANGSTROM**2)
    stretch = 40000 * (_morse(r1, 1.85, 1.062) ** 2 + _morse(r2, 1.85, 1.062) ** 2)
    across = (first * last).sum(-1) / (r1 * r2 * ANGSTROM**2)
    return (stretch + 72000 * _morse(r, 2.4, 1.203) ** 2 + 12500 * (u1 + u2)
            + 4500 * (1 + across)) * CM1  # fmt: skip


SURFACES: dict[str, Callable[[Tensor], Tensor]] = {
    "oxonium": oxonium,
    "formyl_fluoride": formyl_fluoride,
    "silanone": silanone,
    "acetylene": acetylene,
}
"""Surfaces by name."""

MOLECULES = {
    "oxonium": ("H", "O", "H", "H"),
    "formyl_fluoride": ("C", "O", "F", "H"),
    "silanone": ("Si", "O", "H", "H"),
    "acetylene": ("H", "C", "C", "H"),
}
"""Their isotopes."""
