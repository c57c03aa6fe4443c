"""Forecast and progress of a calculation of levels, and the state from which it goes on."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from pes.config import Vibration
from pes.memory import free_memory
from pes.run.folder import check_space
from pes.run.levels.bar import step_bar
from pes.run.levels.resume import digest, earlier, keeper, series_digest, series_store
from pes.run.signals import stop_signals
from pes.setup.automatic.motions.missing_wells import LargeAmplitudes
from pes.setup.automatic.quanta.kept_stages import Store
from pes.setup.levels.size_forecast import SizeForecast, size_forecast
from pes.setup.levels.solved import COUNT, accuracy_goal, growing_minutes
from pes.setup.machine.memory_limit import refuse_shortage
from pes.setup.problem.chosen import description
from pes.setup.problem.problem import Problem
from pes.vibration.eigensolvers.davidson import Progress

__all__ = ["Report", "report"]

log = logging.getLogger("pes")


@dataclass(frozen=True)
class Report:
    """Functions that are called while a calculation runs, and what it begins with.

    Attributes:
        progress: called with the name of each step.
        watch: called after each step of the Davidson method.
        start: vectors of a calculation that was cut short, (S, N).
        received: number of a signal that asks a growing calculation to end, or 0.
        goal: accuracy that a calculation grows to, cm⁻¹; None where sizes are given.
        store: calculations of a growing series that was cut short, and a place to keep them.
    """

    progress: Callable[[str], None]
    watch: Callable[[Progress], None] = lambda _: None
    start: Tensor | None = None
    received: Callable[[], int] = lambda: 0
    goal: float | None = None
    store: Store | None = None


@contextmanager
def report(
    task: Problem,
    config: Vibration,
    content: Mapping[str, Any],
    *,
    folder: Path,
    state: Path | None,
) -> Iterator[Report]:
    """Say what a calculation will take, then what is done of it, while the block runs.

    Args:
        task: surface, coordinates and bases.
        config: section of the configuration.
        content: content of config.yaml, which a state belongs to.
        folder: folder of the results, where the state is kept.
        state: state of a calculation that was cut short.

    Raises:
        ValueError: if there is too little memory or space for given sizes.
    """
    goal = accuracy_goal(config.accuracy, task, config.truncation(), config.convergence)
    if goal is not None:
        _say_goal(task, goal, config.minutes)
        with stop_signals() as received:
            store = series_store(folder, state, series_digest(content))
            yield Report(
                lambda line: log.info("  %s", line), received=received, goal=goal, store=store
            )
        return
    largest = _forecast(task, config)
    check_space(folder, _bytes_on_disk(largest.size.points, task, config.levels or COUNT))
    for missing in LargeAmplitudes(task).expected(config.levels or COUNT, config.energy):
        log.warning("%s", missing)
    configuration = digest(content)
    with step_bar(largest, keeper(folder, configuration)) as (begin, watch):
        yield Report(begin, watch, earlier(state, configuration))


def _forecast(task: Problem, config: Vibration) -> SizeForecast:
    """The largest run of given sizes, which must fit into memory."""
    largest = size_forecast(
        task, config.truncation(), config.levels or COUNT, cap=config.cap,
        convergence=config.convergence, symmetry=config.symmetry,
    )  # fmt: skip
    free = free_memory(task.system.device)
    known = "" if free is None else f"; {free / 2**30:.2g} GiB are free"
    log.info("largest calculation: %s%s", largest, known)
    refuse_shortage(
        "the largest calculation", largest.memory, "lower the sizes", device=task.system.device,
        allowed=None if config.memory is None else config.memory * 2**30,
    )  # fmt: skip
    return largest


def _bytes_on_disk(points: int, task: Problem, count: int) -> int:
    """Size of levels.h5: positions, points, weight, V and the wavefunctions at each point."""
    return 8 * points * (count + 3 * len(task.molecule.symbols) + len(task.coordinates) + 2)


def _say_goal(task: Problem, goal: float, minutes: float | None) -> None:
    """Log lines of a calculation that grows to an accuracy."""
    free = free_memory(task.system.device)
    memory = "" if free is None else f"; {free / 2**30:.2g} GiB of memory are free"
    log.info("coordinates: %s", description(task))
    allowed = growing_minutes(minutes, task)
    log.info(
        "ranges and sizes are chosen so that all levels converge to %g cm-1, within %g "
        "CPU-minute%s%s", goal, allowed, "s" * (allowed != 1), memory,
    )  # fmt: skip
