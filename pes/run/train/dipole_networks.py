"""Networks of a dipole fit while they are trained: their states on disk, progress, signals."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from pes.config import TrainConfig
from pes.data import Split
from pes.data.labels import Chosen
from pes.run.folder import write_config
from pes.run.signals import Stopped, stop_signals
from pes.run.train.epochs import SAVE_SECONDS, safe_stop
from pes.run.train.resume import check_same
from pes.setup.machine.intervals import at_intervals
from pes.setup.training.dipoles.dipole_fits import NetworkSessions
from pes.training.checkpoint import latest_checkpoint, previous, save_checkpoint
from pes.training.epoch import TrainingState

__all__ = ["earlier_networks", "network_files", "watched"]

log = logging.getLogger("pes")


def network_files(place: Path) -> list[Path]:
    """Files of states in a folder, those before the last ones included."""
    return sorted([*place.glob("network_*.pt"), *place.glob("previous_network_*.pt")])


def earlier_networks(
    config: TrainConfig, points: Chosen, place: Path
) -> tuple[dict[int, TrainingState], Split] | None:
    """States of networks of a run that was cut short, and its split; None if there are none.

    Raises:
        ValueError: if the configuration differs where it must not, or a file cannot be read.
    """
    files = {_file(place, k) for k in range(config.surface.networks)}
    known = [one for one in files if one.is_file() or previous(one).is_file()]
    if not known:
        return None
    check_same(config, place / "config.yaml")
    states = {}
    for file in known:
        state, trouble = latest_checkpoint(file)
        states[int(file.stem.removeprefix("network_")) - 1] = state
        if trouble is not None:
            log.warning("warning: %s", trouble)
    parts = points.among_chosen(Split.load(place / "split.json", points.source))
    return states, parts


@contextmanager
def watched(
    config: TrainConfig, parts: Split, place: Path, earlier: dict[int, TrainingState]
) -> Iterator[NetworkSessions]:
    """Sessions that say how far they are, and keep states from which they can go on.

    Args:
        config: configuration of the run, written with the first state.
        parts: rows, written with the first state.
        place: folder of the states.
        earlier: states of an earlier session.

    Raises:
        Stopped: after a signal, when the state is saved.
    """
    last: tuple[int, TrainingState] | None = None
    saved, due = time.monotonic(), at_intervals()

    def save() -> str | None:
        if last is None:
            return None
        if not (place / "config.yaml").exists():
            place.mkdir(exist_ok=True)
            parts.save(place / "split.json")
            write_config(place / "config.yaml", config)
        file = _file(place, last[0])
        save_checkpoint(file, last[1])
        return f"the state of epoch {last[1].epoch} is in {file}"

    def watch(number: int, state: TrainingState) -> None:
        nonlocal last, saved
        if last is not None and last[0] != number:
            save()
        last, now = (number, state), time.monotonic()
        if received():
            save()
            raise _stopped(received(), state)
        if now - saved > SAVE_SECONDS:
            saved = now
            save()
        if due() is not None:
            log.info("%s", _line(config, number, state))

    with safe_stop(save), stop_signals() as received:
        yield NetworkSessions(earlier, watch)


def _file(place: Path, number: int) -> Path:
    return place / f"network_{number + 1}.pt"


def _line(config: TrainConfig, number: int, state: TrainingState) -> str:
    total, count = config.training.epochs, config.surface.networks
    left = state.seconds / state.epoch * (total - state.epoch)
    return (
        f"network {number + 1} of {count}: epoch {state.epoch} of {total}, the best is "
        f"{state.best_epoch}; at most {timedelta(seconds=round(left))} left for this network"
    )


def _stopped(number: int, state: TrainingState) -> Stopped:
    saved = f" after epoch {state.epoch}; its state is saved; to continue, add --resume auto"
    stopped = Stopped(number, saved)
    log.info("%s", stopped)
    return stopped
