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


def ozone(x: Tensor) -> Tensor:
    """O, O, O: each atom can be the middle one; three equal wells, 1.4 Å apart, joined smoothly."""
    wells = []
    for middle, ends in ((0, (1, 2)), (1, (0, 2)), (2, (0, 1))):
        r1, r2, c = _bonds(x, middle, ends)
        y1, y2 = _morse(r1, 2.6, 1.2717), _morse(r2, 2.6, 1.2717)
        w = c - torch.tensor(116.8 * DEGREE).cos()
        v = 22500 * (y1**2 + y2**2) + 11500 * y1 * y2 + 66000 * w**2 + 21000 * w**3 + 30000 * w**4
        wells.append(v - 12000 * (y1 + y2) * w)
    # The smooth minimum: -a ln sum exp(-V/a).
    return -600 * torch.logsumexp(-torch.stack(wells) / 600, 0) * CM1


def hypochlorous_acid(x: Tensor) -> Tensor:
    """H, O, Cl: bent, a light end and a heavy one on a weak bond."""
    r1, r2, c = _bonds(x, 1, (0, 2))
    y1, y2 = _morse(r1, 2.25, 0.9643), _morse(r2, 2.20, 1.6891)
    w = c - torch.tensor(102.96 * DEGREE).cos()
    v = 38500 * y1**2 + 20000 * y2**2 - 300 * y1 * y2 + 19800 * w**2 + 4000 * w**3 + 5000 * w**4
    return (v - 4500 * y1 * w - 6500 * y2 * w) * CM1


def nitrous_oxide(x: Tensor) -> Tensor:
    """N, N, O: linear, without a centre of symmetry, stretches and bend in Fermi resonance."""
    r1, r2, c = _bonds(x, 1, (0, 2))
    y1, y2, u = _morse(r1, 2.55, 1.1284), _morse(r2, 2.75, 1.1841), 1 + c
    v = 70400 * y1**2 + 39900 * y2**2 + 7200 * y1 * y2
    return (v + 33500 * u + 2500 * u**2 - 11000 * u * y1 - 15000 * u * y2) * CM1


def nitroxyl(x: Tensor) -> Tensor:
    """H, N, O: bent, three fundamentals close to one another."""
    r1, r2, c = _bonds(x, 1, (0, 2))
    y1, y2 = _morse(r1, 2.2, 1.063), _morse(r2, 2.55, 1.212)
    w = c - torch.tensor(108.5 * DEGREE).cos()
    v = 20800 * y1**2 + 41000 * y2**2 + 2500 * y1 * y2
    return (v + 30500 * w**2 + 9000 * w**3 + 4000 * w**4 - 7000 * (y1 + y2) * w) * CM1


def three_protons(x: Tensor) -> Tensor:
    """H, H, H: an equilateral ion, degenerate vibrations, the linear molecule at 13,000 cm⁻¹."""
    y = torch.stack([_morse((x[:, a] - x[:, b]).norm(dim=-1) / ANGSTROM, 1.4, 0.8732)
                     for a, b in ((0, 1), (0, 2), (1, 2))])  # fmt: skip
    return (26000 * y.square().sum(0) - 900 * y.prod(0) + 1500 * y.sum(0) ** 2) * CM1


def bifluoride(x: Tensor) -> Tensor:
    """F, H, F: one well, the proton in the middle of a very strong hydrogen bond."""
    r1, r2, c = _bonds(x, 1, (0, 2))
    y1, y2, u = _morse(r1, 1.6, 1.14), _morse(r2, 1.6, 1.14), 1 + c
    v = 22600 * (y1**2 + y2**2) + 33400 * y1 * y2 + 4000 * (y1 - y2) ** 4
    return (v + 11600 * u + 6000 * u**2 - 6000 * u * (y1 + y2)) * CM1


def bichloride(x: Tensor) -> Tensor:
    """Cl, H, Cl: the proton on either side of a barrier of 43 cm⁻¹, below the lowest level."""
    r1, r2, c = _bonds(x, 1, (0, 2))
    away, off, u = (x[:, 0] - x[:, 2]).norm(dim=-1) / ANGSTROM - 3.12, (r1 - r2) / 2, 1 + c
    wells = (-2500 - 30000 * away) * off**2 * torch.exp(-0.3 * away**2) + 45000 * off**4
    stretch = 12000 * (1 - torch.exp(-1.5 * away)) ** 2
    return (stretch + wells + 6000 * u + 1500 * u**2) * CM1


def shared_proton(x: Tensor) -> Tensor:
    """Cl, H, Cl: two wells, the proton on one atom or on the other, from two coupled states."""
    r1, r2, c = _bonds(x, 1, (0, 2))
    far = (x[:, 0] - x[:, 2]).norm(dim=-1) / ANGSTROM
    u = 1 + c

    def bound(near: Tensor, other: Tensor) -> Tensor:
        hydrogen_bond = 9000 * _morse(other, 1.3, 1.75) ** 2
        return 37200 * _morse(near, 1.87, 1.275) ** 2 + hydrogen_bond

    v1, v2 = bound(r1, r2), bound(r2, r1)
    coupling = 4000 * torch.exp(-(((far - 3.1) / 3.0) ** 2))
    lower = (v1 + v2) / 2 - (((v1 - v2) / 2) ** 2 + coupling**2).sqrt()
    return (lower + 3500 * u + 1500 * u**2) * CM1


def proton_shoulder(x: Tensor) -> Tensor:
    """H, Cl, F: two coupled states, the proton on fluorine or, on a shoulder, on chlorine."""
    r1, r2, c = _bonds(x, 0, (2, 1))
    far = (x[:, 1] - x[:, 2]).norm(dim=-1) / ANGSTROM
    u = 1 + c
    v1 = 45000 * _morse(r1, 2.2, 0.935) ** 2 + 6000 * _morse(r2, 1.25, 1.90) ** 2
    v2 = 36000 * _morse(r2, 1.85, 1.285) ** 2 + 8000 * _morse(r1, 1.35, 1.45) ** 2 + 1100
    coupling = 3500 * torch.exp(-(((far - 2.75) / 2.5) ** 2))
    lower = (v1 + v2) / 2 - (((v1 - v2) / 2) ** 2 + coupling**2).sqrt()
    return (lower + 3500 * u + 1800 * u**2) * CM1


def weak_complex(x: Tensor) -> Tensor:
    """Ar, H, F: a linear complex that weak forces hold by 210 cm⁻¹."""
    bond = x[:, 1] - x[:, 2]
    r = bond.norm(dim=-1) / ANGSTROM
    centre = (1.00794 * x[:, 1] + 18.9984 * x[:, 2]) / 20.00634
    way = x[:, 0] - centre
    distance = way.norm(dim=-1) / ANGSTROM
    c = (bond * way).sum(-1) / (bond.norm(dim=-1) * way.norm(dim=-1))
    depth = 110 + 55 * c + 45 * c**2
    length = 3.36 + 0.06 * c + 0.02 * c**2 + 0.10 * (r - 0.917)
    return (49300 * _morse(r, 2.22, 0.917) ** 2 + depth * _morse(distance, 1.55, length) ** 2
            - depth) * CM1  # fmt: skip


def flat_cyanide(x: Tensor) -> Tensor:
    """C, N, C: a linear ion whose bend is so floppy that its barrier is 20 cm⁻¹."""
    r1, r2, c = _bonds(x, 1, (0, 2))
    y1, y2, u = _morse(r1, 2.3, 1.245), _morse(r2, 2.3, 1.245), 1 + c
    bend = -180 * u + 900 * u**2 + 3200 * u**3 - 1500 * u * (y1 + y2)
    return (48000 * (y1**2 + y2**2) + 9000 * y1 * y2 + bend) * CM1


def _around_pair(x: Tensor, share: float) -> tuple[Tensor, Tensor, Tensor]:
    """Bond of the last two atoms, the way to the first from a point on it, and their cosine.

    The point divides the bond: `share` of it lies on the side of the second atom.
    """
    bond = x[:, 2] - x[:, 1]
    way = x[:, 0] - x[:, 1] - share * bond
    r, distance = bond.norm(dim=-1), way.norm(dim=-1)
    return r / ANGSTROM, distance / ANGSTROM, (bond * way).sum(-1) / (r * distance)


def silicon_dicarbide(x: Tensor) -> Tensor:
    """Si, C, C: a T in which C2 turns almost freely, the linear molecule at 1,900 cm⁻¹."""
    r, distance, c = _around_pair(x, 0.5)
    y1 = _morse(r, 2.0, 1.269)
    y2 = 1 - torch.exp(-1.75 * (distance - 1.72 - 0.42 * c**2 + 0.06 * c**4))
    turn = 1300 * c**2 + 1400 * c**4 - 800 * c**6 + 1500 * y1 * c**2
    return (60000 * y1**2 + 33000 * y2**2 + turn) * CM1


def migrating_hydrogen(x: Tensor) -> Tensor:
    """H, O, O: hydrogen on either oxygen atom, 3,000 cm⁻¹ between the two equal wells."""
    r, distance, c = _around_pair(x, 0.5)
    y1 = _morse(r, 2.7, 1.33)
    y2 = 1 - torch.exp(-2.0 * (distance - 1.15 - 0.32 * c**2))
    wells = 3000 * (1 - (c / 0.62) ** 2) ** 2 * (1 + 0.4 * c**2)
    return (45000 * y1**2 + 36000 * y2**2 + wells) * CM1


def crossing_states(x: Tensor) -> Tensor:
    """H, S, H with a kink: the lower of two states that cross without a coupling at 4,000 cm⁻¹."""
    r1, r2, c = _bonds(x, 1, (0, 2))
    y1, y2 = _morse(r1, 1.7, 1.336), _morse(r2, 1.7, 1.336)
    w, z = c - torch.tensor(92.1 * DEGREE).cos(), c - torch.tensor(125.0 * DEGREE).cos()
    bonds = 31000 * (y1**2 + y2**2)
    return torch.minimum(bonds + 14500 * w**2, 0.9 * bonds + 2500 + 14000 * z**2) * CM1


SURFACES: dict[str, Callable[[Tensor], Tensor]] = {
    "half_heavy_water": half_heavy_water,
    "hydrogen_bond": hydrogen_bond,
    "flat_carbon": flat_carbon,
    "quasilinear_hydroxide": quasilinear_hydroxide,
    "methylene": methylene,
    "quartic_dioxide": quartic_dioxide,
    "ozone": ozone,
    "hypochlorous_acid": hypochlorous_acid,
    "nitrous_oxide": nitrous_oxide,
    "nitroxyl": nitroxyl,
    "three_protons": three_protons,
    "bifluoride": bifluoride,
    "bichloride": bichloride,
    "shared_proton": shared_proton,
    "proton_shoulder": proton_shoulder,
    "weak_complex": weak_complex,
    "flat_cyanide": flat_cyanide,
    "silicon_dicarbide": silicon_dicarbide,
    "migrating_hydrogen": migrating_hydrogen,
    "crossing_states": crossing_states,
}
"""Surfaces by name."""

MOLECULES = {
    "half_heavy_water": ("H", "O", "D"),
    "hydrogen_bond": ("Cl", "H", "F"),
    "flat_carbon": ("C", "C", "C"),
    "quasilinear_hydroxide": ("Cs", "O", "H"),
    "methylene": ("H", "C", "H"),
    "quartic_dioxide": ("O", "S", "O"),
    "ozone": ("O", "O", "O"),
    "hypochlorous_acid": ("H", "O", "Cl"),
    "nitrous_oxide": ("N", "N", "O"),
    "nitroxyl": ("H", "N", "O"),
    "three_protons": ("H", "H", "H"),
    "bifluoride": ("F", "H", "F"),
    "bichloride": ("Cl", "H", "Cl"),
    "shared_proton": ("Cl", "H", "Cl"),
    "proton_shoulder": ("H", "Cl", "F"),
    "weak_complex": ("Ar", "H", "F"),
    "flat_cyanide": ("C", "N", "C"),
    "silicon_dicarbide": ("Si", "C", "C"),
    "migrating_hydrogen": ("H", "O", "O"),
    "crossing_states": ("H", "S", "H"),
}
"""Their isotopes."""
