"""What a long calculation says while it runs."""

from collections.abc import Callable

__all__ = ["PartDone", "StepDone", "silent", "unheard"]

PartDone = Callable[[float], None]
"""What is called with the part of a step that is done, from 0 to 1."""

StepDone = Callable[[str, float], None]
"""What is called with the name of a step and the part of it that is done."""


def silent(part: float) -> None:
    """Report nothing."""


def unheard(step: str, part: float) -> None:
    """Report nothing."""
