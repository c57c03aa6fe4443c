"""Time and memory of levels of three atoms to an accuracy, once the first calculation is done."""

from dataclasses import dataclass
from math import log10

import torch

from pes.memory import resident_memory
from pes.setup.automatic.harmonic_levels import frequencies
from pes.setup.automatic.stage import SMALL, Stage, Target
from pes.setup.memory_limit import refuse_shortage
from pes.setup.speed import point_seconds
from pes.units import CM1

__all__ = ["LAST", "TRIALS", "CutForecast", "expected_cost"]

MORE = 4.0
"""Quanta of the stiffest mode beyond the highest level that the largest functions have for levels
to 1 cm⁻¹; two more for each digit. For 0.01 cm⁻¹ ten triatomic surfaces took 5 to 12 in all."""

SECONDS, EACH, USUAL = 0.5, 2.5e-4, 20
"""CPU time of all calculations beside V and G, and for each function of the largest, for so many
levels: fifteen triatomic surfaces took 0.6 to 4 seconds, half to twice the forecast in most."""

GRIDS = 4.0
"""Points at which V and G are computed in all calculations, in those of the largest."""

TRIALS = 2.0
"""Time of the calculations with more points and wider ranges, in that of the last."""

LAST = 1.7
"""Functions of a calculation that passes the limit, in that limit: the cube of the least step."""

LEAST = 85 * 2**20
"""Bytes of quadrature, results and pictures, whatever the size."""


@dataclass(frozen=True)
class CutForecast:
    """Forecast of the time and memory of all calculations.

    Attributes:
        functions: of the largest.
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
        advice = "ask for fewer levels or a lower `accuracy`"
        refuse_shortage("the levels", self.memory, advice, allowed=allowed, device=device)


def expected_cost(target: Target, stage: Stage, count: int, limit: int) -> CutForecast:
    """The largest calculation, from one that is smaller, if errors fall as in most molecules.

    Functions fill a volume of three dimensions: their number grows as the cube of their energy.
    The levels of a weakly bound complex lie so low against its stiffest mode that this says too
    much by far; the budget ends the growth of the others.

    Args:
        target: molecule and levels.
        stage: a calculation in the same ranges.
        count: number of levels asked for.
        limit: functions from which nothing grows any more.
    """
    energies = stage.pairs.energies
    last = float(energies[count - 1] - energies[0])
    stiffest = float(frequencies(target.system, target.wells[0], target.limits).max())
    energy = last + (MORE - 2 * log10(target.accuracy / CM1)) * stiffest
    growth = max(1.0, energy / stage.resolution.cut_energy) ** 3
    functions = min(round(growth * stage.hamiltonian.size), round(LAST * limit))
    block = functions // (len(stage.hamiltonian.operations) + 1)
    # Larger ones are solved by iterations, unless the user wants the matrix.
    most = SMALL if target.solver == "auto" else block
    # Copies of the matrix of a block while it is factorised; vectors and their products with H.
    arrays = 36 * min(block, most) ** 2 + 16 * functions * (3 * count + 96)
    seconds = (SECONDS + EACH * functions) * max(1.0, count / USUAL) ** 0.75
    points = len(stage.hamiltonian.potential) * functions / stage.hamiltonian.size
    seconds += GRIDS * points * sum(point_seconds(target.system, target.wells[0]))
    return CutForecast(functions, resident_memory() + LEAST + arrays, seconds)
