"""Search for holes of a surface, and for places where the members of an ensemble disagree."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pes.chunks import in_chunks
from pes.data import Dataset
from pes.data.formats.extxyz import write_geometries
from pes.molecule import Molecule
from pes.potential import Surface
from pes.potential.holes.box import DistanceBox, distance_box
from pes.potential.holes.coverage import Coverage
from pes.potential.holes.search import Hole, HoleSearch, doubtful_regions, holes, numerical
from pes.units import CM1

__all__ = ["DISAGREEMENT", "HoleReport", "Place", "search_holes"]

DISAGREEMENT = 0.01
"""Spread of an ensemble, relative to the range of the training energies, from which its members
disagree."""

CHUNK = 2048

Tick = Callable[[int], object]


@dataclass(frozen=True, eq=False)
class Place:
    """A hole, or a place where members disagree.

    Attributes:
        positions: (N, 3) in bohr.
        numbers: `above_minimum_cm1`, `nearest_training` and, of an ensemble, `spread_cm1`.
    """

    positions: Tensor
    numbers: dict[str, float]


@dataclass(frozen=True, eq=False)
class HoleReport:
    """Result of a search for holes, places near the training points first.

    Attributes:
        symbols: isotopes.
        search: minimum of the surface and number of geometries.
        box: range of every distance, where the search looked.
        from_training: whether the box is that of the training points, else of the points at hand.
        lowest, highest: energies of these points in hartree.
        below: places below the minimum.
        disagreement: places where the members differ by more than `limit`; None for a surface
            that is not an ensemble.
        limit: spread in hartree.
        seconds: wall time.
    """

    symbols: tuple[str, ...]
    search: HoleSearch
    box: DistanceBox
    from_training: bool
    lowest: float
    highest: float
    below: tuple[Place, ...]
    disagreement: tuple[Place, ...] | None
    limit: float
    seconds: float

    @property
    def places(self) -> tuple[Place, ...]:
        """All of them."""
        return (*self.below, *(self.disagreement or ()))

    def __repr__(self) -> str:
        doubtful = "" if self.disagreement is None else f", {len(self.disagreement)} in doubt"
        return (
            f"HoleReport({self.search.samples} geometries: {len(self.below)} places below the "
            f"minimum{doubtful})"
        )

    def summary(self) -> dict[str, Any]:
        """Numbers of the search, of plain types."""
        unsure = self.disagreement
        return {
            "samples": self.search.samples,
            "seconds": self.seconds,
            "minimum_hartree": self.search.minimum,
            "share_below_minimum": self.search.share_below,
            "below_minimum": [place.numbers for place in self.below],
            "disagreement": None if unsure is None else [place.numbers for place in unsure],
        }

    def save(self, path: Path) -> None:
        """Write all places as extended XYZ; no file where there is none."""
        if not self.places:
            return
        names = dict.fromkeys(name for place in self.places for name in place.numbers)
        # The spread is not computed at a hole below the minimum.
        columns = {
            name: [place.numbers.get(name, math.nan) for place in self.places] for name in names
        }
        positions = torch.stack([place.positions for place in self.places]).cpu()
        write_geometries(path, self.symbols, positions, columns)


@dataclass(frozen=True, eq=False)
class KnownPoints:
    """Points a surface was fitted to, or the points at hand where it does not say.

    Attributes:
        symbols: isotopes.
        positions: (T, N, 3) in bohr.
        start: geometry (N, 3) of about the lowest point.
        lowest, highest: energies in hartree.
    """

    symbols: tuple[str, ...]
    positions: Tensor
    start: Tensor
    lowest: float
    highest: float


def search_holes(
    surface: Surface, points: Dataset, samples: int, *, device: torch.device, tick: Tick = int
) -> HoleReport:
    """Look for holes, and where an ensemble disagrees.

    Args:
        surface: surface on the device.
        points: labelled points; they span the region if the surface holds no training points.
        samples: geometries to look at.
        device: where the surface is.
        tick: called with the number of evaluations done.

    Raises:
        ValueError: if no geometry lies in the region.
    """
    known = _known_points(surface, points, device)
    elements = Molecule(known.symbols).elements
    box = distance_box(elements, known.positions)
    gradient = None if surface.differentiable else partial(numerical, surface.potential)
    began = time.monotonic()
    search = holes(
        surface.potential,
        box,
        known.positions,
        samples,
        start=known.start,
        gradient=gradient,
        tick=tick,
    )
    limit = DISAGREEMENT * (known.highest - search.minimum)
    doubtful = _doubtful(surface, box, known, search, samples, limit, tick)
    seconds = time.monotonic() - began
    coverage = Coverage(elements, known.positions)
    return HoleReport(
        known.symbols, search, box, surface.record is not None, known.lowest, known.highest,
        _nearest_first(search.holes, coverage),
        None if doubtful is None else _nearest_first(doubtful, coverage), limit, seconds,
    )  # fmt: skip


def _known_points(surface: Surface, points: Dataset, device: torch.device) -> KnownPoints:
    """Training points; the one nearest to the lowest label stands for the minimum."""
    if surface.record is None:
        positions, energies = points.positions.to(device), points.energies
        span = float(energies.min()), float(energies.max())
        return KnownPoints(points.symbols, positions, positions[energies.argmin()], *span)
    record = surface.record
    positions = record.training_positions.to(device)
    with torch.no_grad():
        energies = in_chunks(surface.potential, positions, CHUNK)
    # Not the lowest energy: a training point may lie in a hole itself.
    start = positions[(energies - record.energy_range[0]).abs().argmin()]
    return KnownPoints(record.symbols, positions, start, *record.energy_range)


def _doubtful(
    surface: Surface,
    box: DistanceBox,
    known: KnownPoints,
    search: HoleSearch,
    samples: int,
    limit: float,
    tick: Tick,
) -> tuple[Hole, ...] | None:
    """Places where an ensemble disagrees, None for any other surface."""
    if surface.ensemble is None:
        return None
    return doubtful_regions(
        surface.ensemble.each, box, known.positions, samples,
        minimum=search.minimum, top=known.highest, limit=limit, tick=tick,
    )  # fmt: skip


def _nearest_first(places: Sequence[Hole], coverage: Coverage) -> tuple[Place, ...]:
    """Places that a wavefunction is likely to meet before those in far corners."""
    named = []
    for hole in places:
        numbers = {"above_minimum_cm1": hole.energy / CM1}
        numbers["nearest_training"] = float(coverage(hole.positions[None]))
        if hole.spread is not None:
            numbers["spread_cm1"] = hole.spread / CM1
        named.append(Place(hole.positions, numbers))
    return tuple(sorted(named, key=lambda place: place.numbers["nearest_training"]))
