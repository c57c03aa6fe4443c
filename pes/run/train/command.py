"""`pes-train`: points to a surface, in one folder."""

import logging
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from pes.config import TrainConfig, load_config
from pes.data import Dataset, Split
from pes.data.audit import audit
from pes.potential import Ensemble, NeuralSurface
from pes.run.cluster import rank_device, rank_threads
from pes.run.folder import open_folder, open_log, pick_device, silence_log, write_config
from pes.run.train.description import PARTS, describe
from pes.run.train.ensemble import ensemble_epochs, untrained_ensemble
from pes.run.train.epochs import fitted
from pes.run.train.optimizers import as_before, optimizer_of, with_optimizer
from pes.run.train.points import force_doubts, load_points
from pes.run.train.preparation import Beginning, on_device, point_weights, prepared
from pes.run.train.results import judged, write_results
from pes.run.train.resume import checkpoint_of, starting_point, with_full_paths
from pes.run.train.search import found_before, search_choices, searched
from pes.run.train.tables import cut_metrics
from pes.setup.environment import environment_line
from pes.training.distributed import Ranks
from pes.training.fit import ALONE, Epoch, TrainingState, fit
from pes.units import ANGSTROM

__all__ = ["train"]

log = logging.getLogger("pes")

RESULTS = ("surface.safetensors", "learning_curve.png", "parity.png", "calibration.png")
PROGRESS = ("state.pt", "previous_state.pt", "metrics.csv", "search.csv")


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
        ranks: processes that share the fit; the first alone writes and speaks.

    Returns:
        The run folder, or None after a check.

    Raises:
        ValueError, FileNotFoundError: for anything the user can mend, in one line.
        Stopped: after a signal, when the state is saved.
    """
    config = load_config(path, TrainConfig, settings)
    device = rank_device(pick_device(config.device, config.threads or rank_threads()), ranks)
    folder = output or Path("runs") / config.name
    checkpoint = None if check else checkpoint_of(folder, resume, overwrite=overwrite)
    config = with_full_paths(config, path.parent)
    search_choices(config)
    if checkpoint is not None:
        config = as_before(config, checkpoint)
    points = load_points(config)
    dataset = points.dataset
    if checkpoint is not None and config.search is not None:
        first = load_config(checkpoint.with_name("config.yaml"), TrainConfig)
        config = found_before(config, first)
    config, state, parts, trouble = starting_point(config, points, checkpoint)
    for rows in (parts.train, parts.validation):
        ranks.own(len(rows))  # refuses more ranks than points
    doubts = force_doubts(dataset.select(parts.train))
    asked, beginning = config, _prepared(config, dataset, parts, device)
    config, surface, choice = beginning.config, beginning.surface, None
    if isinstance(surface, NeuralSurface | Ensemble):
        config, choice = with_optimizer(config, surface, dataset.select(parts.train))
        asked = _with_optimizer_of(asked, config)
    if check:
        if ranks.rank == 0:
            describe(print, config, dataset, parts, surface, choice)
        return None
    ranks.each(0)  # wait until all have read the folder that the first now changes
    _open(folder, checkpoint, state, ranks)
    if trouble is not None:
        log.warning("warning: %s", trouble)
    sets = {name: on_device(dataset.select(getattr(parts, name)), device) for name in PARTS}
    if config.search is not None and state is None:

        def start(choice: TrainConfig) -> Iterator[Epoch]:
            begun = _prepared(choice, dataset, parts, device)
            assert isinstance(begun.surface, NeuralSurface)  # the schema has no other search
            return _epochs(begun.config, begun.surface, sets, None, ranks)

        beginning = _prepared(searched(asked, start, folder, ranks), dataset, parts, device)
        config, surface = beginning.config, beginning.surface
    if ranks.rank == 0:
        write_config(folder / "config.yaml", config)
        points.in_source(parts).save(folder / "split.json")
        log.info("%s", environment_line(device, config.seed))
        if ranks.count > 1:
            log.info("%d ranks share the points", ranks.count)
        describe(log.info, config, dataset, parts, surface, choice)
        _tell((*points.left_out, *beginning.remarks), doubts, dataset)
    started = time.monotonic()
    epochs = None
    if isinstance(surface, Ensemble):
        epochs = ensemble_epochs(config, surface, dataset, parts, state, ranks)
    elif isinstance(surface, NeuralSurface):
        epochs = _epochs(config, surface, sets, state, ranks)
    last = None if epochs is None else fitted(config, epochs, folder, state, ranks)
    if ranks.rank == 0:
        seconds = time.monotonic() - started
        told = judged(config, dataset, parts, sets)
        write_results(config, beginning, told, folder, last, seconds, dataset)
    return folder


def _tell(remarks: Sequence[str], doubts: Sequence[str], dataset: Dataset) -> None:
    """What was left out and chosen, what may be wrong with forces, what the audit finds."""
    for remark in remarks:
        log.info("%s", remark)
    for doubt in doubts:
        log.warning("warning: %s", doubt)
    for finding in audit(dataset):
        log.info("data: %s", finding)


def _with_optimizer_of(config: TrainConfig, other: TrainConfig) -> TrainConfig:
    training = config.training.model_copy(update={"optimizer": other.training.optimizer})
    return config.model_copy(update={"training": training})


def _open(folder: Path, checkpoint: Path | None, state: TrainingState | None, ranks: Ranks) -> None:
    """The run folder and its log, both of the first rank."""
    if ranks.rank > 0:
        silence_log()
        return
    open_folder(folder, stale=RESULTS if state is not None else (*RESULTS, *PROGRESS))
    open_log(folder / "train.log", append=state is not None)
    if checkpoint is not None and state is not None:
        cut_metrics(checkpoint.with_name("metrics.csv"), folder / "metrics.csv", state.epoch)


def _prepared(
    config: TrainConfig, dataset: Dataset, parts: Split, device: torch.device
) -> Beginning:
    if config.ensemble is not None:
        started = time.monotonic()
        ensemble, config = untrained_ensemble(config, dataset, parts, device)
        return Beginning(ensemble, config, (), [], time.monotonic() - started)
    train, validation = dataset.select(parts.train), dataset.select(parts.validation)
    return prepared(config, train, validation, device)


def _epochs(
    config: TrainConfig,
    surface: NeuralSurface,
    sets: dict[str, Dataset],
    state: TrainingState | None,
    ranks: Ranks,
) -> Iterator[Epoch]:
    """Train one network, as the configuration says."""
    wanted = config.training
    lowest = sets["train"].energies.min()
    force_weight = wanted.force_weight
    return fit(
        surface, sets["train"], sets["validation"],
        optimizer=optimizer_of(config),
        train_weights=point_weights(config, sets["train"], lowest),
        validation_weights=point_weights(config, sets["validation"], lowest),
        force_weight=None if force_weight is None else force_weight * ANGSTROM**2,
        epochs=wanted.epochs, patience=wanted.patience,
        max_seconds=wanted.max_seconds or float("inf"),
        restarts=wanted.restarts, seed=config.seed, memory=wanted.memory * 2**20, state=state,
        ranks=ranks,
    )  # fmt: skip
