"""The part of `pes-evaluate` that looks for holes."""

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from pes.data import Dataset
from pes.data.formats.extxyz import write_geometries
from pes.molecule import Molecule
from pes.potential import Surface
from pes.potential.holes.box import DistanceBox, distance_box
from pes.potential.holes.coverage import Coverage
from pes.potential.holes.search import Hole, HoleSearch, doubtful_regions, holes, numerical
from pes.run.evaluate.tables import bonds
from pes.units import ANGSTROM, CM1

__all__ = ["search_holes"]

log = logging.getLogger("pes")

LIMIT = 0.01
"""Of the range of the training energies: members of an ensemble that differ by more disagree."""
LISTED = 10


@dataclass(frozen=True)
class Known:
    """What a surface was fitted to, or the points at hand where it does not say.

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
    folder: Path, loaded: Surface, points: Dataset, samples: int, place: torch.device
) -> dict[str, Any]:
    """Look for holes, log what was found, write holes.xyz; the same for evaluation.json.

    Args:
        folder: of the evaluation.
        loaded: the surface, on its device.
        points: that it is evaluated on; they span the region if it has no training points.
        samples: geometries to look at.
        place: device.
    """
    known = _known(loaded, points, place)
    elements = Molecule(known.symbols).elements
    box = distance_box(elements, known.positions)
    gradient = None
    if not loaded.differentiable:
        gradient = partial(numerical, loaded.potential)
    began = time.monotonic()
    with tqdm(unit="energy", unit_scale=True, desc="holes", disable=None) as progress:
        found = holes(
            loaded.potential, box, known.positions, samples, start=known.start,
            gradient=gradient, tick=progress.update,
        )  # fmt: skip
        doubts = _doubts(loaded, box, known, found, samples, progress.update)
    seconds = time.monotonic() - began
    coverage = Coverage(elements, known.positions)
    whose = "training points" if loaded.record is not None else "points"
    log.info(
        "holes: %d geometries within the distances of the %s (%s A), %.1f s",
        found.samples, whose, _bounds(box), seconds,
    )  # fmt: skip
    log.info(
        "minimum of the surface: %+.2f cm-1 from the lowest label, %s",
        (found.minimum - known.lowest) / CM1, bonds(found.well, elements),
    )  # fmt: skip
    if found.holes:
        log.info(
            "%d places below the minimum, the deepest by %.0f cm-1; %.2g %% of the geometries",
            len(found.holes), -found.holes[0].energy / CM1, 100 * found.share_below,
        )  # fmt: skip
    else:
        log.info("no place below the minimum")
    below, doubts = _nearest_first(found.holes, coverage), _nearest_first(doubts, coverage)
    _list(below, elements)
    if doubts is not None:
        log.info(
            "%d places below %.0f cm-1 where members differ by more than %.0f cm-1, %g %% of that",
            len(doubts), (known.highest - found.minimum) / CM1, _limit(known, found) / CM1,
            100 * LIMIT,
        )  # fmt: skip
        _list(doubts, elements)
    if below or doubts:
        log.info(
            "add points there (holes.xyz has all), or keep the ranges of coordinates away; "
            "pes-levels warns where its grid meets a hole"
        )
    _write(folder / "holes.xyz", known.symbols, [*(below or ()), *(doubts or ())])
    return {
        "samples": found.samples,
        "seconds": seconds,
        "minimum_hartree": found.minimum,
        "share_below_minimum": found.share_below,
        "below_minimum": [place.numbers for place in below or ()],
        "disagreement": None if doubts is None else [place.numbers for place in doubts],
    }


def _known(loaded: Surface, points: Dataset, place: torch.device) -> Known:
    """The training points, the lowest of them told by the lowest label."""
    if loaded.record is None:
        lowest = points.energies.argmin()
        energies = points.energies
        positions = points.positions.to(place)
        return Known(
            points.symbols, positions, positions[lowest], float(energies.min()),
            float(energies.max()),
        )  # fmt: skip
    record = loaded.record
    positions = record.training_positions.to(place)
    with torch.no_grad():
        energies = torch.cat([loaded.potential(part) for part in positions.split(2048)])
    # Not the lowest energy: a training point may lie in a hole itself.
    start = positions[(energies - record.energy_range[0]).abs().argmin()]
    return Known(record.symbols, positions, start, *record.energy_range)


def _limit(known: Known, found: HoleSearch) -> float:
    return LIMIT * (known.highest - found.minimum)


def _doubts(
    loaded: Surface, box: DistanceBox, known: Known, found: HoleSearch, samples: int, tick: Any
) -> tuple[Hole, ...] | None:
    """Places where an ensemble disagrees, None for any other surface."""
    if loaded.ensemble is None:
        return None
    return doubtful_regions(
        loaded.ensemble.each, box, known.positions, samples,
        minimum=found.minimum, top=known.highest, limit=_limit(known, found), tick=tick,
    )  # fmt: skip


def _bounds(box: DistanceBox) -> str:
    """Bounds of each kind of distance in Å."""
    names = ["-".join(pair) for pair in combinations(box.elements, 2)]
    ends = zip((box.low / ANGSTROM).tolist(), (box.high / ANGSTROM).tolist(), strict=True)
    shown = {name: f"{low:.2f}-{high:.2f}" for name, (low, high) in zip(names, ends, strict=True)}
    return ", ".join(f"{name} {span}" for name, span in shown.items())


@dataclass(frozen=True)
class Place:
    """A hole and its numbers as the files name them."""

    positions: Tensor
    numbers: dict[str, float]


def _nearest_first(found: Sequence[Hole] | None, coverage: Coverage) -> list[Place] | None:
    """Those that a wavefunction is likely to meet before those in far corners."""
    if found is None:
        return None
    places = []
    for hole in found:
        numbers = {"above_minimum_cm1": hole.energy / CM1}
        numbers["nearest_training"] = float(coverage(hole.positions[None]))
        if hole.spread is not None:
            numbers["spread_cm1"] = hole.spread / CM1
        places.append(Place(hole.positions, numbers))
    return sorted(places, key=lambda place: place.numbers["nearest_training"])


def _list(found: Sequence[Place] | None, elements: Sequence[str]) -> None:
    if not found:
        return
    spread = "spread_cm1" in found[0].numbers
    log.info("%14s%9s%s  distances (A)", "energy/cm-1", "nearest", f"{'spread':>10}" * spread)
    for place in found[:LISTED]:
        numbers = place.numbers
        shown = f"{numbers['spread_cm1']:10.1f}" if spread else ""
        log.info(
            "%14.1f%9.2f%s  %s", numbers["above_minimum_cm1"], numbers["nearest_training"], shown,
            bonds(place.positions, elements),
        )  # fmt: skip
    if len(found) > LISTED:
        log.info("%14s", f"and {len(found) - LISTED} more")


def _write(path: Path, symbols: Sequence[str], found: Sequence[Place]) -> None:
    """All places as extended XYZ; no file where there is none."""
    if not found:
        return
    names = dict.fromkeys(name for place in found for name in place.numbers)
    # No spread was asked for at a hole below the minimum.
    columns = {name: [place.numbers.get(name, math.nan) for place in found] for name in names}
    write_geometries(path, symbols, torch.stack([p.positions for p in found]).cpu(), columns)
