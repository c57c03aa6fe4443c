"""Observed band origins from a small CSV file."""

import csv
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from pes.files import check_file
from pes.units import CM1

__all__ = ["Observed", "read_observed"]


@dataclass(frozen=True)
class Observed:
    """Levels above the ground state as spectroscopy gives them.

    Attributes:
        quanta: of each.
        energies: (O,) in hartree.
        uncertainties: (O,) in hartree.
    """

    quanta: tuple[tuple[int, ...], ...]
    energies: Tensor
    uncertainties: Tensor


def read_observed(path: Path) -> Observed:
    """Columns v1, v2, … energy, uncertainty (cm⁻¹); lines that start with # are remarks.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: for other columns, a value that is no number, or a level given twice.
    """
    check_file(path, "file of observed levels")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = [(n, line) for n, line in enumerate(file, 1) if line.strip() and line[0] != "#"]
        rows = list(csv.reader(line for _, line in lines))
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a CSV file in UTF-8 ({error})") from None
    if len(rows) != len(lines):
        raise ValueError(f"{path}: a quotation mark joins lines; take it out")
    head = [name.strip() for name in rows[0]] if rows else []
    modes = len(head) - 2
    if modes < 1 or head != [*[f"v{k + 1}" for k in range(modes)], "energy", "uncertainty"]:
        raise ValueError(
            f"{path}: the head must be v1, v2, …, energy, uncertainty, got {', '.join(head)}"
        )
    quanta, values = [], []
    for (number, _), row in zip(lines[1:], rows[1:], strict=True):
        try:
            quanta.append(tuple(int(v) for v in row[:modes]))
            energy, uncertainty = (float(v) for v in row[modes:])
        except ValueError:
            raise ValueError(
                f"{path}, line {number}: {modes} whole numbers and two numbers are needed, "
                f"got {','.join(row)}"
            ) from None
        if not (energy > 0 and uncertainty > 0):
            raise ValueError(f"{path}, line {number}: energy and uncertainty must be positive")
        if quanta[-1] in quanta[:-1]:
            raise ValueError(f"{path}, line {number}: the level {quanta[-1]} is listed twice")
        values.append((energy, uncertainty))
    if not values:
        raise ValueError(f"{path} contains no levels")
    energies, uncertainties = torch.tensor(values, dtype=torch.float64).T * CM1
    return Observed(tuple(quanta), energies, uncertainties)
