"""Progress of a batch: a bar on a terminal, a line now and then in the output of a batch job."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from tqdm import tqdm

from pes.labelling.batch import Report
from pes.setup.machine.intervals import at_intervals

__all__ = ["progress", "progress_lines"]

log = logging.getLogger("pes")


@contextmanager
def progress() -> Iterator[Report]:
    """Function that shows how many points are done: on a bar or in log lines."""
    if not sys.stdout.isatty():
        yield progress_lines()
        return
    with tqdm(unit="point", smoothing=0.02, disable=None) as bar:

        def advance(done: int, failed: int, total: int) -> None:
            if bar.total is None:
                bar.initial = done
            bar.total, bar.n = total, done
            bar.set_postfix(failed=failed)

        yield advance


def progress_lines(
    *, say: Callable[[str], object] = log.info, clock: Callable[[], float] = time.monotonic
) -> Report:
    """Function that says a line at the beginning and then every half a minute.

    Args:
        say: receives each line.
        clock: time in s.
    """
    due = at_intervals(clock=clock)
    before: int | None = None

    def advance(done: int, failed: int, total: int) -> None:
        nonlocal before
        if before is None:
            before = done
            if done:
                say(f"{done} of {total} points are in the journal, {failed} of them failed")
            return
        if (elapsed := due()) is None:
            return
        left = elapsed / (done - before) * (total - done)
        say(f"{done} of {total} points, {failed} failed; {timedelta(seconds=round(left))} left")

    return advance
