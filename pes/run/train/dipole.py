"""`pes-train` of a dipole surface: one fit, no epochs, no state to resume from."""

import logging
from dataclasses import replace
from pathlib import Path

import torch

from pes.config import TrainConfig
from pes.config.surface import DipoleNetworkSection, DipoleSection
from pes.files import RUN_FINISHED
from pes.run.folder import check_folder, claimed, open_log, write_config
from pes.run.train.job import drawn_split, load_points
from pes.run.train.settings import optimizer_of, weights_of
from pes.setup.environment import environment_line
from pes.setup.training.dipole import train_dipole
from pes.setup.training.dipole_forms import DipoleForm, DipoleNetworkForm
from pes.setup.training.dipole_result import DipoleFit
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
    overwrite: bool = False,
    check: bool = False,
) -> Path | None:
    """Fit dipole moments as a configuration with full paths says.

    Returns:
        The run folder, or None after a check.

    Raises:
        ValueError, FileNotFoundError: for anything the user can mend, in one line.
    """
    open_log(None)
    if check:
        log.info("%s: %s", config.name, load_points(config).dataset)
        return None
    with claimed(folder):
        check_folder(folder, overwrite=overwrite)
        result, lines = _fitted(config, device)
        with staged(folder, finished=RUN_FINISHED, stale=STALE) as place:
            open_log(place / "train.log")
            log.info("%s", environment_line(device, config.seed))
            for line in (*lines, repr(result), *result.lines()):
                log.info("%s", line)
            write_config(place / "config.yaml", config)
            result.write(place)
    log.info("dipole surface: %s", folder / "surface.safetensors")
    return folder


def _fitted(config: TrainConfig, device: torch.device) -> tuple[DipoleFit, list[str]]:
    """The fit, and what was left out or is doubtful, in words."""
    points = load_points(config)
    if points.dataset.forces is not None:
        points = replace(points, dataset=replace(points.dataset, forces=None))
    # The audit judges energies, of which a dipole fit takes the windows only.
    try:
        result = train_dipole(
            points.dataset, form=_form(config), parts=drawn_split(config, points),
            weights=weights_of(config.training), seed=config.seed, device=device,
            name=config.name, strict=config.data.audit == "refuse",
        )  # fmt: skip
    except ValueError as error:
        raise ValueError(f"{config.data.file}: {error}") from None
    return result, list(points.left_out)


def _form(config: TrainConfig) -> DipoleForm | DipoleNetworkForm:
    surface, training = config.surface, config.training
    if isinstance(surface, DipoleSection):
        return surface.form()
    assert isinstance(surface, DipoleNetworkSection)
    return replace(
        surface.form(), optimizer=optimizer_of(training), epochs=training.epochs,
        patience=training.patience, max_seconds=training.max_seconds,
    )  # fmt: skip
