"""`pes-evaluate`: how a surface does on any labelled points."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from pes import plots
from pes.data import Dataset, read
from pes.files import write_json
from pes.molecule import Molecule
from pes.potential import Surface
from pes.potential.holes.coverage import Coverage
from pes.run.evaluate.holes import search_holes
from pes.run.evaluate.tables import (
    PointErrors,
    calibration_table,
    extrapolation_lines,
    window_table,
    worst_lines,
    write_predictions,
    write_worst,
)
from pes.run.folder import check_folder, open_folder, open_log, pick_device
from pes.setup.environment import environment, environment_line
from pes.setup.surfaces import load_potential
from pes.training.calibration import calibration
from pes.training.errors import WINDOWS, predicted, window_errors
from pes.units import ANGSTROM, CM1

__all__ = ["HOLES", "evaluate"]

log = logging.getLogger("pes")

DONE = "evaluation.json"
STALE = ("calibration.png", "holes.xyz")
WORST = 10
CHUNK = 2048
HOLES = 2**14
"""Geometries of a hole search: about a second for a surface of water, more for larger ones."""


def evaluate(
    surface: str,
    data: Path,
    *,
    output: Path | None = None,
    holes: int = HOLES,
    device: str = "auto",
    overwrite: bool = False,
) -> Path:
    """Errors of a surface on a file of points: tables, worst points, predictions, pictures.

    Args:
        surface: run folder, surface file, module:function, file.py:function or name.
        data: HDF5 or extended XYZ.
        output: folder; default evaluation-<data> in the run folder or here.
        holes: geometries to search for holes; 0 for no search.
        device: auto, cpu or cuda.
        overwrite: replace an earlier evaluation.

    Raises:
        ValueError, FileNotFoundError: if surface and data do not fit, in one line.
    """
    parent = Path(surface) if Path(surface).is_dir() else Path()
    folder = output or parent / f"evaluation-{data.stem}"
    check_folder(folder, finished=DONE, overwrite=overwrite)
    loaded, points = load_potential(surface, Path.cwd()), read(data)
    _check_atoms(loaded, points, data)
    place = pick_device(device)
    loaded.to(place)
    if not loaded.differentiable:
        # A plain function may not be differentiable: its energies only.
        points = replace(points, forces=None)

    def potential(positions: Tensor) -> Tensor:
        return loaded.potential(positions.to(place)).to(positions.device)

    lowest = float(points.energies.min())
    if loaded.record is not None:
        lowest = loaded.record.energy_range[0]
    energies = _energies(surface, potential, points)
    forces = None if points.forces is None else predicted(potential, points)[1]
    report = window_errors(points, energies, forces, lowest=lowest)
    known = PointErrors(
        heights=(points.energies - lowest) / CM1,
        residuals=(energies - points.energies) / CM1,
        forces=_force_errors(forces, points),
        nearest=_nearest(loaded, points.positions),
        spread=_spread(loaded, points.positions, place),
    )
    open_folder(folder, finished=DONE, stale=STALE)
    open_log(folder / "evaluation.log")
    log.info("%s", environment_line(place))
    log.info("%s on %s: %d points", surface, data, len(points))
    log.info("%s", window_table(report))
    for line in extrapolation_lines(known):
        log.info("%s", line)
    worst = known.worst(WORST)
    for line in worst_lines(known, worst, points.positions, Molecule(points.symbols).elements):
        log.info("%s", line)
    calibrated = _calibrate(folder, known)
    write_predictions(folder / "predictions.csv", known)
    write_worst(folder / "worst.xyz", known, worst, points.positions, points.symbols)
    plots.errors(
        folder / "errors.png", known.heights, known.residuals, windows=WINDOWS,
        nearest=known.nearest, forces=known.forces,
    )  # fmt: skip
    searched = search_holes(folder, loaded, points, holes, place) if holes else None
    write_json(
        folder / DONE,
        {**environment(place), "surface": surface, "data": str(data), "errors": report,
         "calibration": calibrated, "holes": searched, "worst_rows": worst},
    )  # fmt: skip
    return folder


def _check_atoms(loaded: Surface, points: Dataset, data: Path) -> None:
    if loaded.symbols is None:
        return
    wanted, found = Molecule(loaded.symbols).elements, Molecule(points.symbols).elements
    if wanted != found:
        raise ValueError(
            f"{data}: the atoms are {' '.join(found)}, the surface is for {' '.join(wanted)}"
        )


def _energies(surface: str, potential: Callable[[Tensor], Tensor], points: Dataset) -> Tensor:
    energies, _ = predicted(potential, replace(points, forces=None))
    if energies.shape != points.energies.shape:
        raise ValueError(
            f"{surface} returned shape {tuple(energies.shape)} for {len(points)} geometries; "
            f"it must return shape ({len(points)},)"
        )
    bad = (~energies.isfinite()).nonzero()
    if len(bad):
        raise ValueError(
            f"{surface} is not a number at {len(bad)} of {len(points)} points, first at row "
            f"{int(bad[0])}; mend it there or leave these points out"
        )
    return energies


def _force_errors(forces: Tensor | None, points: Dataset) -> Tensor | None:
    if forces is None or points.forces is None:
        return None
    return (forces - points.forces).flatten(1).norm(dim=1) / (CM1 / ANGSTROM)


def _nearest(loaded: Surface, positions: Tensor) -> Tensor | None:
    if loaded.record is None or len(loaded.record.training_positions) < 2:
        return None
    coverage = Coverage(Molecule(loaded.record.symbols).elements, loaded.record.training_positions)
    return coverage(positions)


def _spread(loaded: Surface, positions: Tensor, place: torch.device) -> Tensor | None:
    """Spread (B,) in cm⁻¹, None unless there are several members."""
    if loaded.ensemble is None:
        return None
    with torch.no_grad():
        parts = [loaded.ensemble.spread(x.to(place)).to(x.device) for x in positions.split(CHUNK)]
    return torch.cat(parts) / CM1


def _calibrate(folder: Path, points: PointErrors) -> dict[str, dict[str, float | int]] | None:
    """Table and picture of the errors against the spread, at points the ensemble never saw."""
    if points.spread is None:
        return None
    new = torch.ones_like(points.spread, dtype=torch.bool)
    if points.nearest is not None:
        new = points.nearest >= 1e-9
    if not new.any():
        log.info("all points are training points: the spread cannot be judged by them")
        return None
    residuals, spread, heights = points.residuals[new], points.spread[new], points.heights[new]
    found = calibration(residuals, spread, heights)
    log.info("errors against the spread of the ensemble, training points left out:")
    log.info("%s", calibration_table(found))
    plots.calibration(folder / "calibration.png", residuals, spread)
    return found
