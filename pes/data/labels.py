"""Choice of the points of a file that are fitted, and of the energies they are fitted to."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pes.data.dataset import Dataset
from pes.data.splits import PARTS, Split
from pes.units import CM1, ENERGY_UNITS

__all__ = ["Chosen", "chosen_points", "with_labels"]


@dataclass(frozen=True, eq=False)
class Chosen:
    """Points taken from a data set, and where they stood in it.

    Attributes:
        source: the whole set.
        dataset: the points chosen, with the labels wanted.
        rows: row of each of them in the source (B,), ascending.
        left_out: sentences with the number of points left out and the reason.
        held_out: number of the last points of the source that are the test, 0 if it is not given.
    """

    source: Dataset
    dataset: Dataset
    rows: Tensor
    left_out: tuple[str, ...]
    held_out: int = 0

    def in_source(self, parts: Split) -> Split:
        """A split of the chosen points as rows of the source."""
        moved = {name: self.rows[getattr(parts, name)] for name in PARTS}
        return Split(**moved, sha256=self.source.sha256, seed=parts.seed)

    def among_chosen(self, parts: Split) -> Split:
        """A split of the source as rows of the chosen points, those left out dropped.

        Raises:
            ValueError: if a part has no point left.
        """
        place = torch.full((len(self.source),), -1)
        place[self.rows] = torch.arange(len(self.rows))
        moved = {name: place[getattr(parts, name)] for name in PARTS}
        kept = {name: rows[rows >= 0] for name, rows in moved.items()}
        return Split(**kept, sha256=self.dataset.sha256, seed=parts.seed)


def chosen_points(
    source: Dataset,
    *,
    column: str | None = None,
    window: tuple[float, float] | None = None,
) -> Chosen:
    """The points to fit, with their labels.

    Args:
        source: all points.
        column: name of the column that holds the labels instead of `energies`, such as those of
            another level of theory; where it is NaN a point has no label.
        window: lowest and highest label in hartree above the lowest one.

    Raises:
        ValueError: if there is no such column, if one point is left, or if no two labels differ.

    Example:
        >>> x = torch.zeros(3, 2, 3, dtype=torch.float64)
        >>> x[:, 1, 2] = torch.tensor([1.3, 1.4, 1.5])
        >>> points = Dataset(("H", "H"), x, torch.tensor([0.01, 0.0, 0.2], dtype=torch.float64))
        >>> chosen_points(points, window=(0.0, 0.1)).rows.tolist()
        [0, 1]
    """
    dataset, rows, left_out = source, torch.arange(len(source)), []
    if column is not None:
        dataset, rows = with_labels(source, column)
        if missing := len(source) - len(rows):
            left_out.append(f"{missing} of {len(source)} points have no `{column}`: left out")
    if window is not None:
        low, high = window
        heights = dataset.energies - dataset.energies.min()
        inside = ((heights >= low) & (heights <= high)).cpu()
        shown = f"{low / CM1:.0f} to {high / CM1:.0f} cm-1 above the lowest label"
        if not inside.any():
            raise ValueError(f"no point of {len(dataset)} is {shown}; widen `data.window`")
        if outside := int((~inside).sum()):
            left_out.append(f"{outside} of {len(dataset)} points are not {shown}: left out")
        dataset, rows = dataset.select(inside), rows[inside]
    if len(dataset) == 1:
        raise ValueError("there is only one point; a surface needs several geometries")
    if dataset.energies.max() == dataset.energies.min():
        raise ValueError(
            f"all {len(dataset)} energies are {float(dataset.energies[0]):.10g} hartree; "
            "a surface needs different ones: is it the right column, with all its digits?"
        )
    return Chosen(source, dataset, rows, tuple(left_out))


def with_labels(source: Dataset, column: str) -> tuple[Dataset, Tensor]:
    """Points with a number in a column, which becomes their energy, and rows of these points.

    Forces belong to `energies` and are dropped.

    Raises:
        ValueError: if there is no such column of energies, or no number in it.
    """
    if column not in source.columns:
        known = ", ".join(sorted(source.columns)) or "none"
        raise ValueError(f"column `{column}` does not exist; the columns are: {known}")
    values, unit = source.columns[column], source.column_units[column]
    if values.ndim != 1 or unit not in ENERGY_UNITS:
        raise ValueError(
            f"column `{column}` has shape {tuple(values.shape)} and unit {unit!r}; labels are one "
            f"energy for each point in {', '.join(ENERGY_UNITS)}"
        )
    rows = (~values.isnan()).nonzero().flatten()
    if len(rows) == 0:
        raise ValueError(f"column `{column}` contains no number")
    kept = source.select(rows)
    return replace(kept, energies=values[rows] * ENERGY_UNITS[unit], forces=None), rows.cpu()
