"""What a training leaves in its folder: surface, errors, pictures and the summary."""

import csv
import logging
from pathlib import Path
from typing import Any

import torch
from torch import nn

from pes import plots
from pes.config import TrainConfig
from pes.data import Dataset, Split
from pes.files import write_json
from pes.potential import Ensemble, SurfaceRecord, save_surface
from pes.potential.holes.coverage import thinned
from pes.run.train.ensemble import ensemble_report, kept
from pes.run.train.preparation import Beginning, fitted_numbers, on_device
from pes.run.train.tables import error_table
from pes.setup.environment import environment
from pes.training.errors import error_report
from pes.training.fit import TrainingState
from pes.units import CM1

__all__ = ["judged", "write_results"]

log = logging.getLogger("pes")


def judged(
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


def write_results(
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
        members = ensemble_report(config, folder, trained, surface, state, sets["test"], lowest)
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
