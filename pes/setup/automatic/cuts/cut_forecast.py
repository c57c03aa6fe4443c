"""Time and memory of levels of three atoms to an accuracy, once the first calculation is done."""

from dataclasses import dataclass

import torch

from pes.memory import resident_memory
from pes.setup.automatic.cuts.stage import SMALL, Stage
from pes.setup.automatic.request import Target
from pes.setup.machine.memory_limit import refuse_shortage
from pes.setup.machine.speed import point_seconds
from pes.vibration.hamiltonian.operator import MOST_BYTES
from pes.vibration.levels.matching import EXTRA
from pes.vibration.levels.size_estimate import field_bytes

__all__ = ["LAST", "TRIALS", "CutForecast", "expected_cost"]

SECONDS, EACH, USUAL = 0.2, 3.5e-4, 20
"""CPU time of all calculations beside V and G, and for each function of the largest, for so many
levels: nineteen triatomic surfaces took 0.4 to 3.5 seconds, 0.8 to 2.3 times the forecast."""

GRIDS = 3.0
"""Points at which V and G are computed in all calculations, in those of the largest."""

TRIALS = 2.0
"""Time of the calculations with more points and wider ranges, in that of the last."""

LAST = 1.7
"""Functions of a calculation that passes the limit, in that limit: the cube of the least step."""

FINER = 1.7
"""Points of the calculation with more of them in wider ranges, in those of the largest."""

SHARED = 0.6
"""Part of the vectors that go to the grid at once where blocks by symmetry share products."""

LEAST = 50 * 2**20
"""Bytes of quadrature, results and pictures, whatever the size."""


@dataclass(frozen=True)
class CutForecast:
    """Forecast of the time and memory of all calculations.

    Attributes:
        functions: number of functions of the largest calculation.
        memory: bytes of the process at its peak.
        seconds: CPU time.
    """

    functions: int
    memory: int
    seconds: float

    def __str__(self) -> str:
        time = f"{self.seconds:.1f}" if self.seconds < 10 else f"{self.seconds:.0f}"
        return (
            f"about {self.functions} functions, {self.memory / 2**30:.2g} GiB in all and "
            f"{time} CPU-s"
        )

    def check(self, allowed: float | None, device: torch.device) -> None:
        """Refuse levels that would take more memory than there is.

        Args:
            allowed: bytes that the user allows the process, if there is a limit.
            device: whose free memory counts.

        Raises:
            ValueError: with what is needed and what there is.
        """
        advice = "ask for fewer levels, or give a larger `accuracy`"
        refuse_shortage("the levels", self.memory, advice, allowed=allowed, device=device)


def expected_cost(target: Target, stage: Stage, count: int, functions: int) -> CutForecast:
    """Time and memory of all calculations, from one that is smaller.

    Args:
        target: molecule and levels.
        stage: a calculation in the same ranges.
        count: number of levels asked for.
        functions: number of functions of the largest calculation.
    """
    h = stage.hamiltonian
    points = round(len(h.potential) * functions / h.size)
    block = functions // (len(h.operations) + 1)
    # Larger ones are solved by iterations, unless the user wants the matrix.
    most = SMALL if target.solver == "auto" else block
    # Copies of the matrix of a block while it is factorised; vectors and their products with H.
    matrix, vectors = 36 * min(block, most) ** 2, 16 * functions * (3 * count + 96)
    fields = field_bytes(h.modes) * points * (1 + FINER)
    each = FINER * points * 8 * (2 * h.modes + 4)
    together = (SHARED if h.operations else 1.0) * (count + EXTRA) * each
    arrays = round(max(matrix, min(together, MOST_BYTES)) + fields) + vectors
    seconds = (SECONDS + EACH * functions) * max(1.0, count / USUAL) ** 0.5
    seconds += GRIDS * points * sum(point_seconds(target.system, target.wells[0]))
    return CutForecast(functions, resident_memory() + LEAST + arrays, seconds)
