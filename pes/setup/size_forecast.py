"""Size of a calculation whose functions and points are given, before it starts."""

from dataclasses import dataclass

import torch

from pes.memory import resident_memory
from pes.setup.automatic.growing_grids import SparsePoints, memory
from pes.setup.problem import Problem
from pes.setup.truncation import TruncationRequest, products, sparse_grid
from pes.units import CM1
from pes.vibration.hamiltonian.build import function_count
from pes.vibration.levels.size_estimate import SizeEstimate, estimated_size
from pes.vibration.levels.sparse import largest_grid
from pes.vibration.symmetry.operations import commuting, symmetry_operations

__all__ = ["SizeForecast", "size_forecast"]

LEAST = 70 * 2**20
"""Bytes that any calculation takes beside what is loaded at its start: results and pictures."""


@dataclass(frozen=True)
class SizeForecast:
    """Forecast of the time and memory of the largest run.

    Attributes:
        size: functions, points and the bytes of its arrays.
        program: bytes that the process takes already.
    """

    size: SizeEstimate
    program: int

    @property
    def memory(self) -> int:
        """Bytes of the whole process at its peak."""
        return self.program + max(self.size.memory, LEAST)

    def __str__(self) -> str:
        return f"{self.size}, about {self.memory / 2**30:.2g} GiB in all"


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
    """
    program, grid = resident_memory(), sparse_grid(truncation, task.internal)
    bases = task.coordinates if grid is None else grid.bases
    operations = commuting(symmetry_operations(task.system, bases)) if symmetry else []
    if grid is not None:
        points = SparsePoints(largest_grid(grid, operations) if convergence else grid)
        size = SizeEstimate(points.functions, points.points, memory(points, count))
        return SizeForecast(size, program)
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
    return SizeForecast(size, program)
