"""Progress of a long calculation."""

from collections.abc import Callable

__all__ = ["PartDone", "StepDone", "silent", "unheard"]

PartDone = Callable[[float], None]
"""Function that takes the finished part of a step, from 0 to 1."""

StepDone = Callable[[str, float], None]
"""Function that takes the name of a step and its finished part, from 0 to 1."""


def silent(part: float) -> None:
    """Report nothing."""


def unheard(step: str, part: float) -> None:
    """Report nothing."""
