"""Normal coordinates that each of the quantum numbers v1, v2, … counts, in Herzberg's order."""

from dataclasses import dataclass

import torch

from pes.setup.labels.mode_numbers import bent_modes
from pes.setup.labels.mode_sets import EQUAL_FREQUENCY, mode_sets, sentence_of
from pes.setup.problem.problem import Problem

__all__ = ["NumberedCoordinates", "numbered_coordinates"]


@dataclass(frozen=True)
class NumberedCoordinates:
    """Numbers of the coordinates that v1, v2, … count together, and the convention in words."""

    sets: tuple[tuple[int, ...], ...]
    sentence: str


def numbered_coordinates(task: Problem) -> NumberedCoordinates | None:
    """Normal coordinates as ν1, ν2, …; None where their order is not safe.

    Args:
        task: levels in normal coordinates.
    """
    # Coordinates that are not of this package may be normal ones without saying of what.
    known = getattr(task.internal, "frequencies", None)
    if known is None:
        return None
    if (bent := bent_modes(task)) is not None:
        return NumberedCoordinates(
            tuple((bent.numbers.index(n),) for n in range(3)), bent.sentence()
        )
    found = mode_sets(task)
    if found is None:
        return None
    modes, sets = found
    if not torch.allclose(
        known.to(modes.frequencies), modes.frequencies, rtol=100 * EQUAL_FREQUENCY
    ):
        return None
    return NumberedCoordinates(tuple(one.members for one in sets), sentence_of(sets))
