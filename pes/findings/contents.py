"""Contents of a set of points, in a few lines."""

from itertools import combinations
from typing import Any

from pes.data import Dataset
from pes.geometry import distances
from pes.molecule import Molecule
from pes.training.errors import WINDOWS, window_masks
from pes.units import ANGSTROM, CM1

__all__ = ["content_lines", "content_summary"]


def content_lines(dataset: Dataset) -> list[str]:
    """Quantities, range of the labels, counts by energy window, range of the distances."""
    lowest = int(dataset.energies.argmin())
    heights = (dataset.energies - dataset.energies.min()) / CM1
    held = [name for name in ("forces", "dipoles") if getattr(dataset, name) is not None]
    held += [f"{name} ({unit})" for name, unit in dataset.column_units.items()]
    counts = {
        ("in all" if name == "all" else f"below {name} cm-1"): int(mask.sum())
        for name, mask in window_masks(heights, WINDOWS).items()
    }
    lines = [
        f"{len(dataset)} points of {Molecule(dataset.symbols).formula} "
        f"({' '.join(dataset.symbols)}), energies{''.join(', ' + name for name in held)}",
        f"lowest energy {float(dataset.energies.min()):.9f} hartree in row {lowest}; "
        f"range {float(heights.max()):.1f} cm-1",
        "number of points: " + ", ".join(f"{count} {name}" for name, count in counts.items()),
    ]
    for pair, (low, high) in _ranges(dataset).items():
        lines.append(f"{pair} distances {low:.4f} to {high:.4f} A")
    if dataset.forces is not None:
        lines.append(f"forces up to {float(dataset.forces.abs().max()):.4g} hartree/bohr")
    return lines


def content_summary(dataset: Dataset) -> dict[str, Any]:
    """The same as numbers of plain types."""
    low, high = float(dataset.energies.min()), float(dataset.energies.max())
    return {
        "points": len(dataset),
        "symbols": dataset.symbols,
        "sha256": dataset.sha256,
        "lowest_hartree": low,
        "range_cm1": (high - low) / CM1,
        "distances_angstrom": _ranges(dataset),
    }


def _ranges(dataset: Dataset) -> dict[str, tuple[float, float]]:
    """Ends in Å of the distances between every two elements."""
    r = distances(dataset.positions) / ANGSTROM
    ends: dict[str, tuple[float, float]] = {}
    for column, pair in enumerate(combinations(dataset.elements, 2)):
        name = "-".join(sorted(pair))
        low, high = ends.get(name, (float("inf"), 0.0))
        ends[name] = min(low, float(r[:, column].min())), max(high, float(r[:, column].max()))
    return ends
