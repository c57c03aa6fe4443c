"""The epochs of a training: each in metrics.csv, the last in state.pt, signals heeded."""

import logging
import signal
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from tqdm import tqdm

from pes.run.signals import Stopped, stop_signals
from pes.run.train.failures import safe_stop
from pes.run.train.tables import append_epoch
from pes.training.checkpoint import save_checkpoint
from pes.training.distributed import Ranks
from pes.training.fit import Epoch, StopReason, TrainingState, completed

__all__ = ["fitted"]

log = logging.getLogger("pes")

SAVE_SECONDS = 5.0


def fitted(
    steps: Generator[Epoch, None, StopReason],
    folder: Path,
    *,
    total: int,
    state: TrainingState | None,
    ranks: Ranks,
) -> tuple[TrainingState, StopReason]:
    """Run the epochs; every one is in metrics.csv, the last saved one in state.pt.

    Args:
        steps: epochs of a fit.
        folder: of the run.
        total: largest number of epochs.
        state: of an earlier session.
        ranks: processes that share the fit; the first writes.

    Returns:
        The last state and why the fit ended.

    Raises:
        Stopped: after a signal, when the state is saved.
        ValueError: if no epoch was made at all.
    """
    last = state

    def save() -> str | None:
        if last is None:
            return None
        if ranks.rank == 0:
            save_checkpoint(folder / "state.pt", last)
        return f"the state of epoch {last.epoch} is in {folder / 'state.pt'}"

    def watch(epoch: Epoch) -> None:
        nonlocal last
        last = epoch.state
        note(epoch)
        if number := int(ranks.all_gather(received()).max()):
            raise _stopped(folder, last, number, ranks)

    done = 0 if state is None else state.epoch
    record = _recorded(folder, total, done) if ranks.rank == 0 else nullcontext(_nothing)
    with safe_stop(save), stop_signals() as received, record as note:
        _, reason = completed(steps, watch)
    if last is None:
        raise ValueError("the optimizer made no step; raise `training.epochs`")
    save()
    return last, reason


@contextmanager
def _recorded(folder: Path, epochs: int, done: int) -> Iterator[Callable[[Epoch], None]]:
    """A function that writes an epoch to metrics.csv, the screen and, at times, state.pt."""
    with (
        (folder / "metrics.csv").open("a", newline="") as file,
        tqdm(total=epochs, initial=done, unit="epoch", disable=None) as progress,
    ):
        saved = time.monotonic()

        def note(epoch: Epoch) -> None:
            nonlocal saved
            append_epoch(file, epoch)
            progress.update()
            progress.set_postfix_str(
                f"train {epoch.train_rmse_cm1:.4f} validation {epoch.validation_rmse_cm1:.4f} cm-1"
            )
            if time.monotonic() - saved > SAVE_SECONDS:
                save_checkpoint(folder / "state.pt", epoch.state)
                saved = time.monotonic()

        yield note


def _nothing(epoch: Epoch) -> None:
    """What the other ranks record."""


def _stopped(folder: Path, state: TrainingState, number: int, ranks: Ranks) -> Stopped:
    """What ends a fit after a signal; the state is saved before any rank leaves."""
    message = (
        f"stopped by {signal.Signals(number).name} after epoch {state.epoch}; its state is saved, "
        "go on with --resume auto"
    )
    if ranks.rank == 0:
        save_checkpoint(folder / "state.pt", state)
        log.info("%s", message)
    ranks.all_gather(0)
    return Stopped(number, message)
