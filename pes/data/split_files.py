"""Splits that a user gives, checked as strictly as those drawn here."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor

from pes.data.dataset import Dataset
from pes.data.splits import PARTS, Split
from pes.data.symmetry import symmetry_groups

__all__ = ["check_copies", "given_split", "regrouped", "with_validation"]

MOST_NAMED = 200
"""Geometries that a message names."""


def given_split(
    path: str | Path, dataset: Dataset, *, seed: int = 0, regroup: bool = False
) -> Split:
    """Read `{"train": [...], "validation": [...], "test": [...]}`, rows of the data from 0.

    The `split.json` of a run is such a file; it must belong to the same data. Without `validation`
    that part is drawn from the training rows, a ninth of them. The same arrays in an .npz file
    do as well, and so do the rows of the test alone in a text file: the rest is training.
    With `regroup` copies of a geometry in several parts are moved into one instead of refused.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, or of other data, or a part is empty or shares a row or a
            geometry with another.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    record = _record(path, len(dataset))
    if isinstance(record, dict) and "format" in record:
        parts = Split.load(path, dataset)
    else:
        try:
            rows = _parts(record, len(dataset))
            if "validation" in rows:
                parts = Split(**rows, sha256=dataset.sha256, seed=seed)
            else:
                parts = with_validation(dataset, rows["train"], rows["test"], seed=seed)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
    try:
        if regroup:
            return regrouped(dataset, parts)
        check_copies(dataset, parts)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return parts


def _parts(record: object, points: int) -> Mapping[str, Tensor]:
    if not isinstance(record, dict) or set(record) | {"validation"} != set(PARTS):
        keys = ", ".join(map(str, record)) if isinstance(record, dict) else type(record).__name__
        raise ValueError(f"a split has the keys {', '.join(PARTS)}, not {keys}")
    for name, rows in record.items():
        if not isinstance(rows, list):
            raise ValueError(f"`{name}` must be a list of rows, got {type(rows).__name__}")
        for row in rows:
            # True is an integer to Python.
            if not isinstance(row, int) or isinstance(row, bool) or not 0 <= row < points:
                raise ValueError(
                    f"`{name}` contains {row!r}, which is not a row of the {points} points"
                )
    return {name: torch.tensor(sorted(rows), dtype=torch.long) for name, rows in record.items()}


def with_validation(
    dataset: Dataset,
    rows: Tensor,
    test: Tensor,
    *,
    fractions: Sequence[float] = (0.8, 0.1, 0.1),
    seed: int = 0,
) -> Split:
    """A split with given test rows, whose validation rows are drawn from the others.

    Args:
        dataset: all points.
        rows: rows for training and validation.
        test: rows of the test.
        fractions: the first two give the ratio of training and validation.
        seed: seed of the draw; symmetry copies stay together.

    Raises:
        ValueError: if a part would be empty.
    """
    groups = symmetry_groups(dataset.positions[rows], dataset.symbols)
    order = torch.randperm(int(groups.max()) + 1, generator=torch.Generator().manual_seed(seed))
    share = fractions[1] / (fractions[0] + fractions[1])
    held = order[groups] < max(1, round(share * len(order)))
    return Split(rows[~held], rows[held], test.sort().values, sha256=dataset.sha256, seed=seed)


def _record(path: Path, points: int) -> object:
    """Content of a file of rows: JSON, NumPy arrays or a text of test rows.

    Raises:
        ValueError: if it is none of these.
    """
    if path.suffix == ".npz":
        try:
            with np.load(path) as file:
                return {name: file[name].tolist() for name in file.files}
        except (OSError, ValueError, BadZipFile) as error:
            raise ValueError(f"{path}: not a file of NumPy arrays ({error})") from None
    try:
        text = path.read_text()
        if path.suffix == ".json" or text.lstrip().startswith("{"):
            return json.loads(text)
    except ValueError as error:
        raise ValueError(f"{path}: not JSON ({error})") from None
    try:
        test = [int(word) for word in text.split()]
    except ValueError as error:
        raise ValueError(f"{path}: not a list of row numbers ({error})") from None
    held = set(test)
    return {"train": [row for row in range(points) if row not in held], "test": test}


def check_copies(dataset: Dataset, parts: Split) -> None:
    """Refuse a split that has one geometry, or symmetry copies of it, in two parts.

    Raises:
        ValueError: naming these rows, all of them unless they are very many.
    """
    part_of, groups = _part_of(dataset, parts), symmetry_groups(dataset.positions, dataset.symbols)
    clashes = _clashes(part_of, groups)
    if not clashes:
        return
    named = [
        " = ".join(f"{row} ({PARTS[part_of[row]]})" for row in rows.tolist())
        for rows in clashes[:MOST_NAMED]
    ]
    more = f"; and {len(clashes) - MOST_NAMED} more" if len(clashes) > MOST_NAMED else ""
    raise ValueError(
        f"{len(clashes)} geometries occur in several parts, up to rotation and like atoms: rows "
        f"{'; '.join(named)}{more}; put all copies into one part, or give --regroup "
        "(`data.regroup: true`)"
    )


def regrouped(dataset: Dataset, parts: Split) -> Split:
    """The split with copies of a geometry moved into the first part that has one of them.

    A point of the test thus becomes one of the training, never the other way round.

    Raises:
        ValueError: if a part would be empty.
    """
    part_of, groups = _part_of(dataset, parts), symmetry_groups(dataset.positions, dataset.symbols)
    for rows in _clashes(part_of, groups):
        part_of[rows] = part_of[rows].min()
    rows = {name: (part_of == k).nonzero().flatten() for k, name in enumerate(PARTS)}
    return Split(**rows, sha256=parts.sha256, seed=parts.seed)


def _part_of(dataset: Dataset, parts: Split) -> Tensor:
    """Number of the part of each point (B,), −1 for a point of none."""
    part_of = torch.full((len(dataset),), -1)
    for k, name in enumerate(PARTS):
        part_of[getattr(parts, name)] = k
    return part_of


def _clashes(part_of: Tensor, groups: Tensor) -> list[Tensor]:
    """Rows of each geometry that occurs in several parts."""
    rows = (part_of >= 0).nonzero().flatten()
    rows = rows[groups[rows].argsort(stable=True)]
    sets = rows.split(groups[rows].unique_consecutive(return_counts=True)[1].tolist())
    return [own for own in sets if len(own) > 1 and len(part_of[own].unique()) > 1]
