"""Record of one kind of finding, and words for the rows that it names."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["SEVERITIES", "Finding", "rows_in_words", "worst_first"]

SEVERITIES = ("error", "warning", "note")
"""`error`: a fit of these points means nothing. `warning`: rows to look at before a fit. `note`:
what the points cannot tell, however they are fitted."""

SHOWN = 3
"""Rows in a printed line."""


@dataclass(frozen=True)
class Finding:
    """One kind of finding.

    Attributes:
        kind: name of the check, such as `energy unit`.
        severity: one of `SEVERITIES`.
        count: number of points concerned.
        rows: these points, the worst first, rows from 0; empty if all points are concerned alike.
        sentence: what is the matter.
        advice: what to do.
    """

    kind: str
    severity: str
    count: int
    rows: tuple[int, ...]
    sentence: str
    advice: str

    def line(self) -> str:
        """The finding in one line, with the three worst rows.

        Example:
            >>> Finding("spikes", "warning", 4, (7, 3, 9, 1), "4 are off", "look at them").line()
            'warning: spikes: 4 are off (rows 7, 3, 9, ...); look at them'
        """
        shown = ""
        if self.rows:
            more = ", ..." if self.count > min(SHOWN, len(self.rows)) else ""
            name = "row" if self.count == 1 else "rows"
            shown = f" ({name} {', '.join(map(str, self.rows[:SHOWN]))}{more})"
        return f"{self.severity}: {self.kind}: {self.sentence}{shown}; {self.advice}"


def worst_first(rows: Tensor, badness: Tensor) -> tuple[int, ...]:
    """Rows (K,) ordered by their badness (K,), the largest first."""
    return tuple(rows[badness.argsort(descending=True, stable=True)].tolist())


def rows_in_words(rows: Sequence[int]) -> str:
    """Rising rows as ranges where there are few of these, else their number.

    Example:
        >>> rows_in_words([0, 1, 2, 5]), rows_in_words(range(0, 40, 2))
        ('rows 0 to 2, 5', '20 rows')
    """
    values = torch.tensor(sorted(rows))
    breaks = (values.diff() > 1).nonzero().flatten() + 1
    runs = torch.tensor_split(values, breaks.tolist())
    if len(runs) > SHOWN:
        return f"{len(values):,} rows"
    words = [f"{int(r[0])} to {int(r[-1])}" if len(r) > 1 else f"{int(r[0])}" for r in runs]
    return f"rows {', '.join(words)}"
