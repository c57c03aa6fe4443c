"""Things done now and then while something goes on, such as log lines where no bar is shown."""

import time
from collections.abc import Callable

__all__ = ["LINE_SECONDS", "at_intervals"]

LINE_SECONDS = 30.0
"""Between two log lines, at least."""


def at_intervals(
    seconds: float = LINE_SECONDS, clock: Callable[[], float] = time.monotonic
) -> Callable[[], float | None]:
    """Function that returns the time since the beginning whenever an interval is over, else None.

    Args:
        seconds: length of an interval.
        clock: time in s.

    Example:
        >>> due = at_intervals(10.0, clock=iter([0.0, 4.0, 12.0, 15.0]).__next__)
        >>> due(), due(), due()
        (None, 12.0, None)
    """
    started = last = clock()

    def due() -> float | None:
        nonlocal last
        now = clock()
        if now - last < seconds:
            return None
        last = now
        return now - started

    return due
