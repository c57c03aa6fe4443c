"""Splits that a user gives, checked as strictly as those drawn here."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from pes.data.dataset import Dataset
from pes.data.splits import PARTS, Split
from pes.data.symmetry import symmetry_groups

__all__ = ["check_copies", "given_split"]

OWN = {"format", "version", "sha256", "seed"}


def given_split(path: str | Path, dataset: Dataset, *, seed: int = 0) -> Split:
    """Read `{"train": [...], "validation": [...], "test": [...]}`, rows of the data from 0.

    The `split.json` of a run is such a file; it must belong to the same data.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, or of other data, or a part is empty or shares a row or a
            geometry with another.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        record = json.loads(path.read_text())
    except ValueError as error:
        raise ValueError(f"{path}: not JSON ({error})") from None
    if isinstance(record, dict) and "format" in record:
        parts = Split.load(path, dataset)
    else:
        try:
            parts = Split(**_parts(record, len(dataset)), sha256=dataset.sha256, seed=seed)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
    try:
        check_copies(dataset, parts)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return parts


def _parts(record: object, points: int) -> Mapping[str, Tensor]:
    if not isinstance(record, dict) or set(record) != set(PARTS):
        keys = ", ".join(map(str, record)) if isinstance(record, dict) else type(record).__name__
        raise ValueError(f"a split has the keys {', '.join(PARTS)}, not {keys}")
    for name, rows in record.items():
        if not isinstance(rows, list):
            raise ValueError(f"`{name}` must be a list of rows, got {type(rows).__name__}")
        for row in rows:
            # True is an integer to Python.
            if not isinstance(row, int) or isinstance(row, bool) or not 0 <= row < points:
                raise ValueError(f"`{name}` holds {row!r}, which is no row of {points} points")
    return {name: torch.tensor(sorted(record[name]), dtype=torch.long) for name in PARTS}


def check_copies(dataset: Dataset, parts: Split) -> None:
    """Refuse a split that has one geometry, or symmetry copies of it, in two parts.

    Raises:
        ValueError: naming two such rows.
    """
    groups = symmetry_groups(dataset.positions, dataset.symbols)
    part_of = torch.full((len(dataset),), -1)
    for k, name in enumerate(PARTS):
        part_of[getattr(parts, name)] = k
    rows = (part_of >= 0).nonzero().flatten()
    order = rows[groups[rows].argsort(stable=True)]
    same = groups[order[1:]] == groups[order[:-1]]
    straddling = same & (part_of[order[1:]] != part_of[order[:-1]])
    if straddling.any():
        k = int(straddling.nonzero()[0])
        a, b = int(order[k]), int(order[k + 1])
        raise ValueError(
            f"rows {a} ({PARTS[part_of[a]]}) and {b} ({PARTS[part_of[b]]}) are one geometry, up "
            f"to rotation and like atoms, one of {int(straddling.sum())} such pairs in two parts; "
            "put all copies into one part"
        )
