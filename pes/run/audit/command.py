"""`pes-audit`: what is in a file of points, and what looks wrong with it."""

import logging
from itertools import combinations
from pathlib import Path

import torch
from qcelemental import covalentradii
from torch import Tensor

from pes import plots
from pes.data import Dataset, read
from pes.data.audit import audit as findings
from pes.files import write_json
from pes.geometry import distances
from pes.molecule import Molecule
from pes.run.folder import check_folder, claimed, open_log
from pes.staging import staged
from pes.training.errors import WINDOWS, window_masks
from pes.training.force_check import force_finding
from pes.units import ANGSTROM, CM1

__all__ = ["audit"]

log = logging.getLogger("pes")

DONE = "audit.json"
SHORT, LONG = 0.65, 1.6
"""Of the sum of two covalent radii: neighbours nearer or farther mean another unit of length."""
LOW, HIGH = 10.0, 1e6
"""cm⁻¹; a set whose energies span less or more is in another unit of energy."""
MOST_TOLD = 20


def audit(data: Path, *, output: Path | None = None, overwrite: bool = False) -> Path:
    """Print and write what is in a file of points.

    Args:
        data: HDF5 or extended XYZ.
        output: folder; default audit-<data> here.
        overwrite: replace an earlier audit.

    Raises:
        ValueError, FileNotFoundError: if the file cannot be read, in one line.
    """
    folder = output or Path(f"audit-{data.stem}")
    with claimed(folder):
        check_folder(folder, finished=DONE, overwrite=overwrite)
        with staged(folder, finished=DONE) as place:
            _audit(data, place)
    return folder


def _audit(data: Path, folder: Path) -> None:
    points = read(data)
    heights = (points.energies - points.energies.min()) / CM1
    told = [*findings(points)[1:], *_units(points, heights)]
    forces = force_finding(points)
    open_log(folder / "audit.log")
    for line in [*_contents(data, points, heights), *([forces] if forces else [])]:
        log.info("%s", line)
    for finding in told[:MOST_TOLD]:
        log.info("look: %s", finding)
    if len(told) > MOST_TOLD:
        log.info("look: and %d more, in %s", len(told) - MOST_TOLD, DONE)
    if not told:
        log.info("nothing looks wrong")
    plots.energy_histogram(folder / "energies.png", heights, data.stem)
    write_json(
        folder / DONE,
        {"data": str(data), "points": len(points), "symbols": points.symbols,
         "sha256": points.sha256, "lowest_hartree": float(points.energies.min()),
         "range_cm1": float(heights.max()), "distances_angstrom": _ranges(points),
         "forces": forces, "findings": told},
    )  # fmt: skip


def _contents(data: Path, points: Dataset, heights: Tensor) -> list[str]:
    molecule = Molecule(points.symbols)
    lowest = int(points.energies.argmin())
    held = [name for name in ("forces", "dipoles") if getattr(points, name) is not None]
    held += [f"{name} ({unit})" for name, unit in points.column_units.items()]
    counts = {
        ("all" if name == "all" else f"< {name} cm-1"): int(mask.sum())
        for name, mask in window_masks(heights, WINDOWS).items()
    }
    lines = [
        f"{data}: {len(points)} points of {molecule.formula} ({' '.join(points.symbols)}), "
        f"energies{''.join(', ' + name for name in held)}",
        f"lowest energy {float(points.energies.min()):.9f} hartree in row {lowest}; "
        f"range {float(heights.max()):.1f} cm-1",
        "points " + ", ".join(f"{name} {count}" for name, count in counts.items()),
    ]
    for pair, (low, high) in _ranges(points).items():
        lines.append(f"{pair} distances {low:.4f} to {high:.4f} A")
    if points.forces is not None:
        largest = float(points.forces.abs().max())
        lines.append(f"forces up to {largest:.4g} hartree/bohr")
    return lines


def _ranges(points: Dataset) -> dict[str, tuple[float, float]]:
    """Ends in Å of the distances between every two elements."""
    elements = Molecule(points.symbols).elements
    r = distances(points.positions) / ANGSTROM
    found: dict[str, tuple[float, float]] = {}
    for column, pair in enumerate(combinations(elements, 2)):
        name = "-".join(sorted(pair))
        low, high = found.get(name, (float("inf"), 0.0))
        found[name] = min(low, float(r[:, column].min())), max(high, float(r[:, column].max()))
    return found


def _units(points: Dataset, heights: Tensor) -> list[str]:
    """Lengths and energies of a size that no molecule has."""
    findings = []
    radii = [covalentradii.get(element) for element in Molecule(points.symbols).elements]
    sums = torch.tensor([a + b for a, b in combinations(radii, 2)], dtype=points.positions.dtype)
    nearest = float((distances(points.positions) / sums).min(1).values.median())
    if not SHORT < nearest < LONG:
        findings.append(
            f"the nearest neighbours are {nearest:.2f} covalent bond lengths apart; is the unit "
            "of the positions right? (1 bohr is 0.53 A)"
        )
    if len(points) > 1 and not LOW < float(heights.max()) < HIGH:
        findings.append(f"the energies span {float(heights.max()):.3g} cm-1; is their unit right?")
    return findings
