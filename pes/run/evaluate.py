"""`pes-evaluate`: how a surface does on any labelled points."""

import csv
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from pes import plots
from pes.data import Dataset, read
from pes.files import replaced
from pes.molecule import Molecule
from pes.run.folder import (
    check_folder,
    environment,
    open_folder,
    open_log,
    pick_device,
    write_json,
)
from pes.run.surfaces import UserFunction, load_potential
from pes.run.train_tables import error_table
from pes.training.errors import error_report, predicted
from pes.units import CM1

__all__ = ["evaluate"]

log = logging.getLogger("pes")

DONE = "evaluation.json"
WORST = 10


def evaluate(
    surface: str,
    data: Path,
    *,
    output: Path | None = None,
    device: str = "auto",
    overwrite: bool = False,
) -> Path:
    """Errors of a surface on a file of points: table, worst points, predictions, picture.

    Args:
        surface: run folder, surface file, module:function, file.py:function or name.
        data: HDF5 or extended XYZ.
        output: folder; default evaluation-<data> in the run folder or here.
        device: auto, cpu or cuda.
        overwrite: replace an earlier evaluation.

    Raises:
        ValueError, FileNotFoundError: if surface and data do not fit, in one line.
    """
    parent = Path(surface) if Path(surface).is_dir() else Path()
    folder = output or parent / f"evaluation-{data.stem}"
    check_folder(folder, finished=DONE, overwrite=overwrite)
    loaded, points = load_potential(surface, Path.cwd()), read(data)
    if loaded.symbols is not None:
        wanted, found = Molecule(loaded.symbols).elements, Molecule(points.symbols).elements
        if wanted != found:
            raise ValueError(
                f"{data}: the atoms are {' '.join(found)}, the surface is for {' '.join(wanted)}"
            )
    place = pick_device(device)
    if not isinstance(loaded.potential, UserFunction):
        loaded.potential.to(place)
    else:
        # A plain function may not be differentiable: its energies only.
        points = replace(points, forces=None)

    def potential(positions: Tensor) -> Tensor:
        return loaded.potential(positions.to(place)).to(positions.device)

    lowest = float(points.energies.min())
    if loaded.record is not None:
        lowest = loaded.record.energy_range[0]
    energies = _energies(surface, potential, points)
    report = error_report(potential, points, lowest=lowest)
    open_folder(folder, finished=DONE)
    open_log(folder / "evaluation.log")
    heights, residuals = (points.energies - lowest) / CM1, (energies - points.energies) / CM1
    log.info("%s on %s: %d points", surface, data, len(points))
    log.info("%s", error_table({data.stem[:12]: report}))
    worst = residuals.abs().argsort(descending=True)[:WORST].tolist()
    log.info("worst points, rows from 0:")
    for row in worst:
        log.info("  row %d at %.1f cm-1: %+.4f cm-1", row, heights[row], residuals[row])
    with replaced(folder / "predictions.csv") as temporary, temporary.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["row", "label_cm1", "prediction_minus_label_cm1"])
        writer.writerows(
            [i, *pair]
            for i, pair in enumerate(zip(heights.tolist(), residuals.tolist(), strict=True))
        )
    plots.parity(folder / "parity.png", [heights], [residuals], [data.stem])
    write_json(
        folder / DONE,
        {**environment(place), "surface": surface, "data": str(data), "errors": report,
         "worst_rows": worst},
    )  # fmt: skip
    return folder


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
