"""How far each coordinate reaches, and where the bottom of the well is."""

from collections.abc import Mapping, Sequence
from math import ceil, floor, pi

import torch
from torch import Tensor

from pes.coordinates import Curvilinear, Internal, NormalModes
from pes.coordinates.kinds import KINDS
from pes.molecule import Molecule, like_permutations
from pes.potential import Surface, SurfaceRecord
from pes.setup.coordinates import CoordinateRequest
from pes.units import ANGSTROM, CM1
from pes.vibration.system.minimum import minimum, reach
from pes.vibration.system.system import System

__all__ = ["sampled", "start_and_ranges"]

STRAIGHT = 1e-4
"""Radians from a right or straight angle that count as none."""

ROUNDED = 1e-4
"""Bohr or radians that ends found by themselves are multiples of."""


def start_and_ranges(
    request: CoordinateRequest, surface: Surface, internal: Internal, masses: Tensor, system: System
) -> tuple[Tensor, list[tuple[float, float]]]:
    """A point near the bottom and the ends of each coordinate, bohr and radians."""
    units = [KINDS[kind].size for kind in internal.kinds]
    wanted = request.ranges
    if not isinstance(wanted, str):
        ranges = _given_ranges(wanted, internal, units)
        return minimum(system, ranges)[0], ranges
    start = _start(request, surface, internal, masses, system)
    limits = _limits(surface, internal, masses)
    if isinstance(internal, NormalModes | Curvilinear):
        return start, reach(system, start, limits, request.energy * CM1)
    bottom, _ = minimum(system, limits, near=start)
    bottom, special = _straightened(bottom, internal)
    ranges = reach(system, bottom, limits, request.energy * CM1)
    # About a special angle both sides are alike already.
    return bottom, [
        ends if right else _outward(ends, limit)
        for ends, limit, right in zip(ranges, limits, special, strict=True)
    ]


def _straightened(bottom: Tensor, internal: Internal) -> tuple[Tensor, list[bool]]:
    """Angles that the search left next to a multiple of π/2 put there, and which these are."""
    whole = (bottom / (pi / 2)).round() * (pi / 2)
    angles = torch.tensor([kind in ("angle", "dihedral") for kind in internal.kinds])
    special = angles & ((bottom - whole).abs() < STRAIGHT)
    return torch.where(special, whole, bottom), special.tolist()


def _outward(ends: tuple[float, float], limit: tuple[float, float]) -> tuple[float, float]:
    """Ends rounded: those of like coordinates, the same but for the search, become equal."""
    low, high = floor(ends[0] / ROUNDED) * ROUNDED, ceil(ends[1] / ROUNDED) * ROUNDED
    return max(low, limit[0]), min(high, limit[1])


def _limits(surface: Surface, internal: Internal, masses: Tensor) -> list[tuple[float, float]]:
    """Ends that auto never passes: lengths go as far out as the training points do.

    Inwards the repulsive wall itself is the end, points or not; angles go on to linearity.
    """
    limits = [KINDS[kind].limits for kind in internal.kinds]
    if isinstance(internal, Curvilinear):
        ends = zip(limits, internal.ends(), strict=True)
        return [(max(a, low), min(b, high)) for (a, b), (low, high) in ends]
    if surface.record is not None:
        farthest = sampled(surface.record, internal, masses).amax(0).tolist()
    elif isinstance(internal, NormalModes | Curvilinear):
        return limits
    elif (ranges := getattr(surface.potential, "ranges", None)) is not None:
        units = [KINDS[kind].size for kind in internal.kinds]
        farthest = [high * size for (_, high), size in zip(ranges, units, strict=True)]
    else:
        return limits
    return [
        (low, min(high, far) if kind == "length" else high)
        for (low, high), kind, far in zip(limits, internal.kinds, farthest, strict=True)
    ]


def sampled(record: SurfaceRecord, internal: Internal, masses: Tensor) -> Tensor:
    """q of the training points and of their copies under permutation of like atoms."""
    elements = Molecule(record.symbols).elements
    copies = [record.training_positions[:, order] for order in like_permutations(elements)]
    return internal.from_positions(torch.cat(copies), masses)


def _given_ranges(
    wanted: Mapping[str, tuple[float, float]], internal: Internal, units: Sequence[float]
) -> list[tuple[float, float]]:
    if set(wanted) != set(internal.names):
        raise ValueError(
            f"`coordinates.ranges` must name {', '.join(internal.names)}, got {', '.join(wanted)}"
        )
    ranges = []
    for name, kind, size in zip(internal.names, internal.kinds, units, strict=True):
        low, high = wanted[name]
        if not low < high:
            raise ValueError(f"`coordinates.ranges.{name}`: {low} is not below {high}")
        if kind in ("length", "angle") and (low < 0 or (kind == "length" and low == 0)):
            raise ValueError(f"`coordinates.ranges.{name}`: a {kind} must be positive, got {low}")
        if kind == "dihedral" and high - low > 360:
            raise ValueError(f"`coordinates.ranges.{name}` spans more than a full turn")
        if kind == "angle" and high > 180:
            raise ValueError(
                f"`coordinates.ranges.{name}` reaches past linearity: {high} degrees; "
                "the largest angle is 180"
            )
        ranges.append((low * size, min(high * size, pi) if kind == "angle" else high * size))
    return ranges


def _start(
    request: CoordinateRequest, surface: Surface, internal: Internal, masses: Tensor, system: System
) -> Tensor:
    """The reference given, the lowest of the training points, or of an analytic surface's range."""
    if isinstance(internal, NormalModes | Curvilinear):
        return torch.zeros(len(internal.names), dtype=torch.float64)
    if request.reference is not None:
        count = len(masses)
        given = torch.as_tensor(request.reference, dtype=torch.float64) * ANGSTROM
        if given.shape != (count, 3):
            raise ValueError(
                f"`coordinates.reference` holds {len(given)} positions for {count} atoms"
            )
        return internal.from_positions(given, masses)
    if surface.record is not None:
        q = internal.from_positions(surface.record.training_positions, masses)
        with torch.no_grad():
            return q[system.potential(q).argmin()]
    ranges = getattr(surface.potential, "ranges", None)
    if ranges is None:
        raise ValueError(
            "`coordinates.ranges` is needed: auto takes a surface file, whose training points "
            "say where to start, or `coordinates.reference`"
        )
    sizes = [KINDS[kind].size for kind in internal.kinds]
    scaled = [(a * u, b * u) for (a, b), u in zip(ranges, sizes, strict=True)]
    return minimum(system, scaled)[0]
