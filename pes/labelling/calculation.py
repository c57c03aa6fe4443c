"""One point of a batch on a worker: the minimum or a geometry, in several attempts."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pes.labelling.minimum import minimised
from pes.labelling.program import Program, Record

__all__ = ["Calculation", "Point"]


class Point(NamedTuple):
    """Point to compute: a geometry (N, 3) in bohr, or the minimum nearest to it."""

    positions: list[list[float]]
    optimise: bool = False


@dataclass(frozen=True)
class Calculation:
    """A program with all that a point needs besides its geometry.

    Attributes:
        program: what computes.
        symbols: element of each atom.
        scratch: folder that the points make theirs in.
        attempts: number of guesses before a point fails.
    """

    program: Program
    symbols: Sequence[str]
    scratch: Path
    attempts: int = 3

    def __call__(self, row: int, point: Point) -> Record:
        """The record of one row, with `attempt` and `seconds`, or its `failure`."""
        begun, reasons = time.perf_counter(), dict[str, None]()
        for attempt in range(self.attempts):
            try:
                record = self._tried(self.scratch / str(row), point, attempt)
            except (RuntimeError, ValueError, ArithmeticError) as error:
                reasons[f"{type(error).__name__}: {' '.join(str(error).split())}"] = None
                continue
            seconds = round(time.perf_counter() - begun, 3)
            return {"row": row, **record, "attempt": attempt, "seconds": seconds}
        tried = f" ({self.attempts} attempts)" if self.attempts > 1 else ""
        return {"row": row, "failure": "; ".join(reasons) + tried}

    def _tried(self, place: Path, point: Point, attempt: int) -> dict[str, Any]:
        program, positions = self.program, point.positions
        if point.optimise:
            positions = minimised(program, self.symbols, positions, place, attempt)
        record = dict(program.record(self.symbols, positions, place, attempt))
        numbers = [record["energy"], *np.ravel(record.get("forces", ()))]
        if not all(math.isfinite(number) for number in numbers):
            raise RuntimeError("the energy or a force is not a finite number")
        return record
