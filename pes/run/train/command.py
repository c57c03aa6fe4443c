"""`pes-train`: points to a surface, in one folder."""

import logging
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from pes.config import TrainConfig, load_config
from pes.data import Split
from pes.data.labels import Chosen
from pes.files import RUN_FINISHED
from pes.run.cluster import rank_device, rank_threads
from pes.run.folder import claimed, open_folder, open_log, pick_device, silence_log, write_config
from pes.run.signals import Stopped
from pes.run.train.automatic import (
    automatic_training,
    budget,
    continued,
    points_config,
    reproducible,
    with_budget,
)
from pes.run.train.dipole import dipole_training
from pes.run.train.epochs import fitted
from pes.run.train.points import audited_before_fit, drawn_split, load_points
from pes.run.train.results import report_surface, write_results
from pes.run.train.resume import (
    EarlierSession,
    checkpoint_of,
    earlier_session,
    with_full_paths,
    workplace,
)
from pes.run.train.search import search_choices, searched
from pes.run.train.settings import planned_fit
from pes.run.train.tables import cut_metrics, read_metrics
from pes.setup.environment import environment_line
from pes.setup.training.automatic.points import point_summary
from pes.setup.training.automatic.report import plan_lines
from pes.setup.training.choices import TrainingChoices
from pes.setup.training.doubtful import doubtful_rows, without
from pes.setup.training.fit_result import fit_result
from pes.setup.training.plan import TrainingPlan, force_warnings
from pes.setup.training.planned import planned_epochs, within
from pes.staging import swapped
from pes.training.distributed import ALONE, Ranks
from pes.training.epoch import Epoch

__all__ = ["train"]

log = logging.getLogger("pes")

RESULTS = ("surface.safetensors", "learning_curve.png", "residuals.png", "calibration.png")
PROGRESS = ("state.pt", "previous_state.pt", "metrics.csv", "search.csv", "chosen.json")


def train(
    path: Path | None,
    *,
    data: Path | None = None,
    statements: Mapping[str, Any] = MappingProxyType({}),
    minutes: float | None = None,
    output: Path | None = None,
    resume: str | None = None,
    settings: Sequence[str] = (),
    overwrite: bool = False,
    check: bool = False,
    ranks: Ranks = ALONE,
) -> Path | None:
    """Fit a surface as a configuration says, or as suits the points.

    Args:
        path: YAML file.
        data: file of points instead, for a surface that is chosen.
        statements: what the file of points does not say, and the split, as on the command line.
        minutes: CPU time of the fit.
        output: run folder; default runs/<name>.
        resume: `auto` continues the run folder if it holds a state; else a state file.
        settings: `section.key=value` that override the file.
        overwrite: replace a finished run.
        check: read configuration and data, say what would be done, write nothing.
        ranks: processes that share the fit; only rank 0 writes and logs.

    Returns:
        The run folder, or None after a check.

    Raises:
        ValueError, FileNotFoundError: for anything the user can mend, in one line.
        Stopped: after a signal, when the state is saved.
    """
    if data is not None:
        config, base = points_config(data, statements, minutes, settings), Path()
    elif path is not None:
        config, base = load_config(path, TrainConfig, settings), path.parent
        _only_with_points(statements)
        if minutes is not None:
            config = with_budget(config, minutes, endless=resume == "auto")
    else:
        raise ValueError("give a file of points or --config")
    return trained(
        config, base, output=output, resume=resume, overwrite=overwrite, check=check,
        ranks=ranks,
    )  # fmt: skip


def trained(
    config: TrainConfig,
    base: Path,
    *,
    output: Path | None = None,
    resume: str | None = None,
    overwrite: bool = False,
    check: bool = False,
    ranks: Ranks = ALONE,
) -> Path | None:
    """Fit a surface as a configuration says, whose files are named as seen from `base`.

    The other arguments, the result and the errors are those of `train`.
    """
    folder = output or Path("runs") / config.name
    if config.surface.kind == "auto":
        config = continued(config, folder) if resume == "auto" and not check else config
        config = config.model_copy(update={"threads": config.threads or 1})
    device = rank_device(pick_device(config.device, config.threads or rank_threads()), ranks)
    config = with_full_paths(config, base)
    if config.surface.kind == "dipole":
        return dipole_training(config, folder, device, overwrite=overwrite, check=check)
    search_choices(config)
    if check:
        _train(config, folder, None, device, ranks, check=True)
        return None
    with claimed(folder) if ranks.rank == 0 else nullcontext():
        place = workplace(folder)
        checkpoint = checkpoint_of(folder, resume, overwrite=overwrite)
        number = _train(config, place, checkpoint, device, ranks)
        if ranks.rank == 0:
            if place != folder:
                swapped(place, folder, finished=RUN_FINISHED, stale=(*RESULTS, *PROGRESS))
            report_surface(folder)
    if number:
        name = signal.Signals(number).name
        raise Stopped(number, f"stopped by {name}; the best surface so far is in {folder}")
    return folder


def _train(
    config: TrainConfig,
    folder: Path,
    checkpoint: Path | None,
    device: torch.device,
    ranks: Ranks,
    *,
    check: bool = False,
) -> int:
    """Fit a surface and write everything to a folder; only describe the fit if `check`.

    Returns:
        Number of a signal that ended an automatic fit with the best surface so far, or 0.
    """
    begun = time.process_time()
    points = load_points(config)
    earlier = None if checkpoint is None else earlier_session(config, points, checkpoint)
    parts = drawn_split(config, points) if earlier is None else earlier.parts
    for rows in (parts.train, parts.validation):
        ranks.shard_rows(len(rows))  # refuses more ranks than points
    doubtful = None
    if earlier is None:
        audited = audited_before_fit(config, points)
        points = replace(points, left_out=(*audited.before_fit(), *points.left_out))
        if config.data.doubtful == "leave_out":
            doubtful = doubtful_rows(audited)
            parts = without(parts, doubtful)
    warnings = force_warnings(points.dataset.select(parts.train))
    if config.surface.kind == "auto":
        return _automatic(
            config, points, parts, device, folder, begun=begun, doubtful=doubtful, check=check,
            ranks=ranks,
        )  # fmt: skip
    choices = TrainingChoices() if earlier is None else earlier.choices
    plan = planned_fit(config, points.dataset, parts, device, choices)
    if check:
        if ranks.rank == 0:
            _describe(print, config.name, plan, points.left_out)
        return 0
    ranks.all_gather(0)  # wait until all have read the folder that the first now changes
    _open(folder, checkpoint, earlier, ranks)
    if config.search is not None and earlier is None:

        def start(choice: dict[str, Any]) -> Iterator[Epoch]:
            tried = replace(choices, search=choice)
            return planned_epochs(
                planned_fit(config, points.dataset, parts, device, tried, single=True), ranks=ranks
            )

        for remark in plan.remarks:
            log.info("%s", remark)
        choices = TrainingChoices(optimizer=plan.choices.optimizer)
        choices = replace(choices, search=searched(config, start, folder, ranks))
        plan = planned_fit(config, points.dataset, parts, device, choices)
    if ranks.rank == 0:
        write_config(folder / "config.yaml", config)
        points.in_source(parts).save(folder / "split.json")
        plan.choices.save(folder / "chosen.json")
        log.info("%s", environment_line(device, config.seed))
        if ranks.count > 1:
            log.info("%d ranks share the points", ranks.count)
        _describe(log.info, config.name, plan, points.left_out)
        for warning in warnings:
            log.warning("warning: %s", warning)
    started = time.monotonic()
    state, reason = None, None
    if plan.optimizer is not None:
        state = None if earlier is None else earlier.state
        steps, limit = planned_epochs(plan, state, ranks), config.training.max_seconds
        if config.training.budget is not None:
            seconds = 60 * config.training.budget
            steps = within(steps, seconds, ranks)
            # CPU time of one thread, so that the progress has a time to go by.
            limit = limit or seconds + (0.0 if state is None else state.seconds)
        state, reason = fitted(
            steps, folder,
            total=config.training.epochs, max_seconds=limit, state=state, ranks=ranks,
        )  # fmt: skip
    if ranks.rank == 0:
        seconds = time.monotonic() - started
        history = () if state is None else read_metrics(folder / "metrics.csv")
        result = fit_result(
            plan, state=state, stopped_by=reason, seconds=seconds, name=config.name,
            history=history, doubtful=doubtful,
        )  # fmt: skip
        if reason == "budget":
            write_config(folder / "config.yaml", reproducible(config, result))
        write_results(result, folder)
    return 0


def _only_with_points(statements: Mapping[str, Any]) -> None:
    if statements:
        raise ValueError(
            f"--{next(iter(statements))} goes with a file of points; with --config write it into "
            "the section `data`"
        )


def _automatic(
    config: TrainConfig,
    points: Chosen,
    parts: Split,
    device: torch.device,
    folder: Path,
    *,
    begun: float,
    doubtful: Tensor | None,
    check: bool,
    ranks: Ranks,
) -> int:
    """Fit with a surface to be chosen; the number of a signal that ended the fit, or 0.

    Raises:
        ValueError: if there are several ranks.
    """
    if ranks.count > 1:
        raise ValueError(
            f"`surface: auto` runs in one process, not in {ranks.count}; run its config.yaml in "
            "several"
        )
    if check:
        open_log(None)
        for line in plan_lines(point_summary(points.dataset, parts), 60 * budget(config)):
            log.info("%s", line)
        return 0
    open_folder(folder, stale=(*RESULTS, *PROGRESS, "automatic.json"))
    open_log(folder / "train.log")
    log.info("%s", environment_line(device, config.seed))
    for line in points.left_out:
        log.info("%s", line)
    used = time.process_time() - begun
    result, number = automatic_training(
        config, points, parts, device, folder, used=used, doubtful=doubtful
    )
    write_results(result, folder)
    return number


def _describe(
    say: Callable[[str], object], name: str, plan: TrainingPlan, left_out: Sequence[str]
) -> None:
    """Say which surface is fitted to how many points, what was left out and what was chosen."""
    for line in (f"{name}: {plan}", *left_out, *plan.remarks):
        say(line)


def _open(
    folder: Path, checkpoint: Path | None, earlier: EarlierSession | None, ranks: Ranks
) -> None:
    """Open the run folder and its log on rank 0; silence the log of the others."""
    if ranks.rank > 0:
        silence_log()
        return
    open_folder(folder, stale=RESULTS if earlier is not None else (*RESULTS, *PROGRESS))
    open_log(folder / "train.log", append=earlier is not None)
    if checkpoint is None or earlier is None:
        return
    cut_metrics(checkpoint.with_name("metrics.csv"), folder / "metrics.csv", earlier.state.epoch)
    if earlier.trouble is not None:
        log.warning("warning: %s", earlier.trouble)
