"""Training, validation and test rows: seeded, saved, and blind to symmetry copies."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor

from pes.data.dataset import Dataset, check_dataset
from pes.data.symmetry import symmetry_groups
from pes.files import replaced

__all__ = ["Split", "check_parts", "split"]

PARTS = ("train", "validation", "test")
FORMAT, VERSION = "pes-split", 1


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of a dataset in three parts without common rows.

    Args:
        train: sorted row indices, from 0.
        validation: sorted row indices.
        test: sorted row indices.
        sha256: hash of the dataset they belong to.
        seed: seed that drew them.

    Raises:
        ValueError: if a part is empty, or a row occurs twice.
    """

    train: Tensor
    validation: Tensor
    test: Tensor
    sha256: str
    seed: int

    def __post_init__(self) -> None:
        empty = [name for name in PARTS if len(getattr(self, name)) == 0]
        if empty:
            raise ValueError(f"the {empty[0]} part of the split is empty")
        rows, counts = torch.cat([getattr(self, name) for name in PARTS]).unique(return_counts=True)
        if counts.max() > 1:
            raise ValueError(f"row {int(rows[counts > 1][0])} occurs in the split more than once")

    def save(self, path: str | Path) -> None:
        """Write as JSON; an interrupted write leaves no incomplete file."""
        parts = {name: getattr(self, name).tolist() for name in PARTS}
        record = {"format": FORMAT, "version": VERSION, "sha256": self.sha256, "seed": self.seed}
        with replaced(path) as temporary:
            temporary.write_text(json.dumps(record | parts) + "\n")

    @classmethod
    def load(cls, path: str | Path, dataset: Dataset) -> "Split":
        """Read the split of exactly this dataset.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if the file is damaged or belongs to other data.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such file")
        try:
            record = json.loads(path.read_text())
            if record["format"] != FORMAT or record["version"] != VERSION:
                raise ValueError(f"not version {VERSION} of {FORMAT}")
            parts = {name: _rows(record[name], len(dataset)) for name in PARTS}
            loaded = cls(**parts, sha256=record["sha256"], seed=record["seed"])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}: not a split that can be read ({error})") from None
        if loaded.sha256 != dataset.sha256:
            raise ValueError(
                f"{path}: this split belongs to other data (hash {loaded.sha256[:12]}, "
                f"these points have {dataset.sha256[:12]}); make a new one with a seed"
            )
        return loaded


def _rows(values: Sequence[int], points: int) -> Tensor:
    for row in values:
        if not isinstance(row, int) or not 0 <= row < points:
            raise ValueError(f"{row} is not a row of the {points} points")
    return torch.tensor(values, dtype=torch.long)


def check_parts(parts: object) -> None:
    """Refuse anything but a split, such as lists of rows.

    Raises:
        TypeError: naming what it is instead.
    """
    if not isinstance(parts, Split):
        raise TypeError(
            f"parts must be a Split, got {type(parts).__name__}; pes.split(points, seed=0) draws "
            "one, pes.Split(train, validation, test, points.sha256, 0) takes rows"
        )


def split(dataset: Dataset, *, fractions: Sequence[float] = (0.8, 0.1, 0.1), seed: int) -> Split:
    """Draw the parts at random; symmetry copies of a geometry go into the same part.

    Without copies the parts have exactly the rounded sizes. A group of copies goes to the part in
    which its middle lies.

    Args:
        dataset: the points.
        fractions: fractions of train, validation and test; they add up to one.
        seed: the same seed and data give the same split.

    Raises:
        ValueError: for other fractions, or if a part would get no point.
    """
    check_dataset(dataset)
    shares = tuple(fractions) if isinstance(fractions, Iterable) else (fractions,)
    if len(shares) != 3 or min(shares) <= 0 or abs(sum(shares) - 1) > 1e-9:
        raise ValueError(f"fractions must be three positive numbers that add up to 1, got {shares}")
    groups = symmetry_groups(dataset.positions, dataset.symbols)
    sizes = groups.bincount()
    order = torch.randperm(len(sizes), generator=torch.Generator().manual_seed(seed))
    middles = torch.empty(len(sizes), dtype=torch.float64)
    middles[order] = sizes[order].cumsum(0) - 0.5 * sizes[order].double()
    train_end = round(fractions[0] * len(dataset))
    edges = (0, train_end, train_end + round(fractions[1] * len(dataset)), len(dataset))
    place = middles[groups]
    parts = [((a < place) & (place <= b)).nonzero().flatten() for a, b in pairwise(edges)]
    for name, rows in zip(PARTS, parts, strict=True):
        if len(rows) == 0:
            raise ValueError(
                f"the {name} part would be empty: {len(dataset)} points, {len(sizes)} of them "
                f"distinct, in fractions {tuple(fractions)}; use more points or another fraction"
            )
    return Split(*parts, sha256=dataset.sha256, seed=seed)
