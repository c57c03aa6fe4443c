"""`pes-train`: points to a surface, in one folder."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from pes.config import TrainConfig, load_config
from pes.config.reading import changed
from pes.data import Dataset, Split
from pes.data.audit import audit
from pes.files import RUN_FINISHED
from pes.run.cluster import rank_device, rank_threads
from pes.run.folder import claimed, open_folder, open_log, pick_device, silence_log, write_config
from pes.run.train.epochs import fitted
from pes.run.train.points import drawn_split, load_points
from pes.run.train.results import report_surface, write_results
from pes.run.train.resume import (
    EarlierSession,
    checkpoint_of,
    earlier_session,
    with_full_paths,
    workplace,
)
from pes.run.train.search import search_choices, searched
from pes.run.train.settings import training_settings
from pes.run.train.tables import cut_metrics
from pes.setup.environment import environment_line
from pes.setup.training.choices import TrainingChoices
from pes.setup.training.fit_result import fit_result
from pes.setup.training.plan import TrainingPlan, force_warnings, training_plan
from pes.setup.training.train import planned_epochs
from pes.staging import swapped
from pes.training.distributed import ALONE, Ranks
from pes.training.epoch import Epoch

__all__ = ["train"]

log = logging.getLogger("pes")

RESULTS = ("surface.safetensors", "learning_curve.png", "parity.png", "calibration.png")
PROGRESS = ("state.pt", "previous_state.pt", "metrics.csv", "search.csv", "chosen.json")


def train(
    path: Path,
    *,
    output: Path | None = None,
    resume: str | None = None,
    settings: Sequence[str] = (),
    overwrite: bool = False,
    check: bool = False,
    ranks: Ranks = ALONE,
) -> Path | None:
    """Fit a surface as a configuration says.

    Args:
        path: YAML file.
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
    config = load_config(path, TrainConfig, settings)
    device = rank_device(pick_device(config.device, config.threads or rank_threads()), ranks)
    folder = output or Path("runs") / config.name
    config = with_full_paths(config, path.parent)
    search_choices(config)
    if check:
        _train(config, folder, None, device, ranks, check=True)
        return None
    with claimed(folder) if ranks.rank == 0 else nullcontext():
        ranks.all_gather(0)  # the first has put the folder in order
        place = workplace(folder)
        checkpoint = checkpoint_of(folder, resume, overwrite=overwrite)
        _train(config, place, checkpoint, device, ranks)
        if ranks.rank == 0:
            if place != folder:
                swapped(place, folder, finished=RUN_FINISHED, stale=(*RESULTS, *PROGRESS))
            report_surface(folder)
    return folder


def _train(
    config: TrainConfig,
    folder: Path,
    checkpoint: Path | None,
    device: torch.device,
    ranks: Ranks,
    *,
    check: bool = False,
) -> None:
    """Fit a surface and write everything to a folder; only describe the fit if `check`."""
    points = load_points(config)
    earlier = None if checkpoint is None else earlier_session(config, points, checkpoint)
    parts = drawn_split(config, points) if earlier is None else earlier.parts
    for rows in (parts.train, parts.validation):
        ranks.shard_rows(len(rows))  # refuses more ranks than points
    warnings = force_warnings(points.dataset.select(parts.train))
    choices = TrainingChoices() if earlier is None else earlier.choices
    plan = _plan(config, points.dataset, parts, device, choices)
    if check:
        if ranks.rank == 0:
            _describe(print, config.name, plan, points.left_out)
        return
    ranks.all_gather(0)  # wait until all have read the folder that the first now changes
    _open(folder, checkpoint, earlier, ranks)
    if config.search is not None and earlier is None:

        def start(choice: dict[str, Any]) -> Iterator[Epoch]:
            tried = replace(choices, search=choice)
            return planned_epochs(
                _plan(config, points.dataset, parts, device, tried, single=True), ranks=ranks
            )

        for remark in plan.remarks:
            log.info("%s", remark)
        choices = TrainingChoices(optimizer=plan.choices.optimizer)
        choices = replace(choices, search=searched(config, start, folder, ranks))
        plan = _plan(config, points.dataset, parts, device, choices)
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
        for finding in audit(points.dataset):
            log.info("data: %s", finding)
    started = time.monotonic()
    state, reason = None, None
    if plan.optimizer is not None:
        state = None if earlier is None else earlier.state
        state, reason = fitted(
            planned_epochs(plan, state, ranks), folder,
            total=config.training.epochs, max_seconds=config.training.max_seconds,
            state=state, ranks=ranks,
        )  # fmt: skip
    if ranks.rank == 0:
        seconds = time.monotonic() - started
        result = fit_result(plan, state=state, stopped_by=reason, seconds=seconds, name=config.name)
        write_results(result, folder)


def _plan(
    config: TrainConfig,
    dataset: Dataset,
    parts: Split,
    device: torch.device,
    choices: TrainingChoices,
    *,
    single: bool = False,
) -> TrainingPlan:
    """The plan of a configuration with what a search chose in it; of one network if `single`."""
    config = changed(config, choices.search, "search") if choices.search else config
    settings = training_settings(config)
    if single:
        settings = replace(settings, ensemble=None)
    return training_plan(dataset, parts, settings, device=device, known=choices)


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
