"""Time and memory of calculations in normal coordinates, before they begin."""

from collections.abc import Callable
from dataclasses import dataclass
from math import log10

from pes.setup.automatic.grid_of_stage import Grid
from pes.setup.automatic.growing_grids import STEP, memory
from pes.setup.automatic.stage import Target
from pes.units import CM1

__all__ = ["FEW", "Forecast", "largest_expected"]

FEW = 20
"""Levels that a calculation up to an energy begins with."""

MORE = 6.5
"""Quanta beyond those of the highest level that give it to about 1 cm⁻¹."""


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
    fits: Callable[[Forecast], bool],
) -> Forecast:
    """The largest calculation, from the first, if errors fall as in semi-rigid molecules.

    They take `MORE` quanta than the highest level has in the softest mode, and two for each digit.

    Args:
        target: molecule and levels.
        grid: of the first calculation.
        blocks: of the Hamiltonian by symmetry.
        program: bytes of the process before the calculations.
        usual: CPU time of a calculation by the speed of its parts.
        fits: whether time and memory allow a calculation; its time is that of all up to it.
    """
    count = target.count or FEW
    quanta = grid.highest(target, count) + MORE - 2 * log10(target.accuracy / CM1)
    ahead = Forecast(grid, memory(grid, count, blocks), program, usual(grid))
    while ahead.grid.quanta < quanta - STEP / 2:
        grid = ahead.grid.grown(STEP)
        seconds = (ahead.seconds or 0) + usual(grid)
        larger = Forecast(grid, memory(grid, count, blocks), program, seconds)
        if not fits(larger):
            break
        ahead = larger
    return ahead
