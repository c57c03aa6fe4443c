"""Size of a calculation whose functions and points are given, before it starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from pes.memory import resident_memory
from pes.setup.automatic.quanta.growing_grids import SparsePoints
from pes.setup.machine.speed import iterations_left, measured_speed
from pes.setup.machine.step_forecast import seconds_ahead
from pes.setup.problem.problem import Problem
from pes.setup.problem.truncation import TruncationRequest, products, sparse_grid
from pes.units import CM1
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.basis.truncation import Truncation
from pes.vibration.eigensolvers.davidson import Progress
from pes.vibration.hamiltonian.build import function_count
from pes.vibration.hamiltonian.sparse import check_sparse_grid
from pes.vibration.levels.convergence import estimator_name
from pes.vibration.levels.size_estimate import SizeEstimate, estimated_size
from pes.vibration.levels.sparse import largest_grid
from pes.vibration.symmetry.operations import commuting, symmetry_operations

__all__ = ["SizeForecast", "size_forecast"]

LEAST = 70 * 2**20
"""Bytes that any calculation takes beside what is loaded at its start: results and pictures."""


SMALLER = 0.3
"""Time of the first calculation on a sparse grid, with two quanta less, in that of the largest."""

QUICKEST = 1 / 3
"""Least part of its forecast that a step is believed to take where those before were quick."""


@dataclass(frozen=True)
class SizeForecast:
    """Forecast of the time and memory of a calculation with sizes given.

    Attributes:
        size: functions, points and the bytes of the arrays of the largest run.
        program: bytes that the process takes already.
        steps: CPU seconds of each step, by the name that is reported when it begins.
    """

    size: SizeEstimate
    program: int
    steps: Mapping[str, float]

    @property
    def memory(self) -> int:
        """Bytes of the whole process at its peak."""
        return self.program + max(self.size.memory, LEAST)

    def __str__(self) -> str:
        seconds = max(sum(self.steps.values()), 1.0)
        return f"{self.size}, about {self.memory / 2**30:.2g} GiB in all and {seconds:.0f} CPU-s"

    def seconds_left(
        self, step: str, before: float, taken: float, now: Progress | None = None
    ) -> float:
        """CPU seconds still to come, from the forecast and how the steps kept to it.

        Args:
            step: name of the one in hand.
            before: CPU seconds that the steps before it took.
            taken: CPU seconds that it took so far.
            now: state of its iterations.
        """
        # All steps solve for levels: where one was quick, the next ones are.
        here, later = seconds_ahead(self.steps, step, before, quickest=QUICKEST)
        left = max(here - taken, 0.0) if now is None else iterations_left(now, taken, here)
        return left + later


def size_forecast(
    task: Problem,
    truncation: TruncationRequest,
    count: int,
    *,
    cap: float,
    convergence: bool | str,
    symmetry: bool,
) -> SizeForecast:
    """Size of the largest run of a calculation with the sizes of a problem.

    Args:
        task: surface, coordinates and bases.
        truncation: limits on product functions.
        count: number of levels; a guess where an energy is given.
        cap: ceiling of V above its minimum, cm⁻¹.
        convergence: see `pes.levels`.
        symmetry: whether blocks are solved by themselves.

    Raises:
        ValueError: if the points of a sparse grid do not fit into memory.
    """
    program = resident_memory()
    grid = sparse_grid(truncation, task.internal, sized=task.has_own_sizes)
    if grid is not None:
        check_sparse_grid(grid, device=task.system.device)
    speed = measured_speed(task.system, task.start)
    bases = task.coordinates if grid is None else grid.bases
    operations = commuting(symmetry_operations(task.system, bases)) if symmetry else []
    blocks = len(operations) + 1
    if grid is not None:
        largest = largest_grid(grid, operations) if convergence else grid
        check_sparse_grid(largest, device=task.system.device)
        points = SparsePoints(largest)
        size = SizeEstimate(points.functions, points.points, points.memory(count))
        seconds = points.seconds(speed, count, blocks)
        steps = {"points": speed.on_sparse_grid(points.points, 0, count, blocks)}
        steps["levels"] = SMALLER * seconds if convergence else seconds
        if convergence:
            steps["more functions"] = seconds
        return SizeForecast(size, program, steps)
    limits, kept = products(truncation, task.internal), None
    if limits.energy is not None:
        with torch.no_grad():
            v = float(task.system.potential(task.start[None].to(task.system.device)))
            ceiling = v + cap * CM1
            kept = function_count(
                task.system, bases, task.start, ceiling=ceiling, truncation=limits
            )
    size = estimated_size(
        bases, limits, count, convergence=convergence, operations=operations, kept=kept
    )
    runs = _runs(bases, limits, estimator_name(convergence, len(bases)))
    sizes = {
        name: estimated_size(*run, count, convergence=False, kept=kept)
        for name, run in runs.items()
    }
    steps = {
        name: speed.on_product_grid(one.points, one.functions or 0, blocks)
        for name, one in sizes.items()
    }
    return SizeForecast(size, program, steps)


def _runs(
    bases: Sequence[BasisSpec], limits: Truncation, estimator: str | None
) -> dict[str, tuple[Sequence[BasisSpec], Truncation]]:
    """Bases and limits of each run on a product grid, by its name."""
    runs = {"levels": (bases, limits)}
    if estimator == "larger":
        runs["more functions"] = [b.more_functions() for b in bases], limits.larger()
        runs["more points"] = [b.more_points() for b in bases], limits
        runs["wider ranges"] = bases, limits
    elif estimator == "smaller":
        runs["fewer points"] = [b.fewer_points() for b in bases], limits
        runs["narrower ranges"] = bases, limits
    return runs
