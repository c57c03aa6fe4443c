"""`pes-train` of a dipole surface; fits of networks go on where they were cut short."""

import logging
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from pes.config import TrainConfig
from pes.config.reading import changed
from pes.files import RUN_FINISHED
from pes.run.folder import check_folder, claimed, open_log, write_config
from pes.run.train.dipole_networks import earlier_networks, network_files, watched
from pes.run.train.job import drawn_split, load_points
from pes.run.train.resume import workplace
from pes.run.train.settings import optimizer_of, weights_of
from pes.setup.machine.environment import environment_line
from pes.setup.training.dipoles.dipole import train_dipole
from pes.setup.training.dipoles.dipole_forms import AnyDipoleForm
from pes.setup.training.dipoles.dipole_result import DipoleFit
from pes.staging import staged

__all__ = ["dipole_training"]

log = logging.getLogger("pes")

STALE = (
    "learning_curve.png", "residuals.png", "calibration.png", "metrics.csv", "state.pt",
    "previous_state.pt", "search.csv", "chosen.json", "automatic.json",
)  # fmt: skip
"""Results of a fit of energies that are not of this one."""


def dipole_training(
    config: TrainConfig,
    folder: Path,
    device: torch.device,
    *,
    resume: str | None = None,
    overwrite: bool = False,
    check: bool = False,
) -> Path | None:
    """Fit dipole moments as a configuration with full paths says.

    Args:
        config: configuration of the fit.
        folder: folder of the run.
        device: device of the fit.
        resume: `auto` goes on with networks whose fit was cut short.
        overwrite: replace a finished run, or begin an unfinished one again.
        check: read the points and write nothing.

    Returns:
        The run folder, or None after a check.

    Raises:
        ValueError, FileNotFoundError: for anything the user can mend, in one line.
        Stopped: after a signal, when the state of a network is saved.
    """
    open_log(None)
    if check:
        log.info("%s: %s", config.name, load_points(config).dataset)
        return None
    if resume not in (None, "auto"):
        raise ValueError(
            f"--resume {resume}: a fit of dipole moments has a state for each network in its run "
            "folder; continue it with --resume auto"
        )
    with claimed(folder):
        place = workplace(folder)
        started = (place / "config.yaml").exists()
        check_folder(place if started else folder, overwrite=overwrite, resume=resume is not None)
        result, lines = _fitted(config, place, device, resume=resume is not None)
        with staged(folder, finished=RUN_FINISHED, stale=STALE) as fresh:
            open_log(fresh / "train.log")
            log.info("%s", environment_line(device, config.seed))
            for line in (*lines, *result.lines()):
                log.info("%s", line)
            write_config(fresh / "config.yaml", _chosen(config, result))
            result.write(fresh)
        _remove_states(folder, place)
    log.info("dipole surface: %s", folder / "surface.safetensors")
    return folder


def _remove_states(folder: Path, place: Path) -> None:
    """Remove what a finished run does not go on from."""
    for file in network_files(place):
        file.unlink()
    if place != folder:
        shutil.rmtree(place, ignore_errors=True)


def _fitted(
    config: TrainConfig, place: Path, device: torch.device, *, resume: bool
) -> tuple[DipoleFit, list[str]]:
    """The fit, with checkpoints in a folder, and sentences on points left out or doubtful."""
    points = load_points(config)
    if points.dataset.forces is not None:
        points = replace(points, dataset=replace(points.dataset, forces=None))
    earlier = earlier_networks(config, points, place) if resume else None
    if earlier is None:
        for file in network_files(place):
            file.unlink()
    states, parts = ({}, drawn_split(config, points)) if earlier is None else earlier
    # The audit judges energies, of which a dipole fit takes the windows only.
    with watched(config, parts, place, states) as sessions:
        try:
            result = train_dipole(
                points.dataset, form=_form(config), parts=parts,
                weights=weights_of(config.training), seed=config.seed, device=device,
                name=config.name, strict=config.data.audit == "refuse", sessions=sessions,
            )  # fmt: skip
        except ValueError as error:
            raise ValueError(f"{config.data.file}: {error}") from None
    return result, list(points.left_out)


def _form(config: TrainConfig) -> AnyDipoleForm:
    form, training = config.surface.dipole_form(), config.training
    if form.kind == "dipole_network":
        return replace(
            form, optimizer=optimizer_of(training), epochs=training.epochs,
            patience=training.patience, max_seconds=training.max_seconds,
        )  # fmt: skip
    if form.kind == "auto_dipole" and training.budget is not None:
        return replace(form, minutes=training.budget)
    return form


def _chosen(config: TrainConfig, result: DipoleFit) -> TrainConfig:
    """The configuration that repeats a fit, the form chosen where it was left open."""
    if config.surface.kind != "auto_dipole":
        return config
    form, best = result.form, result.candidates[0]
    surface = {"kind": form.kind, "degree": form.degree, "charge": form.charge}
    changes: dict[str, Any] = {"training.budget": None, "surface": surface}
    if form.kind == "dipole_network":
        surface["hidden"] = list(form.hidden)
        changes |= {
            "training.epochs": best.endings[0].epochs, "training.patience": form.patience
        }  # fmt: skip
    return changed(config, changes, "surface: auto_dipole")
