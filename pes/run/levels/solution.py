"""Levels as a request asks for them, with a progress bar, a forecast and a state to go on from."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from pes.config import Vibration
from pes.memory import free_memory
from pes.potential import Surface
from pes.run.folder import check_space
from pes.run.levels.bar import step_bar
from pes.run.levels.resume import digest, earlier, keeper
from pes.setup.automatic.missing_wells import LargeAmplitudes
from pes.setup.chosen import description
from pes.setup.level_result import LevelsResult
from pes.setup.memory_limit import refuse_shortage
from pes.setup.problem import Problem
from pes.setup.size_forecast import size_forecast
from pes.setup.solved import COUNT, accuracy_goal, growing_minutes, solved

__all__ = ["Request", "solved_with_progress"]

log = logging.getLogger("pes")


@dataclass(frozen=True)
class Request:
    """Request: the task, and the folder of its results.

    Attributes:
        name: in the tables.
        vibration: section of the configuration.
        content: of config.yaml, files named in full.
        source: surface as a configuration names it, its file in full.
        surface: on its device.
        device: of the calculation.
        folder: of the results.
        base: folder that relative paths start from.
        state: of a calculation that was cut short, to go on from.
    """

    name: str
    vibration: Vibration
    content: Mapping[str, Any]
    source: str
    surface: Surface
    device: torch.device
    folder: Path
    base: Path
    state: Path | None


def solved_with_progress(request: Request, task: Problem) -> LevelsResult:
    """The levels, with a progress bar and a state to resume from."""
    config = request.vibration
    goal = accuracy_goal(config.accuracy, task, config.truncation(), config.convergence)
    if goal is not None:
        return _grown(request, task, goal)
    largest = size_forecast(
        task, config.truncation(), config.levels or COUNT, cap=config.cap,
        convergence=config.convergence, symmetry=config.symmetry,
    )  # fmt: skip
    free = free_memory(task.system.device)
    known = "" if free is None else f"; {free / 2**30:.2g} GiB are free"
    log.info("largest run: %s%s", largest, known)
    refuse_shortage(
        "the largest run", largest.memory, "lower the sizes", device=task.system.device,
        allowed=None if config.memory is None else config.memory * 2**30,
    )  # fmt: skip
    check_space(request.folder, _bytes_on_disk(largest.size.points, task, config.levels or COUNT))
    for missing in LargeAmplitudes(task).expected(config.levels or COUNT, config.energy):
        log.warning("%s", missing)
    configuration = digest(request.content)
    with step_bar(largest, keeper(request.folder, configuration)) as (begin, watch):
        return solved(
            task, count=config.levels, energy=config.energy, truncation=config.truncation(),
            cap=config.cap, solver=config.solver, symmetry=config.symmetry,
            convergence=config.convergence, ensemble=config.ensemble, labels=config.labels,
            progress=begin, watch=watch, start=earlier(request.state, configuration),
        )  # fmt: skip


def _bytes_on_disk(points: int, task: Problem, count: int) -> int:
    """Size of levels.h5: positions, points, weight, V and the wavefunctions at each point."""
    return 8 * points * (count + 3 * len(task.molecule.symbols) + len(task.coordinates) + 2)


def _grown(request: Request, task: Problem, goal: float) -> LevelsResult:
    """The levels of a calculation that grows to an accuracy, a log line for each step."""
    config = request.vibration
    free = free_memory(task.system.device)
    memory = "" if free is None else f"; {free / 2**30:.2g} GiB of memory are free"
    log.info("coordinates: %s", description(task))
    log.info(
        "ranges and sizes are chosen for levels within %g cm-1, in %g CPU-minutes at most%s",
        goal, growing_minutes(config.minutes, task), memory,
    )  # fmt: skip
    return solved(
        task, count=config.levels, energy=config.energy, truncation=config.truncation(),
        cap=config.cap, solver=config.solver, symmetry=config.symmetry, accuracy=goal,
        minutes=config.minutes, memory=config.memory, ensemble=config.ensemble,
        labels=config.labels,
        progress=lambda line: log.info("  %s", line),
    )  # fmt: skip
