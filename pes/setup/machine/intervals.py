"""Actions at intervals during a long step, such as log lines where no bar is shown."""

import time
from collections.abc import Callable
from itertools import chain, repeat

__all__ = ["LINE_SECONDS", "QUIET", "SOON", "at_intervals"]

LINE_SECONDS = 30.0
"""Between two log lines about a training or a job, at least."""

SOON, QUIET = 3.0, 15.0
"""Until the first log line about a calculation that may be over soon, and between two of them."""


def at_intervals(
    *seconds: float, clock: Callable[[], float] = time.monotonic
) -> Callable[[], float | None]:
    """Function that returns the time since the beginning whenever an interval is over, else None.

    Args:
        *seconds: length of the first, the second, … interval; the last of them is that of all
            further ones, too. Without any, `LINE_SECONDS`.
        clock: time in s.

    Example:
        >>> due = at_intervals(3.0, 10.0, clock=iter([0.0, 2.0, 4.0, 12.0, 15.0]).__next__)
        >>> due(), due(), due(), due()
        (None, 4.0, None, 15.0)
    """
    seconds = seconds or (LINE_SECONDS,)
    lengths = chain(seconds, repeat(seconds[-1]))
    started = last = clock()
    length = next(lengths)

    def due() -> float | None:
        nonlocal last, length
        now = clock()
        if now - last < length:
            return None
        last, length = now, next(lengths)
        return now - started

    return due
