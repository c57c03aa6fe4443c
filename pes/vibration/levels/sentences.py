"""Levels named by number in sentences."""

from collections.abc import Sequence
from itertools import groupby

from pes.units import CM1

__all__ = ["about_levels", "not_converged"]


def about_levels(numbers: Sequence[int], one: str, several: str) -> str:
    """A sentence about levels.

    Args:
        numbers: numbers of the levels, ascending, at least one.
        one: what is said of a single level.
        several: the same, said of more than one.

    Example:
        >>> about_levels([0, 1, 2, 5, 6], "is too high", "are too high")
        'levels 0 to 2, 5 and 6 are too high'
        >>> about_levels([4], "is too high", "are too high")
        'level 4 is too high'
    """
    if not numbers[1:]:
        return f"level {numbers[0]} {one}"
    *most, last = _runs(numbers)
    return f"levels {', '.join(most)}{' and ' if most else ''}{last} {several}"


def not_converged(numbers: Sequence[int], accuracy: float) -> str:
    """Sentence about levels that are less accurate than asked for (hartree)."""
    asked = f"converged to the {accuracy / CM1:g} cm-1 asked for"
    return about_levels(numbers, f"is not {asked}", f"are not {asked}")


def _runs(numbers: Sequence[int]) -> list[str]:
    """Three and more that follow each other as `0 to 2`, the others one by one."""
    words: list[str] = []
    # Numbers that follow each other differ from their places by the same.
    for _, group in groupby(enumerate(numbers), key=lambda row: row[1] - row[0]):
        run = [n for _, n in group]
        words += [f"{run[0]} to {run[-1]}"] if run[2:] else map(str, run)
    return words
