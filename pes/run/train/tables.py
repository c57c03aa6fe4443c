"""metrics.csv of a training: one row for each epoch."""

import csv
from pathlib import Path
from typing import Any, TextIO

from pes.files import replaced
from pes.setup.training.planning.planned import epoch_row
from pes.training.epoch import Epoch

__all__ = ["append_epoch", "cut_metrics", "read_metrics"]


def append_epoch(file: TextIO, epoch: Epoch) -> None:
    """Add a row to metrics.csv, after the head if it is the first."""
    row = epoch_row(epoch)
    writer = csv.DictWriter(file, list(row), lineterminator="\n")
    if file.tell() == 0:
        writer.writeheader()
    writer.writerow(row)
    file.flush()


def cut_metrics(source: Path, path: Path, epochs: int) -> None:
    """Copy the head and the rows of the epochs that a resumed state has behind it."""
    rows = source.read_text().splitlines(keepends=True) if source.exists() and epochs else []
    with replaced(path) as temporary:
        temporary.write_text("".join(rows[: epochs + 1]))


def read_metrics(path: Path) -> tuple[dict[str, Any], ...]:
    """Rows of metrics.csv, their values as text."""
    with path.open(newline="") as file:
        return tuple(csv.DictReader(file))
