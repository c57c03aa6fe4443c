"""`pes-train` with settings: the plan of a configuration, its epochs, and the files."""

import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch

from pes.config import TrainConfig
from pes.config.reading import changed
from pes.run.folder import write_config
from pes.run.train.chosen_config import reproducible
from pes.run.train.epochs import fitted, wall_time_left
from pes.run.train.job import Job, opened, prepared
from pes.run.train.results import write_results
from pes.run.train.settings import training_settings
from pes.run.train.tables import read_metrics
from pes.setup.machine.environment import environment_line
from pes.setup.training.outcome.fit_result import fit_result
from pes.setup.training.planning.choices import TrainingChoices
from pes.setup.training.planning.plan import TrainingPlan, force_warnings, training_plan
from pes.setup.training.planning.planned import planned_epochs, within
from pes.setup.training.planning.search import Search
from pes.setup.training.planning.searched import check_choices, searched_plan
from pes.setup.training.planning.settings import TrainingSettings
from pes.training.distributed import Ranks
from pes.training.epoch import StopReason, TrainingState

__all__ = ["planned_training"]

log = logging.getLogger("pes")


def planned_training(
    config: TrainConfig,
    folder: Path,
    checkpoint: Path | None,
    device: torch.device,
    ranks: Ranks,
    *,
    check: bool = False,
) -> int:
    """Fit the surface of a configuration and write everything; only describe it if `check`.

    Args:
        config: configuration with full paths.
        folder: folder to write to.
        checkpoint: state file to continue from.
        device: device of the fit.
        ranks: processes that share the fit; only rank 0 writes and logs.
        check: write nothing.

    Returns:
        0; a signal raises `Stopped`.

    Raises:
        ValueError, FileNotFoundError: for points or a state that cannot be used.
    """
    search = None if config.search is None else config.search.resolved()
    if search is not None:
        check_choices(search, partial(_settings, config))
    job = prepared(config, folder, checkpoint, device, ranks)
    choices = TrainingChoices() if job.earlier is None else job.earlier.choices
    plan = _plan(job, choices)
    if check:
        if job.ranks.rank == 0:
            _describe(print, job, plan)
        return 0
    job.ranks.all_gather(0)  # wait until all have read the folder that the first now changes
    opened(job)
    if search is not None and job.earlier is None:
        plan = _searched(job, search)
    if job.ranks.rank == 0:
        _record(job, plan)
    started = time.monotonic()
    state, reason = _epochs(job, plan)
    if job.ranks.rank == 0:
        _write(job, plan, state, reason, time.monotonic() - started)
    return 0


def _settings(config: TrainConfig, choice: Mapping[str, Any]) -> TrainingSettings:
    """Settings of a configuration with what a search chose, key → value."""
    return training_settings(changed(config, choice, "search") if choice else config)


def _plan(job: Job, choices: TrainingChoices) -> TrainingPlan:
    """The plan of a configuration with the choices of an earlier session."""
    return training_plan(
        job.points.dataset, job.parts, _settings(job.config, choices.search),
        device=job.device, known=choices,
    )  # fmt: skip


def _searched(job: Job, search: Search) -> TrainingPlan:
    """The plan with the settings that a search chooses; its trials go to the log and a file."""
    plan = searched_plan(
        job.points.dataset, job.parts, search, partial(_settings, job.config),
        device=job.device, ranks=job.ranks,
    )  # fmt: skip
    log.info("%s", plan.search)
    if job.ranks.rank == 0 and plan.search is not None:
        plan.search.save(job.folder)
    return plan


def _record(job: Job, plan: TrainingPlan) -> None:
    """Write and log what will be fitted to which points."""
    write_config(job.folder / "config.yaml", job.config)
    job.points.in_source(job.parts).save(job.folder / "split.json")
    plan.choices.save(job.folder / "chosen.json")
    log.info("%s", environment_line(job.device, job.config.seed))
    if job.ranks.count > 1:
        log.info("%d ranks share the points", job.ranks.count)
    _describe(log.info, job, plan)
    for warning in force_warnings(job.points.dataset.select(job.parts.train)):
        log.warning("warning: %s", warning)


def _describe(say: Callable[[str], object], job: Job, plan: TrainingPlan) -> None:
    """Say which surface is fitted to how many points, what was left out and what was chosen."""
    for line in (f"{job.config.name}: {plan}", *job.points.left_out, *plan.remarks):
        say(line)


def _epochs(job: Job, plan: TrainingPlan) -> tuple[TrainingState | None, StopReason | None]:
    """All epochs of a plan: the last state and why they ended; nothing for a linear surface."""
    if plan.optimizer is None:
        return None, None
    training, state = job.config.training, None if job.earlier is None else job.earlier.state
    steps, limits = planned_epochs(plan, state, job.ranks), []
    if (longest := training.max_seconds) is not None:
        limits.append(lambda epoch: longest - epoch.seconds)
    if training.budget is not None:
        seconds = 60 * training.budget
        steps = within(steps, seconds, job.ranks)
        limits.append(wall_time_left(seconds / job.ranks.count))
    return fitted(
        steps, job.folder, total=training.epochs, limits=limits, state=state, ranks=job.ranks
    )


def _write(
    job: Job,
    plan: TrainingPlan,
    state: TrainingState | None,
    reason: StopReason | None,
    seconds: float,
) -> None:
    """Write the surface, its errors and the pictures."""
    history = () if state is None else read_metrics(job.folder / "metrics.csv")
    result = fit_result(
        plan, state=state, stopped_by=reason, seconds=seconds, name=job.config.name,
        history=history, doubtful=job.doubtful,
    )  # fmt: skip
    if reason == "budget":
        write_config(job.folder / "config.yaml", reproducible(job.config, result))
    write_results(result, job.folder)
