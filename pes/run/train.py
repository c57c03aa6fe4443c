"""`pes-train`: points to a surface, in one folder."""

import csv
import logging
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import reduce
from pathlib import Path
from typing import Any

import torch
from torch import nn
from tqdm import tqdm

from pes import plots
from pes.config import TrainConfig, load_config
from pes.config.schema import StoredSurface
from pes.data import Dataset, Split
from pes.data.audit import audit
from pes.data.labels import Chosen
from pes.molecule import Molecule
from pes.potential import Ensemble, NeuralSurface, SurfaceRecord, save_surface
from pes.potential.coverage import thinned
from pes.run.cluster import rank_device, rank_threads
from pes.run.ensemble import (
    ensemble_epochs,
    ensemble_report,
    kept,
    neural_members,
    untrained_ensemble,
)
from pes.run.fitting import (
    Beginning,
    fitted_numbers,
    leaves_open,
    on_device,
    point_weights,
    prepared,
)
from pes.run.folder import (
    check_folder,
    environment,
    environment_line,
    open_folder,
    open_log,
    pick_device,
    silence_log,
    write_config,
    write_json,
)
from pes.run.optimizers import as_before, optimizer_of, safe_stop, with_optimizer
from pes.run.points import drawn_split, force_doubts, load_points
from pes.run.search import found_before, search_choices, searched
from pes.run.signals import Stopped, stop_signals
from pes.run.surfaces import resolved
from pes.run.train_tables import append_epoch, cut_metrics, error_table
from pes.training.checkpoint import latest_checkpoint, previous, save_checkpoint
from pes.training.distributed import Ranks
from pes.training.errors import error_report
from pes.training.fit import ALONE, Epoch, TrainingState, fit
from pes.units import ANGSTROM, CM1

__all__ = ["train"]

log = logging.getLogger("pes")

PARTS = ("train", "validation", "test")
SAVE_SECONDS = 5.0
RESULTS = ("surface.safetensors", "learning_curve.png", "parity.png", "calibration.png")
PROGRESS = ("state.pt", "previous_state.pt", "metrics.csv", "search.csv")
FIXED = (
    "seed", "molecule", "data.forces", "data.column", "data.window", "surface",
    "training.optimizer", "training.weights", "training.force_weight", "ensemble",
)  # fmt: skip
"""Keys that a resumed run must not change."""


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
    checkpoint = None if check else _checkpoint(folder, resume, overwrite=overwrite)
    config = _resolved(config, path.parent)
    search_choices(config)
    if checkpoint is not None:
        config = as_before(config, checkpoint)
    points = load_points(config)
    dataset = points.dataset
    if checkpoint is not None and config.search is not None:
        first = load_config(checkpoint.with_name("config.yaml"), TrainConfig)
        config = found_before(config, first)
    config, state, parts, trouble = _beginning(config, points, checkpoint)
    _check_ranks(config, parts, ranks)
    doubts = force_doubts(dataset.select(parts.train))
    asked, beginning = config, _prepared(config, dataset, parts, device)
    config, surface, choice = beginning.config, beginning.surface, None
    if isinstance(surface, NeuralSurface | Ensemble):
        config, choice = with_optimizer(config, surface, dataset.select(parts.train))
        asked = _with_optimizer_of(asked, config)
    if check:
        if ranks.rank == 0:
            _describe(print, config, dataset, parts, surface, choice)
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

        beginning = _prepared(searched(asked, start, folder), dataset, parts, device)
        config, surface = beginning.config, beginning.surface
    if ranks.rank == 0:
        write_config(folder / "config.yaml", config)
        points.in_source(parts).save(folder / "split.json")
        log.info("%s", environment_line(device, config.seed))
        if ranks.count > 1:
            log.info("%d ranks share the points", ranks.count)
        _describe(log.info, config, dataset, parts, surface, choice)
        for remark in (*points.left_out, *beginning.remarks):
            log.info("%s", remark)
        for doubt in doubts:
            log.warning("warning: %s", doubt)
        for finding in audit(dataset):
            log.info("data: %s", finding)
    started = time.monotonic()
    epochs = None
    if isinstance(surface, Ensemble):
        epochs = ensemble_epochs(config, surface, dataset, parts, state)
    elif isinstance(surface, NeuralSurface):
        epochs = _epochs(config, surface, sets, state, ranks)
    last = None if epochs is None else _fitted(config, epochs, folder, state, ranks)
    if ranks.rank == 0:
        seconds = time.monotonic() - started
        judged = _judged(config, dataset, parts, sets)
        _write_results(config, beginning, judged, folder, last, seconds, dataset)
    return folder


def _with_optimizer_of(config: TrainConfig, other: TrainConfig) -> TrainConfig:
    training = config.training.model_copy(update={"optimizer": other.training.optimizer})
    return config.model_copy(update={"training": training})


def _check_ranks(config: TrainConfig, parts: Split, ranks: Ranks) -> None:
    """Refuse more ranks than points, and what one process does by itself."""
    for section in ("ensemble", "search"):
        if ranks.count > 1 and getattr(config, section) is not None:
            raise ValueError(
                f"`{section}` on {ranks.count} ranks: its networks are fitted by one process; "
                f"start pes-train once, or leave `{section}` out"
            )
    for rows in (parts.train, parts.validation):
        ranks.own(len(rows))


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
        ensemble = untrained_ensemble(config, dataset, parts, device)
        return Beginning(ensemble, config, (), [], 0.0)
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


def _fitted(
    config: TrainConfig,
    epochs: Iterator[Epoch],
    folder: Path,
    state: TrainingState | None,
    ranks: Ranks,
) -> TrainingState:
    """Run the epochs; every one is in metrics.csv, the last saved one in state.pt."""
    done = 0 if state is None else state.epoch

    def save() -> str | None:
        if state is None:
            return None
        if ranks.rank == 0:
            save_checkpoint(folder / "state.pt", state)
        return f"the state of epoch {state.epoch} is in {folder / 'state.pt'}"

    total = config.training.epochs
    record = _recorded(folder, total, done) if ranks.rank == 0 else nullcontext(_nothing)
    with safe_stop(save), stop_signals() as received, record as note:
        for epoch in epochs:
            state = epoch.state
            note(epoch)
            if number := int(ranks.each(received()).max()):
                raise _stopped(folder, state, number, ranks)
    if state is None:
        raise ValueError("the optimizer made no step; raise `training.epochs`")
    if ranks.rank == 0:
        save_checkpoint(folder / "state.pt", state)
    return state


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
    ranks.each(0)
    return Stopped(number, message)


def _judged(
    config: TrainConfig, dataset: Dataset, parts: Split, sets: dict[str, Dataset]
) -> dict[str, Dataset]:
    """The parts that errors are told of.

    Where members hold out cuts of their own, most of them were trained on any point outside the
    test: all of those are training points, and only the test is held out from the mean.
    """
    if config.ensemble is None or config.ensemble.validation == "shared":
        return sets
    rows = torch.cat((parts.train, parts.validation)).sort().values
    seen = on_device(dataset.select(rows), sets["test"].energies.device)
    return {"train": seen, "test": sets["test"]}


def _write_results(
    config: TrainConfig,
    beginning: Beginning,
    sets: dict[str, Dataset],
    folder: Path,
    state: TrainingState | None,
    seconds: float,
    dataset: Dataset,
) -> None:
    """Surface, errors, pictures; the summary last, for it says that the run is finished."""
    training, surface = sets["train"], beginning.surface
    lowest = float(training.energies.min())
    trained = surface
    if isinstance(surface, Ensemble) and state is not None:
        surface = kept(config, surface, state)
    errors = {name: error_report(surface, part, lowest=lowest) for name, part in sets.items()}
    record = SurfaceRecord(
        training.symbols,
        (lowest, float(training.energies.max())),
        dataset.sha256,
        thinned(training.positions, training.energies).cpu(),
        {"name": config.name, "seed": config.seed, "errors": errors},
    )
    save_surface(folder / "surface.safetensors", surface, record)
    if state is not None:
        with (folder / "metrics.csv").open(newline="") as file:
            plots.learning_curve(folder / "learning_curve.png", list(csv.DictReader(file)))
    _parity(folder / "parity.png", surface, sets, lowest)
    device = training.energies.device
    log.info("%s", error_table(errors))
    members = None
    if isinstance(trained, Ensemble) and isinstance(surface, Ensemble) and state is not None:
        members = ensemble_report(folder, trained, surface, state, sets["test"], lowest)
    write_json(
        folder / "summary.json",
        {
            **environment(device, config.seed),
            "points": {name: len(part) for name, part in sets.items()},
            "parameters": (fitted_numbers(surface) if state is None else state.parameters.numel()),
            **({} if state is None else _progress(config, state)),
            "seconds": {
                "training": beginning.seconds if state is None else state.seconds,
                "this_sitting": beginning.seconds + seconds,
            },
            "force_weight_angstrom2": config.training.force_weight,
            "candidates": beginning.candidates,
            "lowest_label_hartree": lowest,
            "errors": errors,
            **({} if members is None else {"ensemble": members}),
        },
    )
    log.info("surface: %s", folder / "surface.safetensors")
    if (folder / "levels").exists():
        log.warning(
            "warning: %s are levels of an earlier surface; run pes-levels %s --overwrite",
            folder / "levels", folder,
        )  # fmt: skip


def _progress(config: TrainConfig, state: TrainingState) -> dict[str, Any]:
    return {
        "epochs": state.epoch,
        "best_epoch": state.best_epoch,
        "stopped_by": _reason(config, state),
    }


def _reason(config: TrainConfig, state: TrainingState) -> str:
    wanted = config.training
    if state.epoch - state.restart_epoch >= wanted.patience:
        return "patience"
    if wanted.max_seconds is not None and state.seconds >= wanted.max_seconds:
        return "max_seconds"
    return "epochs" if state.epoch >= wanted.epochs else "converged"


def _parity(path: Path, surface: nn.Module, sets: dict[str, Dataset], lowest: float) -> None:
    labels, residuals, names = [], [], []
    for name, part in sets.items():
        with torch.no_grad():
            predicted = surface(part.positions)
        labels.append(((part.energies - lowest) / CM1).cpu())
        residuals.append(((predicted - part.energies) / CM1).cpu())
        names.append(name)
    plots.parity(path, labels, residuals, names)


def _checkpoint(folder: Path, resume: str | None, *, overwrite: bool) -> Path | None:
    """The state to continue from, None to start afresh; the folder may be written to.

    With `auto`, a run killed before its first state was written starts again.
    """
    check_folder(folder, overwrite=overwrite, resume=resume is not None)
    if resume == "auto":
        file = folder / "state.pt"
        return file if file.is_file() or previous(file).is_file() else None
    return None if resume is None else Path(resume)


def _resolved(config: TrainConfig, base: Path) -> TrainConfig:
    """The configuration with its files named in full, for a copy that lies elsewhere."""
    file = (base / config.data.file).resolve()
    data = config.data.model_copy(update={"file": file})
    if data.split is not None:
        data = data.model_copy(update={"split": (base / data.split).resolve()})
    update: dict[str, Any] = {"data": data}
    if isinstance(under := config.surface.baseline, StoredSurface):
        under = under.model_copy(update={"surface": resolved(under.surface, base)})
        update["surface"] = config.surface.model_copy(update={"baseline": under})
    if (spectrum := config.vibration.spectrum) is not None:
        spectrum = spectrum.model_copy(update={"dipole": resolved(spectrum.dipole, base)})
        update["vibration"] = config.vibration.model_copy(update={"spectrum": spectrum})
    return config.model_copy(update=update)


def _beginning(
    config: TrainConfig, points: Chosen, checkpoint: Path | None
) -> tuple[TrainConfig, TrainingState | None, Split, str | None]:
    """Where the fit starts, afresh or where an earlier sitting ended; what was wrong there."""
    if checkpoint is None:
        return config, None, drawn_split(config, points), None
    state, trouble = latest_checkpoint(checkpoint)
    before = checkpoint.with_name("config.yaml")
    first = load_config(before, TrainConfig)
    for key in FIXED:
        new, old = (reduce(getattr, key.split("."), c) for c in (config, first))
        if not leaves_open(new, old):
            raise ValueError(
                f"`{key}` is not as in {before}: a resumed run keeps it; to change it, start "
                "another run"
            )
    training = config.training.model_copy(update={"force_weight": first.training.force_weight})
    config = config.model_copy(update={"surface": first.surface, "training": training})
    parts = Split.load(checkpoint.with_name("split.json"), points.source)
    return config, state, points.among_chosen(parts), trouble


def _describe(
    say: Any,
    config: TrainConfig,
    dataset: Dataset,
    parts: Split,
    surface: nn.Module,
    choice: str | None,
) -> None:
    heights = (dataset.energies - dataset.energies.min()) / CM1
    counts = ", ".join(f"{len(getattr(parts, name))} {name}" for name in PARTS)
    forces = "energies and forces" if dataset.forces is not None else "energies"
    first, how = surface, ""
    if isinstance(surface, Ensemble):
        first = neural_members(surface)[0]
        how = f", {len(surface.members)} members"
        if config.ensemble is not None and config.ensemble.validation == "own":
            how += ", each holding out its own part of train and validation"
    inputs, size = first.get_submodule("descriptor").size, fitted_numbers(first)
    kind = f"linear in {inputs} polynomials"
    if isinstance(first, NeuralSurface):
        optimizer = config.training.optimizer.kind
        kind = f"{inputs} inputs, {size} network parameters, {optimizer}{how}"
    say(
        f"{config.name}: {len(dataset)} points of {Molecule(dataset.symbols).formula} "
        f"({' '.join(dataset.symbols)}), {forces} to {float(heights.max()):.0f} cm-1; {counts}; "
        f"{kind}"
    )
    if choice is not None:
        say(choice)
