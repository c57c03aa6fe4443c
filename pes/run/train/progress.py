"""Progress of a fit: a bar on a terminal, a line now and then in the output of a batch job."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from tqdm import tqdm

from pes.training.epoch import Epoch

__all__ = ["progress", "progress_lines"]

log = logging.getLogger("pes")

LINE_SECONDS = 30.0


@contextmanager
def progress(
    total: int, done: int, max_seconds: float | None = None
) -> Iterator[Callable[[Epoch], None]]:
    """Function that shows each epoch: on a bar where stdout is a terminal, in log lines elsewhere.

    Args:
        total: largest number of epochs.
        done: epochs of earlier sessions.
        max_seconds: wall time in s after which the fit stops.
    """
    if not sys.stdout.isatty():
        yield progress_lines(total, done, max_seconds)
        return
    with tqdm(total=total, initial=done, unit="epoch", disable=None) as bar:

        def advance(epoch: Epoch) -> None:
            bar.update()
            bar.set_postfix_str(
                f"train {epoch.train_rmse_cm1:.4f} validation {epoch.validation_rmse_cm1:.4f} cm-1"
            )

        yield advance


def progress_lines(
    total: int,
    done: int,
    max_seconds: float | None = None,
    *,
    say: Callable[[str], object] = log.info,
    clock: Callable[[], float] = time.monotonic,
) -> Callable[[Epoch], None]:
    """Function that says a line about an epoch if the last line is `LINE_SECONDS` old.

    The time left is an upper limit, as patience may end a fit: the epochs to come at the pace of
    this session, or what `max_seconds` leaves.

    Args:
        total: largest number of epochs.
        done: epochs of earlier sessions.
        max_seconds: wall time in s after which the fit stops.
        say: receives each line.
        clock: time in s.
    """
    started = last = clock()

    def advance(epoch: Epoch) -> None:
        nonlocal last
        now = clock()
        if now - last < LINE_SECONDS:
            return
        last = now
        left = (now - started) / (epoch.epoch - done) * (total - epoch.epoch)
        if max_seconds is not None:
            left = min(left, max(0.0, max_seconds - epoch.seconds))
        say(
            f"epoch {epoch.epoch} of {total}: RMSE {epoch.train_rmse_cm1:.4f} cm-1 (training), "
            f"{epoch.validation_rmse_cm1:.4f} cm-1 (validation); at most "
            f"{timedelta(seconds=round(left))} left"
        )

    return advance
