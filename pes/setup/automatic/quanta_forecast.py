"""Time and memory of calculations in normal coordinates, before they begin."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, isfinite, log10

from pes.setup.automatic.grid_of_stage import Grid
from pes.setup.automatic.growing_grids import STEP, memory
from pes.setup.automatic.stage import Target
from pes.units import CM1

__all__ = ["FEW", "Forecast", "largest_expected", "steps_left"]

FEW = 20
"""Levels that a calculation up to an energy begins with."""

DIGITS = 1.2
"""Digits that estimates gain by a step from the second calculation on. H2CO 1.2 and 1.3, PH3
1.1 and 1.3, BH3 1.0 and 1.5, H2CS and CH4 1.8, HFCO 0.3 and 1.7."""

FARTHEST = 4
"""Steps ahead that are foreseen at most."""


@dataclass(frozen=True)
class Forecast:
    """Forecast of the time and memory of a calculation.

    Attributes:
        grid: functions and points.
        memory: bytes beside the program.
        program: bytes of the process before the calculations.
        seconds: CPU time, None where nothing has been measured yet.
    """

    grid: Grid
    memory: int
    program: int = 0
    seconds: float | None = None

    @property
    def in_all(self) -> int:
        """Bytes of the whole process at its peak."""
        return self.program + self.memory

    @property
    def points(self) -> int:
        """Number of grid points."""
        return self.grid.points

    def __str__(self) -> str:
        time = "" if self.seconds is None else f" and {self.seconds:.0f} CPU-s"
        return (
            f"{self.grid.quanta:g} quanta, {self.grid.functions} functions on {self.grid.points} "
            f"points, about {self.in_all / 2**30:.2g} GiB in all{time}"
        )


def largest_expected(
    target: Target,
    grid: Grid,
    blocks: int,
    program: int,
    usual: Callable[[Grid], float],
    obstacle: Callable[[Forecast], str],
) -> tuple[Forecast, str]:
    """The largest calculation, from the first, if errors fall as in semi-rigid molecules.

    Args:
        target: molecule and levels.
        grid: of the first calculation.
        blocks: of the Hamiltonian by symmetry.
        program: bytes of the process before the calculations.
        usual: CPU time of a calculation by the speed of its parts.
        obstacle: reason why time or memory do not allow a calculation, or nothing; its time is
            that of all up to it.

    Returns:
        The calculation, and a sentence on a larger one that would be needed, or nothing.
    """
    count = target.count or FEW
    first, each = grid.beyond_highest
    quanta = grid.highest(target, count) + first - each * log10(target.accuracy / CM1)
    ahead = Forecast(grid, memory(grid, count, blocks), program, usual(grid))
    while ahead.grid.quanta < quanta - STEP / 2:
        try:
            grid = ahead.grid.grown(STEP)
        except ValueError as failure:
            return ahead, f"{quanta:.0f} quanta would be needed for all levels, but {failure}"
        seconds = (ahead.seconds or 0) + usual(grid)
        larger = Forecast(grid, memory(grid, count, blocks), program, seconds)
        reason = obstacle(larger)
        if reason:
            return ahead, f"{larger} would be needed for all levels, but {reason}"
        ahead = larger
    return ahead, ""


def steps_left(largest: float, accuracy: float) -> int:
    """Calculations that estimates as large as this still need; 1 where they tell nothing.

    Args:
        largest: estimate of any level.
        accuracy: estimate that is asked for.

    Example:
        >>> steps_left(20.0, 0.1), steps_left(float("inf"), 0.1)
        (2, 1)
    """
    digits = log10(largest / accuracy) if isfinite(largest) and largest > 0 else 0.0
    return min(max(ceil(digits / DIGITS), 1), FARTHEST)
