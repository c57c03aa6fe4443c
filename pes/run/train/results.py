"""Files that a training leaves in its folder: surface, tables, pictures and the summary."""

import csv
import logging
from pathlib import Path

import torch

from pes import plots
from pes.evaluation.tables import calibration_table
from pes.run.train.resume import UNFINISHED
from pes.setup.training.outcome.fit_result import FitResult
from pes.setup.training.outcome.fit_tables import error_table, member_table
from pes.setup.training.outcome.member_errors import errors_and_spread
from pes.units import CM1

__all__ = ["report_surface", "write_results"]

log = logging.getLogger("pes")


def write_results(result: FitResult, folder: Path) -> None:
    """Surface, pictures and tables; the summary last, for it says that the run is finished."""
    for line in result.ending(_more(folder)):
        log.info("%s", line)
    result.save_surface(folder)
    if result.state is not None:
        with (folder / "metrics.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        members = 1 if result.ensemble is None else len(result.ensemble.members)
        plots.learning_curve(folder / "learning_curve.png", rows, members=members)
    _residuals(folder / "residuals.png", result)
    log.info("%s", error_table(result.errors))
    for line in result.far:
        log.info("%s", line)
    if result.ensemble is not None and result.members is not None:
        residuals, spread = errors_and_spread(result.ensemble, result.points["test"])
        plots.calibration_curve(folder / "calibration.png", residuals, spread)
        mean = float(residuals.square().mean().sqrt())
        log.info("%s", member_table(result.members["members"], mean))
        table = calibration_table(result.members["calibration"])
        factor = result.ensemble.inflation
        scaled = (
            ""
            if factor == 1
            else f", multiplied by {factor:.2f} to match the errors at validation points"
        )
        log.info("spread of the members on the test points%s:\n%s", scaled, table)
    result.save_summary(folder)


def report_surface(folder: Path) -> None:
    """Say where the surface is, and that levels of an earlier one are beside it."""
    log.info("surface: %s", folder / "surface.safetensors")
    if (folder / "levels").exists():
        log.warning(
            "warning: %s holds levels of an earlier surface; run pes-levels %s --overwrite",
            folder / "levels", folder,
        )  # fmt: skip


def _more(folder: Path) -> str:
    """Command that continues a fit in place."""
    folder = folder.parent if folder.name == UNFINISHED else folder
    config = folder / "config.yaml"
    return f"pes-train --config {config} --output {folder} --resume auto --minutes 5"


def _residuals(path: Path, result: FitResult) -> None:
    lowest, _ = result.record.energy_range
    labels, residuals, names = [], [], []
    for name, part in result.points.items():
        with torch.no_grad():
            predicted = result.module(part.positions)
        labels.append(((part.energies - lowest) / CM1).cpu())
        residuals.append(((predicted - part.energies) / CM1).cpu())
        # Each member of an ensemble trains on some of these points and is validated on others.
        fitted = name == "train" and result.ensemble is not None
        names.append("train and validation" if fitted else name)
    plots.residuals(path, labels, residuals, names)
