"""Training loop of `pes-train`: metrics, checkpoints, progress, signals."""

import logging
import signal
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from pes.files import named_errors
from pes.run.signals import Stopped, stop_signals
from pes.run.train.failures import safe_stop
from pes.run.train.progress import progress
from pes.run.train.tables import append_epoch
from pes.training.checkpoint import save_checkpoint
from pes.training.distributed import Ranks
from pes.training.epoch import Epoch, StopReason, TrainingState
from pes.training.fit import completed

__all__ = ["fitted"]

log = logging.getLogger("pes")

SAVE_SECONDS = 5.0


def fitted(
    steps: Generator[Epoch, None, StopReason],
    folder: Path,
    *,
    total: int,
    max_seconds: float | None = None,
    state: TrainingState | None,
    ranks: Ranks,
) -> tuple[TrainingState, StopReason]:
    """Run the epochs; write each to metrics.csv and the state, at times, to state.pt.

    Args:
        steps: epochs of a fit.
        folder: run folder.
        total: largest number of epochs.
        max_seconds: wall time in s after which the fit stops.
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
        _recorded(folder, progress(total, done, max_seconds))
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
    message = (
        f"stopped by {signal.Signals(number).name} after epoch {state.epoch}; its state is saved; "
        "to continue, add --resume auto"
    )
    if ranks.rank == 0:
        save_checkpoint(folder / "state.pt", state)
        log.info("%s", message)
    ranks.all_gather(0)
    return Stopped(number, message)
