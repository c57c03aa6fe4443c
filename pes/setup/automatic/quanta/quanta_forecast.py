"""Time and memory of calculations in normal coordinates, before they begin."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil, isfinite, log10
from time import process_time

from torch import Tensor

from pes.coordinates.internal import zero_at_minimum
from pes.memory import free_memory, resident_memory
from pes.setup.automatic.quanta.grid_of_stage import STEP, Grid
from pes.setup.automatic.quanta.quanta_stage import QuantaStage
from pes.setup.automatic.request import SIGNALLED, Budget, Target
from pes.setup.machine.speed import Speed, measured_speed
from pes.units import CM1
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.symmetry.operations import commuting, symmetry_operations

__all__ = ["FEW", "Costs", "Forecast", "steps_left"]

FEW = 20
"""Levels that a calculation up to an energy begins with."""

DIGITS = 1.2
"""Digits that estimates gain by a step from the second calculation on. H2CO 1.2 and 1.3, PH3
1.1 and 1.3, BH3 1.0 and 1.5, H2CS and CH4 1.8, HFCO 0.3 and 1.7."""

FARTHEST = 4
"""Steps ahead that are foreseen at most."""

QUICKEST, SLOWEST = 0.4, 3.0
"""Time of a calculation in that of its parts, as far as it is believed for the next ones."""

RESERVE = 1.2
"""Time that is advised for a calculation, in what is forecast for it."""


@dataclass(frozen=True)
class Forecast:
    """Forecast of the time and memory of a calculation.

    Attributes:
        grid: functions and points.
        memory: bytes beside the program.
        program: bytes of the process before the calculations.
        seconds: CPU time.
    """

    grid: Grid
    memory: int
    program: int
    seconds: float

    @property
    def in_all(self) -> int:
        """Bytes of the whole process at its peak."""
        return self.program + self.memory

    def __str__(self) -> str:
        return (
            f"{self.grid.quanta:g} quanta, {self.grid.functions} functions on {self.grid.points} "
            f"points, about {self.in_all / 2**30:.2g} GiB in all and {self.seconds:.0f} CPU-s"
        )


@dataclass(frozen=True)
class Costs:
    """Time and memory of the calculations of a series, and how much of both is allowed.

    Attributes:
        target: molecule and levels.
        budget: CPU time and memory that all may take.
        started: CPU time at the start.
        bases: functions of single coordinates; their symmetry divides the Hamiltonian.
        program: bytes of the process before the calculations.
    """

    target: Target
    budget: Budget
    started: float
    bases: Sequence[BasisSpec]
    program: int

    @cached_property
    def blocks(self) -> int:
        """Blocks of the Hamiltonian: commuting operations and the identity."""
        if not self.target.symmetry:
            return 1
        bases = self.bases
        if zero_at_minimum(self.target.kinds):
            bases = [replace(b, low=-1.0, high=1.0) for b in bases]
        return len(commuting(symmetry_operations(self.target.system, bases))) + 1

    @cached_property
    def speed(self) -> Speed:
        """Speed of the surface and of this machine."""
        return measured_speed(self.target.system, self.target.wells[0])

    @property
    def spent(self) -> float:
        """CPU time since the start."""
        return process_time() - self.started

    def usual(self, grid: Grid) -> float:
        """CPU time that a calculation takes by the speed of its parts."""
        return grid.seconds(self.speed, self.target.count or FEW, self.blocks)

    def slower(self, stage: QuantaStage) -> float:
        """Time of later calculations over the time of their parts; small ones are quicker."""
        least = QUICKEST if stage.pairs.matvecs else 1.0
        return min(max(least, stage.seconds / self.usual(stage.grid)), SLOWEST)

    def ahead(self, grid: Grid) -> Forecast:
        """Time and memory of a calculation before any is measured."""
        taken = grid.memory(self.target.count or FEW, self.blocks)
        return Forecast(grid, taken, self.program, self.usual(grid))

    def following(self, stage: QuantaStage) -> tuple[Forecast, str]:
        """The largest of the next calculations that fits, and no words; or why none of them does.

        Raises:
            ValueError: if there is no larger grid.
        """
        chances = [self.after(stage, by) for by in stage.grid.steps]
        obstacles = [self.obstacle(ahead) for ahead in chances]
        return next(
            ((ahead, "") for ahead, words in zip(chances, obstacles, strict=True) if not words),
            (chances[0], obstacles[0]),
        )

    def after(self, stage: QuantaStage, by: float = STEP) -> Forecast:
        """Time and memory of a calculation after another.

        Args:
            stage: the calculation before.
            by: quanta by which it is larger.

        Raises:
            ValueError: if there is no larger grid.
        """
        grid = stage.grid.grown(by)
        seconds = self.slower(stage) * self.usual(grid)
        taken = grid.memory(len(stage.pairs.energies), self.blocks)
        return Forecast(grid, taken, self.program, seconds)

    def largest_expected(self, grid: Grid) -> tuple[Forecast, str]:
        """The largest calculation, if errors fall as in semi-rigid molecules.

        Args:
            grid: grid of the first calculation.

        Returns:
            The calculation, whose time is that of all up to it, and a sentence on a larger one
            that would be needed, or nothing.
        """
        target, (first, each) = self.target, grid.beyond_highest
        quanta = grid.highest(target, target.count or FEW) + first
        quanta -= each * log10(target.accuracy / CM1)
        ahead = self.ahead(grid)
        while ahead.grid.quanta < quanta - STEP / 2:
            try:
                larger = self.ahead(ahead.grid.grown(STEP))
            except ValueError as failure:
                return ahead, f"{quanta:.0f} quanta would be needed for all levels, but {failure}"
            larger = replace(larger, seconds=ahead.seconds + larger.seconds)
            reason = self.obstacle(larger)
            if reason:
                return ahead, f"{larger} would be needed for all levels, but {reason}"
            ahead = larger
        return ahead, ""

    def outlook(self, ahead: Forecast, stage: QuantaStage, left: Tensor) -> str:
        """Words on the quanta that levels will need where the next calculation is not enough.

        Args:
            ahead: the next calculation.
            stage: the last one.
            left: estimated errors of its levels, (S,).
        """
        grid, seconds = ahead.grid, self.spent + ahead.seconds
        steps = steps_left(float(left.max()), self.target.accuracy)
        if steps == 1:
            return ""
        try:
            for _ in range(steps - 1):
                grid = grid.grown(STEP)
                seconds += self.slower(stage) * self.usual(grid)
        except ValueError:
            return ""
        beyond = ", more than `minutes` allows" if seconds > self.budget.seconds else ""
        needed = f"; if errors fall at the usual rate, {grid.quanta:g} quanta will be needed"
        return f"{needed}, {seconds:.0f} CPU-s in all{beyond}"

    def shortage(self, ahead: Forecast) -> str:
        """Sentence on memory that a calculation would lack, or nothing."""
        limit = self.budget.memory
        if limit is not None and ahead.in_all > limit:
            return f"`memory` allows {limit / 2**30:.2g} GiB"
        device = self.target.system.device
        # Earlier calculations are part of what the process takes by now, and give way.
        known = 0 if device.type == "cuda" else resident_memory() - self.program
        free = free_memory(device)
        if free is not None and ahead.memory - known > free:
            return f"{free / 2**30:.2g} GiB of memory are free"
        return ""

    def obstacle(self, ahead: Forecast) -> str:
        """Reason why a calculation is not begun, or nothing."""
        if self.budget.stopped():
            return SIGNALLED
        short = self.shortage(ahead)
        if short:
            return short
        needed = self.spent + ahead.seconds
        if needed > self.budget.seconds:
            return (
                f"{self.spent:.0f} of {self.budget.seconds:.0f} CPU-s are spent, `minutes: "
                f"{ceil(RESERVE * needed / 60)}` allows the next calculation"
            )
        return ""


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
