"""Ranges and sizes of the bases, from cuts of the surface and the energies to be reached."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, pi

from pes.units import CM1
from pes.vibration.basis.contraction import contract
from pes.vibration.basis.primitives import PRIMITIVES
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.system.cuts import Cut

__all__ = ["Resolution", "automatic_bases", "fixed_ends"]

PRIMITIVE = {
    "length": "box", "angle": "legendre", "dihedral": "box", "normal": "box",
    "number": "box", "cosine": "polynomial",
}  # fmt: skip
"""Primitive functions by the kind of a coordinate."""

LINEAR = 0.05
"""Radians from linearity at which a range goes on to it."""

ROUNDED = 1e-3
"""Bohr or radians that ends are multiples of, so that those of like coordinates are equal."""

ALIKE = 0.02
"""Part of its width by which ranges of like coordinates may differ and become one."""

NEARER = 2.0
"""Decay that an end moved in comes nearer at most: on the repulsive side of a bond that breaks a
small part of the width would end inside the well."""


@dataclass(frozen=True)
class Resolution:
    """Energy limits and grid spacing of a calculation.

    Attributes:
        cut_energy: products of functions are kept up to this sum of their reference energies
            above the lowest, hartree.
        surplus: quadrature points per function.
        decay: see `Cut.reach`.
        density: the primitive functions resolve this many times `cut_energy`.
        cap: ceiling of V above the minimum, hartree.
        margin: part of the width by which ends that cannot move out are moved in, at most.
    """

    cut_energy: float
    surplus: float = 1.25
    decay: float = 8.0
    density: float = 1.3
    cap: float = 60000 * CM1
    margin: float = 0.0

    def more_points(self) -> "Resolution":
        """A larger surplus of quadrature points."""
        return replace(self, surplus=1.0 + 1.8 * (self.surplus - 1.0))

    def farther(self) -> "Resolution":
        """Wider ranges, denser primitive functions and a higher cap at once."""
        return replace(self, decay=self.decay + 2.5, density=1.4 * self.density, cap=1.3 * self.cap)

    def nearer(self) -> "Resolution":
        """Narrower ranges where their ends cannot move out: the walls there are felt sooner."""
        return replace(self, margin=self.margin + 0.04)

    def more_functions(self, by: float) -> "Resolution":
        """Products up to a higher energy."""
        return replace(self, cut_energy=by * self.cut_energy)


def automatic_bases(
    cuts: Sequence[Cut],
    kinds: Sequence[str],
    names: Sequence[str],
    top: float,
    resolution: Resolution,
    limits: Sequence[tuple[float, float]],
    *,
    given: Sequence[tuple[float, float]] | None = None,
) -> tuple[BasisSpec, ...]:
    """Bases in which levels up to an energy are resolved.

    Args:
        cuts: one for each coordinate.
        kinds: kinds of the coordinates, keys of `PRIMITIVE`.
        names: names of the coordinates.
        top: energy of the highest level above the minimum, hartree.
        resolution: how far and how finely to look.
        limits: ends that no range passes.
        given: ranges of the user, kept as they are.
    """
    ranges = list(given) if given else _ranges(cuts, kinds, top, resolution.decay, limits)
    if resolution.margin:
        fixed = fixed_ends(ranges, kinds, given or limits)
        ranges = [
            _moved_in(cut, top, ends, here, resolution.margin)
            for cut, ends, here in zip(cuts, ranges, fixed, strict=True)
        ]
    specs = [
        _spec(cut, kind, name, ends, resolution)
        for cut, kind, name, ends in zip(cuts, kinds, names, ranges, strict=True)
    ]
    # Like coordinates get the larger of their sizes, so that exchanges stay symmetries.
    return tuple(replace(_largest([t for t in specs if _alike(s, t)]), name=s.name) for s in specs)


def _moved_in(
    cut: Cut, top: float, ends: tuple[float, float], fixed: tuple[bool, bool], margin: float
) -> tuple[float, float]:
    """Fixed ends moved in by a part of the width, but not far up a steep wall."""
    low, high = ends
    step = margin * (high - low)
    if fixed[0]:
        low = min(low + step, cut.nearer(top, low, NEARER))
    if fixed[1]:
        high = max(high - step, cut.nearer(top, high, NEARER))
    return low, high


def fixed_ends(
    ranges: Sequence[tuple[float, float]],
    kinds: Sequence[str],
    limits: Sequence[tuple[float, float]],
) -> list[tuple[bool, bool]]:
    """Whether each end stands at a limit that is not an end of the domain, as linearity is."""
    return [
        (
            low <= a + ROUNDED and not (kind == "angle" and low < LINEAR),
            high >= b - ROUNDED and not (kind == "angle" and high > pi - LINEAR),
        )
        for (low, high), kind, (a, b) in zip(ranges, kinds, limits, strict=True)
    ]


def _alike(one: BasisSpec, other: BasisSpec) -> bool:
    return (one.basis, one.low, one.high) == (other.basis, other.low, other.high)


def _largest(specs: Sequence[BasisSpec]) -> BasisSpec:
    return replace(
        specs[0],
        functions=max(s.functions for s in specs),
        points=max(s.points or 0 for s in specs),
        primitives=max(s.primitives for s in specs),
    )


def _ranges(
    cuts: Sequence[Cut],
    kinds: Sequence[str],
    top: float,
    decay: float,
    limits: Sequence[tuple[float, float]],
) -> list[tuple[float, float]]:
    """Ends where the highest level has died out, the same for coordinates that are alike."""
    ends = []
    for cut, kind in zip(cuts, kinds, strict=True):
        low, high = cut.reach(top, decay)
        if kind == "angle":
            low, high = (0.0 if low < LINEAR else low), (pi if high > pi - LINEAR else high)
        if kind in ("normal", "dihedral") and abs(low + high) < ALIKE * (high - low):
            high = max(-low, high)
            low = -high
        ends.append((low, high))
    joined = []
    for (low, high), kind in zip(ends, kinds, strict=True):
        near = [
            (a, b)
            for (a, b), other in zip(ends, kinds, strict=True)
            if other == kind and abs(a - low) + abs(b - high) < ALIKE * (high - low)
        ]
        low, high = min(a for a, _ in near), max(b for _, b in near)
        # Natural ends stay what they are.
        low = low if low in (0.0, -pi) else floor(low / ROUNDED) * ROUNDED
        high = high if high == pi else ceil(high / ROUNDED) * ROUNDED
        joined.append((low, high))
    return [(max(low, a), min(high, b)) for (low, high), (a, b) in zip(joined, limits, strict=True)]


def _spec(
    cut: Cut, kind: str, name: str, ends: tuple[float, float], resolution: Resolution
) -> BasisSpec:
    """Functions up to the cut energy, in primitives that resolve more than that."""
    low, high = ends
    fastest = cut.wave_number(resolution.density * resolution.cut_energy)
    primitives = ceil(fastest * (high - low) / pi) + 8
    if kind == "angle":
        # Points of Legendre functions lie less densely in the middle than at the ends.
        primitives = ceil(1.3 * primitives)
    primitive = PRIMITIVES[PRIMITIVE[kind]](low, high, primitives)
    v, g = cut.mean(primitive.points)
    # A few of the highest functions of a primitive basis are none of the surface's.
    every = contract(primitive, v.clamp(max=resolution.cap), g, primitives - 1, range=ends)
    within = every.energies - every.energies[0] <= resolution.cut_energy
    functions = max(3, min(int(within.sum()), primitives - 3))
    # Few functions take more points than their share.
    least = functions + ceil(2 * (resolution.surplus - 1.0) / (Resolution.surplus - 1.0))
    points = min(primitives - 1, max(least, ceil(resolution.surplus * functions)))
    return BasisSpec(PRIMITIVE[kind], low, high, functions, points, primitives, name)
