"""Relaxed cuts of the region that levels can reach, which must hold no hole."""

from collections.abc import Sequence

import torch
from torch import Tensor

from pes.places import Places
from pes.units import CM1
from pes.vibration.system.cuts import Cut, relaxed_cuts
from pes.vibration.system.minimum import OuterSurfaceError
from pes.vibration.system.region import Region, energies_or_infinite, low_region
from pes.vibration.system.roughness import jumps
from pes.vibration.system.system import System

__all__ = ["cuts_below"]

SAMPLES = 200
"""Points of the region at which a surface is asked for its noise."""

NOISE = 20
"""Depth of a hole, in the jumps of a surface that is not smooth."""

NEARER = 0.7
"""Part of the energy below which the region is looked at again after a hole."""

DEEPER = 1e-5
"""Hartree below the minimum from which a point inside the region belongs to a hole."""


def cuts_below(
    system: System,
    wells: Tensor,
    energy: float,
    limits: Sequence[tuple[float, float]],
    kinds: Sequence[str],
    *,
    given: Sequence[tuple[float, float]] | None = None,
    sampled: Sequence[tuple[float, float]] | None = None,
) -> tuple[Cut, ...]:
    """A cut along each coordinate, the others relaxed where V stays below an energy.

    Where the surface has a hole, ranges that the user gave are what is looked at, or else the
    region below a lower energy, or between the points of the fit, which may end before it.

    Args:
        system: V and G.
        wells: the lowest minimum, and others that belong to the molecule, (W, Q).
        energy: energy above the minimum, hartree.
        limits: ends that no coordinate passes.
        kinds: kinds of the coordinates.
        given: ranges of the user.
        sampled: ends of the points to which the surface was fitted.

    Raises:
        OuterSurfaceError: if the surface falls below its minimum in that region.
    """
    region = low_region(system, wells, energy, limits)
    nearer = (NEARER * energy, limits), (energy, _between(limits, kinds, sampled))
    for other in ((energy, given),) if given else nearer:
        if region.depth > DEEPER:
            region = low_region(system, wells, *other)
    _check_holes(system, region, sampled)
    return relaxed_cuts(system, region, wells[0])


def _between(
    limits: Sequence[tuple[float, float]],
    kinds: Sequence[str],
    sampled: Sequence[tuple[float, float]] | None,
) -> Sequence[tuple[float, float]]:
    """Limits of which lengths end with the points; inwards the wall itself is the end."""
    if sampled is None:
        return limits
    return [
        (low, min(high, last) if kind == "length" else high)
        for (low, high), kind, (_, last) in zip(limits, kinds, sampled, strict=True)
    ]


def _check_holes(
    system: System,
    region: Region,
    sampled: Sequence[tuple[float, float]] | None,
) -> None:
    if region.depth > DEEPER and region.depth > NOISE * _noise(system, region):
        place = system.places.text(region.lowest)
        raise OuterSurfaceError(
            f"the surface falls {region.depth / CM1:.1f} cm-1 below its minimum at {place}, "
            "which the levels can reach: there is a hole, or a lower minimum; "
            f"{_beyond(region.lowest.tolist(), system.places, sampled)}give positions near the "
            "lowest minimum (`coordinates.reference`) or narrower `coordinates.ranges`"
        )


def _beyond(
    place: Sequence[float], places: Places, sampled: Sequence[tuple[float, float]] | None
) -> str:
    """Advice about a place outside the points to which the surface was fitted, or nothing."""
    outside = [
        f"{places.name(k)} ({places.value(k, low)} to {places.value(k, high)})"
        for k, (q, (low, high)) in enumerate(zip(place, sampled or (), strict=False))
        if not low <= q <= high
    ]
    if not outside:
        return ""
    return (
        f"the points that it was fitted to end before that place in {' and '.join(outside)}: add "
        "points there and fit again, or "
    )


def _noise(system: System, region: Region) -> float:
    """Median jump of the values in a region: steps and noise make places below the minimum too."""
    places = region.inside.nonzero()
    some = places[torch.linspace(0, len(places) - 1, min(SAMPLES, len(places))).round().long()]
    q = torch.stack([axis[i] for axis, i in zip(region.axes, some.T, strict=True)], 1)
    return float(jumps(lambda moved: energies_or_infinite(system, moved), q).median())
