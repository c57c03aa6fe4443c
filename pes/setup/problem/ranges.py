"""Ranges of the coordinates, and the minimum of the well."""

from collections.abc import Sequence
from math import ceil, floor, pi

import torch
from torch import Tensor

from pes.coordinates import Internal
from pes.coordinates.internal import zero_at_minimum
from pes.coordinates.kinds import KINDS
from pes.molecule import Molecule, like_permutations
from pes.potential import Surface, SurfaceRecord
from pes.setup.minima.geometry import Geometries
from pes.vibration.system.minimum import EdgeError, minimum, reach
from pes.vibration.system.region import energies_or_infinite
from pes.vibration.system.system import System

__all__ = ["automatic_ranges", "coordinate_limits", "sampled", "start_within", "straightened"]

STRAIGHT = 1e-4
"""Radians from a right or straight angle that count as none."""

ALIKE = 0.02
"""Radians by which the ends of a dihedral that holds a mirror image may differ by the search."""

BEYOND = 1.5
"""Range of normal coordinates relative to the farthest training points; levels vanish before."""

PAST, STEPS, RISE = 3.0, 20, 1e-4
"""Standard deviations of the points of a fit by which a range may pass the last one, steps on the
way, and hartree by which the surface must rise in each."""

DIGITS = 9
"""Decimals, in bohr, of the ends of lengths beyond the points of a fit."""

ROUNDED = 1e-4
"""Bohr or radians that ends found by themselves are multiples of."""


def start_within(
    ranges: Sequence[tuple[float, float]], internal: Internal, system: System
) -> Tensor:
    """A point near the bottom (Q,) inside given ranges.

    Raises:
        ValueError: if the lowest point lies at the end of a range.
    """
    if zero_at_minimum(internal.kinds):
        return torch.zeros(len(internal.names), dtype=torch.float64)
    return _lowest(system, ranges, internal)


def _lowest(
    system: System,
    ranges: Sequence[tuple[float, float]],
    internal: Internal,
    near: Tensor | None = None,
) -> Tensor:
    """Lowest point (Q,); a range that ends there is named as the user gives it."""
    try:
        return minimum(system, ranges, near=near)[0]
    except EdgeError as edge:
        name, kind = internal.names[edge.coordinate], KINDS[internal.kinds[edge.coordinate]]
        place, low, high = (x / kind.size for x in (edge.place, edge.low, edge.high))
        raise ValueError(edge.sentence(name, place, low, high, kind.unit)) from None


def automatic_ranges(
    energy: float, geometries: Geometries, internal: Internal, masses: Tensor, system: System
) -> tuple[Tensor, list[tuple[float, float]]]:
    """A point near the bottom (Q,), and the ends of each coordinate, bohr and radians.

    Args:
        energy: height above the minimum up to which cuts are followed, hartree.
        geometries: minima of the surface.
        internal: coordinates.
        masses: (N,).
        system: V and G of the coordinates.
    """
    start = _start(geometries, internal, masses)
    limits = coordinate_limits(geometries.surface, internal, masses, system)
    if zero_at_minimum(internal.kinds):
        return start, reach(system, start, limits, energy)
    bottom = _lowest(system, limits, internal, near=start)
    bottom, special = straightened(bottom, internal)
    ranges = reach(system, bottom, limits, energy)
    # About a special angle both sides are alike already.
    ranges = [
        ends if right else _outward(ends, limit)
        for ends, limit, right in zip(ranges, limits, special, strict=True)
    ]
    return bottom, [
        _about_half_a_turn(ends) if kind == "dihedral" else ends
        for ends, kind in zip(ranges, internal.kinds, strict=True)
    ]


def _about_half_a_turn(ends: tuple[float, float]) -> tuple[float, float]:
    """Ends of a dihedral, made mirror images where a search left them nearly so.

    Then the reflection of the molecule is a symmetry of the functions too.
    """
    low, high = ends
    beyond = max(pi - low, high - pi)
    return (pi - beyond, pi + beyond) if abs(low + high - 2 * pi) < ALIKE else ends


def straightened(bottom: Tensor, internal: Internal) -> tuple[Tensor, list[bool]]:
    """The point with angles next to a multiple of π/2 moved there, and which angles these are."""
    whole = (bottom / (pi / 2)).round() * (pi / 2)
    angles = torch.tensor([kind in ("angle", "dihedral", "azimuth") for kind in internal.kinds])
    special = angles & ((bottom - whole).abs() < STRAIGHT)
    return torch.where(special, whole, bottom), special.tolist()


def _outward(ends: tuple[float, float], limit: tuple[float, float]) -> tuple[float, float]:
    """Ends rounded outwards, so that those of like coordinates become equal."""
    low, high = floor(ends[0] / ROUNDED) * ROUNDED, ceil(ends[1] / ROUNDED) * ROUNDED
    return max(low, limit[0]), min(high, limit[1])


def coordinate_limits(
    surface: Surface, internal: Internal, masses: Tensor, system: System
) -> list[tuple[float, float]]:
    """Ends that auto never passes: lengths of a fit go on past its points while it rises.

    Inwards the repulsive wall itself is the end, points or not; angles go on to linearity.

    Args:
        surface: surface with the points that it was fitted to, or the ranges that it declares
            itself.
        internal: coordinates.
        masses: (N,).
        system: V of these coordinates.
    """
    kinds = [KINDS[kind].limits for kind in internal.kinds]
    pairs = zip(kinds, internal.bounds(), strict=True)
    limits = [(max(a, low), min(b, high)) for (a, b), (low, high) in pairs]
    if zero_at_minimum(internal.kinds):
        return limits if surface.record is None else _near(surface.record, internal, masses, limits)
    declared = getattr(surface.potential, "ranges", None)
    if surface.record is not None:
        farthest = _past_points(sampled(surface.record, internal, masses), internal, system)
    elif declared is None:
        return limits
    else:
        sizes = [KINDS[kind].size for kind in internal.kinds]
        ends = [(low * u, high * u) for (low, high), u in zip(declared, sizes, strict=True)]
        if getattr(internal, "settings", {}).get("kind") == "valence":
            # The surface itself says where it has no holes.
            return [(max(a, c), min(b, d)) for (a, b), (c, d) in zip(limits, ends, strict=True)]
        farthest = [high for _, high in ends]
    return [
        (low, min(high, far) if kind == "length" else high)
        for (low, high), kind, far in zip(limits, internal.kinds, farthest, strict=True)
    ]


def _past_points(q: Tensor, internal: Internal, system: System) -> list[float]:
    """Upper ends of lengths: past the last point (bohr) while the surface rises there.

    A wall at the last point moves levels that hardly reach it by far more than a fit errs just
    beyond; where the fit falls or is flat, it says nothing about what lies behind.

    Args:
        q: points of the fit, (T, Q).
        internal: coordinates.
        system: V of these coordinates.
    """
    ends = q.amax(0)
    for k, kind in enumerate(internal.kinds):
        if kind == "length":
            outward = q[q[:, k].argmax()].repeat(STEPS + 1, 1)
            last = float(ends[k] + PAST * q[:, k].std())
            outward[:, k] = torch.linspace(float(ends[k]), last, STEPS + 1, dtype=q.dtype)
            rises = energies_or_infinite(system, outward).diff() > RISE
            # Ends of like coordinates differ in the last bit, which would hide a symmetry.
            ends[k] = round(float(outward[int(rises.cumprod(0).sum()), k]), DIGITS)
    return ends.tolist()


def _near(
    record: SurfaceRecord,
    internal: Internal,
    masses: Tensor,
    limits: Sequence[tuple[float, float]],
) -> list[tuple[float, float]]:
    """Ends of normal coordinates: somewhat farther than the training points go."""
    q = sampled(record, internal, masses)
    ends = zip((BEYOND * q.amin(0)).tolist(), (BEYOND * q.amax(0)).tolist(), strict=True)
    return [(max(low, a), min(high, b)) for (low, high), (a, b) in zip(limits, ends, strict=True)]


def sampled(record: SurfaceRecord, internal: Internal, masses: Tensor) -> Tensor:
    """q of the training points and of their copies under permutation of like atoms."""
    elements = Molecule(record.symbols).elements
    copies = [record.training_positions[:, order] for order in like_permutations(elements)]
    return internal.from_positions(torch.cat(copies), masses)


def _start(geometries: Geometries, internal: Internal, masses: Tensor) -> Tensor:
    """Coordinates near the lowest minimum; normal ones are zero there."""
    if zero_at_minimum(internal.kinds):
        return torch.zeros(len(internal.names), dtype=torch.float64)
    return internal.from_positions(geometries.wells[0], masses)
