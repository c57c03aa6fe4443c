"""Quanta v1 v2 v3 of a linear triatomic in two lengths and an angle."""

from torch import Tensor

from pes.vibration.analysis.ladders import quanta_by_ladders
from pes.vibration.levels.result import Levels

__all__ = ["stretch_and_bend_quanta"]


def stretch_and_bend_quanta(
    levels: Levels, bend: int, momentum: int = 0, *, exchanged: bool
) -> tuple[list[tuple[int, ...] | None], Tensor]:
    """v1, v2, v3 of each level, and the share of the level in the product with these quanta, (S,).

    ν1 is the symmetric stretch, or else the one of lower frequency; v2 counts the quanta of the
    two-dimensional bend. None where no product of known quanta holds half of a level.

    Args:
        levels: levels of a linear molecule in two lengths and an angle, on the CPU.
        bend: number of the angle among the coordinates.
        momentum: K = l of the levels.
        exchanged: whether an operation of the molecule exchanges the lengths.
    """
    found, weights = quanta_by_ladders(levels, bend, turning=True, exchanged=exchanged)
    # Each function of the angle adds two quanta to the l of the bend.
    quanta = [q and (q[0], 2 * q[2] + momentum, q[1]) for q in found]
    return quanta, weights
