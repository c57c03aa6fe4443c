"""Training loop of `pes-train`: metrics, checkpoints, progress, signals, failures."""

import logging
import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path

import torch
from tqdm import tqdm

from pes.files import named_errors
from pes.memory import is_full
from pes.run.signals import Stopped, stop_signals
from pes.run.train.tables import append_epoch
from pes.setup.machine.intervals import at_intervals
from pes.training.checkpoint import save_checkpoint
from pes.training.distributed import Ranks
from pes.training.epoch import Epoch, StopReason, TrainingState
from pes.training.fit import completed

__all__ = ["fitted", "progress", "progress_lines", "safe_stop", "wall_time_left"]

log = logging.getLogger("pes")

SAVE_SECONDS = 5.0

TimeLeft = Callable[[Epoch], float]


def wall_time_left(
    seconds: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    cpu: Callable[[], float] = time.process_time,
) -> TimeLeft:
    """Wall time in s that is left of so much CPU time from now on, at the pace since then."""
    begun, used = clock(), cpu()

    def left(_: Epoch) -> float:
        spent = max(cpu() - used, 1e-3)
        return (seconds - spent) * (clock() - begun) / spent

    return left


def fitted(
    steps: Generator[Epoch, None, StopReason],
    folder: Path,
    *,
    total: int,
    limits: Sequence[TimeLeft] = (),
    state: TrainingState | None,
    ranks: Ranks,
) -> tuple[TrainingState, StopReason]:
    """Run the epochs; write each to metrics.csv and the state, at times, to state.pt.

    Args:
        steps: epochs of a fit.
        folder: run folder.
        total: largest number of epochs.
        limits: wall time in s that each limit of the fit leaves after an epoch, to be shown.
        state: last state of an earlier session.
        ranks: processes that share the fit; rank 0 writes.

    Returns:
        The last state and why the fit ended.

    Raises:
        Stopped: after a signal, when the state is saved.
        ValueError: if no epoch was made at all.
    """
    last = state

    def save() -> str | None:
        if last is None or ranks.rank > 0:
            return None
        save_checkpoint(folder / "state.pt", last)
        return f"the state of epoch {last.epoch} is in {folder / 'state.pt'}"

    def watch(epoch: Epoch) -> None:
        nonlocal last
        last = epoch.state
        note(epoch)
        if number := int(ranks.all_gather(received()).max()):
            raise _stopped(folder, last, number, ranks)

    done = 0 if state is None else state.epoch
    record = (
        _recorded(folder, progress(total, done, limits))
        if ranks.rank == 0
        else nullcontext(_ignored)
    )
    with safe_stop(save), stop_signals() as received, record as note:
        _, reason = completed(steps, watch)
    if last is None:
        raise ValueError("the optimizer made no step; raise `training.epochs`")
    save()
    return last, reason


@contextmanager
def _recorded(
    folder: Path, shown: AbstractContextManager[Callable[[Epoch], None]]
) -> Iterator[Callable[[Epoch], None]]:
    """Function that writes an epoch to metrics.csv, the screen and, at times, state.pt."""
    with (folder / "metrics.csv").open("a", newline="") as file, shown as show:
        saved = time.monotonic()

        def note(epoch: Epoch) -> None:
            nonlocal saved
            with named_errors(folder / "metrics.csv"):
                append_epoch(file, epoch)
            show(epoch)
            if time.monotonic() - saved > SAVE_SECONDS:
                save_checkpoint(folder / "state.pt", epoch.state)
                saved = time.monotonic()

        yield note


def _ignored(epoch: Epoch) -> None:
    """Record nothing, as ranks other than 0 do."""


def _stopped(folder: Path, state: TrainingState, number: int, ranks: Ranks) -> Stopped:
    """Exception that ends a fit after a signal; the state is saved before any rank leaves."""
    saved = f" after epoch {state.epoch}; its state is saved; to continue, add --resume auto"
    stopped = Stopped(number, saved)
    if ranks.rank == 0:
        save_checkpoint(folder / "state.pt", state)
        log.info("%s", stopped)
    ranks.all_gather(0)
    return stopped


@contextmanager
def safe_stop(save: Callable[[], str | None]) -> Iterator[None]:
    """Save the state before a loss that is NaN, full memory or a lost rank ends the run.

    Args:
        save: writes the last good state; says where it is, None if there is none yet.

    Raises:
        ValueError, FloatingPointError, ConnectionError: what happened, in one line.
    """
    try:
        yield
    except FloatingPointError as error:
        raise FloatingPointError(f"{error}{_saved(save())}") from None
    except ConnectionError as error:
        raise ConnectionError(f"{error}{_saved(save())}") from None
    except (MemoryError, RuntimeError) as error:
        if not is_full(error):
            raise
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        raise ValueError(
            f"out of memory ({(str(error) or 'MemoryError').splitlines()[0][:100]}); lower "
            "`training.memory`, make `surface.hidden` smaller or set `training.optimizer: lbfgs`"
            f"{_saved(save())}"
        ) from None


def _saved(place: str | None) -> str:
    return "" if place is None else f"; {place}"


@contextmanager
def progress(
    total: int, done: int, limits: Sequence[TimeLeft] = ()
) -> Iterator[Callable[[Epoch], None]]:
    """Function that shows each epoch: on a bar where stdout is a terminal, in log lines elsewhere.

    Args:
        total: largest number of epochs.
        done: epochs of earlier sessions.
        limits: wall time in s that each limit of the fit leaves after an epoch.
    """
    if not sys.stdout.isatty():
        yield progress_lines(total, done, limits)
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
    limits: Sequence[TimeLeft] = (),
    *,
    say: Callable[[str], object] = log.info,
    clock: Callable[[], float] = time.monotonic,
) -> Callable[[Epoch], None]:
    """Function that says a line about an epoch if the last line is half a minute old.

    The time left is an upper limit, as patience may end a fit: the epochs to come at the pace of
    this session, or what a limit leaves.

    Args:
        total: largest number of epochs.
        done: epochs of earlier sessions.
        limits: wall time in s that each limit of the fit leaves after an epoch.
        say: receives each line.
        clock: time in s.
    """
    due = at_intervals(clock=clock)

    def advance(epoch: Epoch) -> None:
        if (elapsed := due()) is None:
            return
        left = elapsed / (epoch.epoch - done) * (total - epoch.epoch)
        left = max(0.0, min([left, *(limit(epoch) for limit in limits)]))
        say(
            f"epoch {epoch.epoch} of {total}: RMSE {epoch.train_rmse_cm1:.4f} cm-1 (training), "
            f"{epoch.validation_rmse_cm1:.4f} cm-1 (validation); at most "
            f"{timedelta(seconds=round(left))} left"
        )

    return advance
