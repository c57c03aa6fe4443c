"""`pes-train` without settings: the surface is chosen, and config.yaml says in the end how."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from pes.config import TrainConfig
from pes.files import write_csv, write_json
from pes.run.folder import open_folder, open_log, write_config
from pes.run.signals import stop_signals
from pes.run.train.chosen_config import budget, chosen_config
from pes.run.train.job import PROGRESS, RESULTS, Job, prepared
from pes.run.train.results import write_results
from pes.setup.machine.environment import environment_line
from pes.setup.training.automatic.fit import AutomaticFit, automatic_fit
from pes.setup.training.automatic.points import point_summary
from pes.setup.training.automatic.report import plan_lines
from pes.setup.training.automatic.trial import Trial
from pes.training.checkpoint import save_checkpoint
from pes.training.distributed import Ranks

__all__ = ["automatic_training"]

log = logging.getLogger("pes")

REPORT = 10.0
"""CPU seconds kept for errors and pictures at the end, at most."""
SELDOM = 10.0
"""CPU seconds between two surfaces written while the fit goes on, at least."""
RARELY = 20.0
"""Least interval between two surfaces written, in units of the time that the last writing took."""


def automatic_training(
    config: TrainConfig,
    folder: Path,
    checkpoint: Path | None,
    device: torch.device,
    ranks: Ranks,
    *,
    check: bool = False,
) -> int:
    """Choose and fit a surface within the budget; only describe the plan if `check`.

    While the fit goes on the folder holds the best surface so far.

    Args: those of `planned_training`.

    Returns:
        The number of a signal that ended the fit, or 0.

    Raises:
        ValueError, FileNotFoundError: for points or a state that cannot be used, or if there are
            several ranks.
    """
    job = prepared(config, folder, checkpoint, device, ranks)
    if ranks.count > 1:
        raise ValueError(
            f"`surface: auto` runs in one process, not in {ranks.count}; run its config.yaml "
            "in several"
        )
    if check:
        open_log(None)
        for line in plan_lines(point_summary(job.points.dataset, job.parts), 60 * budget(config)):
            log.info("%s", line)
        return 0
    open_folder(job.folder, stale=(*RESULTS, *PROGRESS, "automatic.json"))
    open_log(job.folder / "train.log")
    for line in (environment_line(job.device, config.seed), *job.points.left_out):
        log.info("%s", line)
    job.points.in_source(job.parts).save(job.folder / "split.json")
    write_config(job.folder / "config.yaml", config)
    with stop_signals() as received:
        fit = _fit(job, received)
        result = fit.result(name=config.name, stopped=bool(received()))
        forces = job.points.dataset.forces is not None
        write_config(job.folder / "config.yaml", chosen_config(config, result, forces=forces))
        write_json(job.folder / "automatic.json", _record(fit))
        result.plan.choices.save(job.folder / "chosen.json")
        if result.state is not None:
            write_csv(job.folder / "metrics.csv", result.history)
            save_checkpoint(job.folder / "state.pt", result.state)
        number = received()
    write_results(result, job.folder)
    if job.points.dataset.dipoles is not None:
        log.info(
            "the points have dipole moments: pes-train %s --dipole fits them", config.data.file
        )
    return number


def _fit(job: Job, received: Callable[[], int]) -> AutomaticFit:
    """The fit until its budget or a signal ends it; the best surface is written now and then."""
    following = 0.0

    def keep(trial: Trial) -> None:
        nonlocal following
        begun = time.process_time()
        if begun < following:
            return
        best = AutomaticFit(trial, (trial,), (), trial.seconds).result(name=job.config.name)
        best.save_surface(job.folder)
        end = time.process_time()
        following = end + max(SELDOM, RARELY * (end - begun))

    return automatic_fit(
        job.points.dataset, job.parts, seconds=60 * budget(job.config),
        used=_taken(job.config, time.process_time() - job.begun), doubtful=job.doubtful,
        seed=job.config.seed, memory=job.config.training.memory, device=job.device,
        say=log.info, keep=keep, stop=lambda: received() > 0,
    )  # fmt: skip


def _taken(config: TrainConfig, used: float) -> float:
    """CPU seconds of the budget that are not for the fit: those used, and some for the report."""
    total = 60 * budget(config)
    return min(0.5 * total, used + min(REPORT, 0.02 * total))


def _record(fit: AutomaticFit) -> dict[str, Any]:
    """Plan and trials, of plain types."""
    rows = [
        {
            "name": trial.name,
            "validation_cm1": trial.error,
            "training_cm1": trial.training if trial.history else None,
            "epochs": len(trial.history),
            "cpu_seconds": trial.seconds,
            "chosen": trial is fit.chosen,
        }
        for trial in fit.trials
    ]
    progress = [{"cpu_seconds": t, "validation_cm1": error} for t, error in fit.progress]
    return {
        "lines": list(fit.lines), "trials": rows, "progress": progress,
        "cpu_seconds": fit.seconds,
    }  # fmt: skip
