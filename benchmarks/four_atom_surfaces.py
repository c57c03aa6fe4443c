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


def chlorine_trifluoride(x: Tensor) -> Tensor:
    """F, Cl, F, F: a T whose arms, 175° apart, bend through 180°; the second atom is the centre."""
    r, e = _around(x, 1, (0, 2, 3))
    steepness, length = torch.tensor([1.9, 2.0, 1.9]).to(x), torch.tensor([1.7, 1.6, 1.7]).to(x)
    y = _morse(r, steepness, length)
    right = (e[:, [0, 2]] * e[:, [1]]).sum(-1) - torch.tensor(87.5 * DEGREE).cos()
    volume = (e[:, 0] * torch.linalg.cross(e[:, 1], e[:, 2])).sum(-1)
    stretch = 22000 * y.square().sum(1) + 5000 * y[:, 0] * y[:, 2]
    stretch = stretch + 1500 * y[:, 1] * (y[:, 0] + y[:, 2])
    bend = 26000 * right.square().sum(1) + 4000 * right.prod(1)
    across = 12000 * (1 + (e[:, 0] * e[:, 2]).sum(-1))
    return (stretch + bend + across + 9000 * volume**2) * CM1


def _chain(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Lengths (B, 3) of the bonds 0-1-2-3, cosines (B, 2) of their angles, and cos τ sin α sin β.

    The last is smooth where an angle opens to 180°.
    """
    bonds = x.diff(dim=1)
    r = bonds.norm(dim=-1)
    cosines = -(bonds[:, :-1] * bonds[:, 1:]).sum(-1) / (r[:, :-1] * r[:, 1:])
    normals = torch.linalg.cross(bonds[:, :-1], bonds[:, 1:])
    turn = normals.prod(1).sum(-1) / (r[:, 0] * r[:, 1].square() * r[:, 2])
    return r / ANGSTROM, cosines, turn


def _chained(
    x: Tensor,
    stretches: tuple[list[float], list[float], list[float]],
    bends: tuple[list[float], list[float]],
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Energy of the stretches and bends of a chain, cm⁻¹, and what other terms take.

    Args:
        x: positions (B, 4, 3).
        stretches: D, a and r_e of the bonds.
        bends: force and angle (degrees) of both angles.

    Returns:
        The energy (B,), the Morse variables (B, 3), the cosines less those at the angles (B, 2),
        and cos τ sin α sin β over the sines of these angles (B,).
    """
    r, cosines, turn = _chain(x)
    depth, steepness, length = (torch.tensor(v, dtype=x.dtype) for v in stretches)
    force, angle = (torch.tensor(v, dtype=x.dtype) for v in bends)
    y, w = _morse(r, steepness, length), cosines - (angle * DEGREE).cos()
    energy = (depth * y.square()).sum(1) + (force * w.square()).sum(1)
    return energy, y, w, turn / (angle * DEGREE).sin().prod()


def nitrous_acid(x: Tensor) -> Tensor:
    """H, O, N, O: trans, and cis 132 cm⁻¹ above it behind a barrier of 3,700."""
    stretches = [46000.0, 19000, 52000], [2.15, 2.4, 2.5], [0.963, 1.426, 1.169]
    v, y, w, t = _chained(x, stretches, ([24000.0, 52000], [102.5, 111.0]))
    v = v + 5000 * y[:, 1] * y[:, 2] - 4000 * w[:, 0] * y[:, 1]
    v = v + 4000 * w[:, 1] * (y[:, 1] + y[:, 2]) + 90 * y[:, 1] * t
    return (v + 3600 * (1 - t**2) + 65 * (1 + t)) * CM1


def diimide(x: Tensor) -> Tensor:
    """H, N, N, H: trans, and cis 1,990 cm⁻¹ above it behind a barrier that no level passes."""
    stretches = [40000.0, 56000, 40000], [2.1, 2.4, 2.1], [1.028, 1.247, 1.028]
    v, y, w, t = _chained(x, stretches, ([36000.0, 36000], [106.3, 106.3]))
    v = v + 6000 * w[:, 0] * w[:, 1] - 5000 * y[:, 1] * w.sum(1)
    return (v + 17000 * (1 - t**2) + 950 * (1 + t)) * CM1


def disulfane(x: Tensor) -> Tensor:
    """H, S, S, H: skew, barriers of 2,000 (trans) and 2,800 cm⁻¹ (cis) between mirror images."""
    stretches = [34000.0, 21000, 34000], [1.75, 1.9, 1.75], [1.343, 2.057, 1.343]
    v, y, w, t = _chained(x, stretches, ([22000.0, 22000], [98.0, 98.0]))
    v = v + 1500 * w[:, 0] * w[:, 1] - 1500 * y[:, 1] * w.sum(1)
    return (v + 2400 * t**2 + 400 * t) * CM1


def isocyanic_acid(x: Tensor) -> Tensor:
    """H, N, C, O: planar, N-C-O bent by 6° only."""
    stretches = [43000.0, 60000, 64000], [2.2, 2.2, 2.3], [1.003, 1.214, 1.165]
    r, cosines, turn = _chain(x)
    depth, steepness, length = (torch.tensor(v, dtype=x.dtype) for v in stretches)
    y = _morse(r, steepness, length)
    w = cosines[:, 0] - torch.tensor(124 * DEGREE).cos()
    stretch = (depth * y.square()).sum(1) + 6000 * y[:, 1] * y[:, 2]
    bend = 12500 * w**2 - 3000 * w * y[:, 1] + 20000 * (1 + cosines[:, 1])
    return (stretch + bend + 2500 * turn) * CM1


def phosphine(x: Tensor) -> Tensor:
    """P, H, H, H: a pyramid behind a barrier of 11,500 cm⁻¹ that no level passes."""
    r, e = _around(x, 0, (1, 2, 3))
    y = _morse(r, 1.75, 1.414)
    first, second = zip(*combinations(range(3), 2), strict=True)
    w = (e[:, first] * e[:, second]).sum(-1) - torch.tensor(93.4 * DEGREE).cos()
    stretch = 36000 * y.square().sum(1) - 300 * (y[:, first] * y[:, second]).sum(1)
    bend = (16500 * w**2 - 3000 * w**3 + 2500 * w**4).sum(1)
    bend = bend + 1500 * (w[:, first] * w[:, second]).sum(1)
    mixed = (w * (y[:, first] + y[:, second])).sum(1)
    return (stretch + bend - 1500 * mixed) * CM1


def borane(x: Tensor) -> Tensor:
    """B, H, H, H: planar, threefold."""
    stretches = [38000.0] * 3, [1.62] * 3, [1.19] * 3
    return _planar(x, stretches, ([15000.0] * 3, [120.0] * 3), 9500) * CM1


def sulfur_trioxide(x: Tensor) -> Tensor:
    """S, O, O, O: planar, threefold, heavy."""
    stretches = [48000.0] * 3, [2.35] * 3, [1.418] * 3
    return _planar(x, stretches, ([52000.0] * 3, [120.0] * 3), 26000) * CM1


def thioformaldehyde(x: Tensor) -> Tensor:
    """C, S, H, H: planar."""
    stretches = [47000.0, 38000, 38000], [1.95, 1.84, 1.84], [1.611, 1.087, 1.087]
    return _planar(x, stretches, ([26000.0, 26000, 21000], [121.9, 121.9, 116.2]), 13500) * CM1


SURFACES: dict[str, Callable[[Tensor], Tensor]] = {
    "oxonium": oxonium,
    "formyl_fluoride": formyl_fluoride,
    "silanone": silanone,
    "chlorine_trifluoride": chlorine_trifluoride,
    "acetylene": acetylene,
    "nitrous_acid": nitrous_acid,
    "diimide": diimide,
    "disulfane": disulfane,
    "isocyanic_acid": isocyanic_acid,
    "phosphine": phosphine,
    "borane": borane,
    "sulfur_trioxide": sulfur_trioxide,
    "thioformaldehyde": thioformaldehyde,
}
"""Surfaces by name."""

MOLECULES = {
    "oxonium": ("H", "O", "H", "H"),
    "formyl_fluoride": ("C", "O", "F", "H"),
    "silanone": ("Si", "O", "H", "H"),
    "chlorine_trifluoride": ("F", "Cl", "F", "F"),
    "acetylene": ("H", "C", "C", "H"),
    "nitrous_acid": ("H", "O", "N", "O"),
    "diimide": ("H", "N", "N", "H"),
    "disulfane": ("H", "S", "S", "H"),
    "isocyanic_acid": ("H", "N", "C", "O"),
    "phosphine": ("P", "H", "H", "H"),
    "borane": ("B", "H", "H", "H"),
    "sulfur_trioxide": ("S", "O", "O", "O"),
    "thioformaldehyde": ("C", "S", "H", "H"),
}
"""Their isotopes."""
