"""What a training prints and writes epoch by epoch and at its end."""

import csv
from pathlib import Path
from typing import Any, TextIO

from pes.files import replaced
from pes.training.fit import Epoch

__all__ = ["append_epoch", "cut_metrics", "error_table"]


def error_table(errors: dict[str, Any]) -> str:
    """Errors of each part by energy window, as text."""
    lines = [f"{'RMSE':<26}" + "".join(f"{part:>12}" for part in errors)]
    for quantity, unit in (("energy", "cm-1"), ("force", "cm-1/A")):
        for window in next(iter(errors.values()))[quantity]["rmse"]:
            values = [report[quantity]["rmse"][window] for report in errors.values()]
            if any(v is not None for v in values):
                name = "all" if window == "all" else f"< {window} cm-1"
                shown = "".join(f"{'-' if v is None else format(v, '.4f'):>12}" for v in values)
                lines.append(f"{quantity + ' (' + unit + ') ' + name:<26}" + shown)
    return "\n".join(lines)


def _row(epoch: Epoch) -> dict[str, Any]:
    return {
        "epoch": epoch.epoch,
        "seconds": round(epoch.seconds, 3),
        "loss": epoch.loss,
        "validation_loss": epoch.validation_loss,
        "train_rmse_cm1": epoch.train_rmse_cm1,
        "validation_rmse_cm1": epoch.validation_rmse_cm1,
        "train_force_rmse_cm1_angstrom": epoch.train_force_rmse_cm1_angstrom,
        "validation_force_rmse_cm1_angstrom": epoch.validation_force_rmse_cm1_angstrom,
        "gradient_norm": epoch.gradient_norm,
        "improved": int(epoch.improved),
        **epoch.details,
    }


def append_epoch(file: TextIO, epoch: Epoch) -> None:
    """Add a line to metrics.csv, after the head if it is the first."""
    row = _row(epoch)
    writer = csv.DictWriter(file, list(row), lineterminator="\n")
    if file.tell() == 0:
        writer.writeheader()
    writer.writerow(row)
    file.flush()


def cut_metrics(source: Path, path: Path, epochs: int) -> None:
    """Copy the header and the epochs that the resumed state knows of."""
    rows = source.read_text().splitlines(keepends=True) if source.exists() and epochs else []
    with replaced(path) as temporary:
        temporary.write_text("".join(rows[: epochs + 1]))
