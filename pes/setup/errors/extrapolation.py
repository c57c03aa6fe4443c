"""Levels beyond the training points of a surface."""

import torch
from torch import Tensor

from pes.chunks import in_chunks
from pes.potential.holes.coverage import Coverage
from pes.setup.problem.problem import Problem
from pes.vibration.levels.result import Levels

__all__ = ["outside"]

OUTSIDE = 1.0
"""Distance to the nearest training point, in the largest spacing of these, that counts as far."""

PORTION = 2**16
"""Points looked at at once."""


def outside(levels: Levels, task: Problem) -> Tensor | None:
    """Probability of each level farther from the training points than these lie apart, (S,)."""
    if task.surface.record is None:
        return None
    coverage = Coverage(task.molecule.elements, task.surface.record.training_positions)
    positions = task.system.positions
    assert positions is not None

    def distant(q: Tensor) -> Tensor:
        return in_chunks(lambda part: coverage(positions(part)) > OUTSIDE, q, PORTION)

    with torch.no_grad():
        return levels.probability_where(distant)
