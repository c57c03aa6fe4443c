"""`pes-levels` for several isotopologues: a folder for each, and a table side by side."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from pes.config import Vibration
from pes.molecule import Molecule
from pes.potential import Surface
from pes.run.folder import open_log, write_config
from pes.setup.environment import environment_line
from pes.setup.isotopologues import ISOTOPOLOGUES, isotopologues

__all__ = ["ISOTOPOLOGUES", "run_isotopologues"]

log = logging.getLogger("pes")


def run_isotopologues(
    surface: Surface, config: Vibration, content: Mapping[str, Any], folder: Path,
    device: torch.device,
) -> Path:  # fmt: skip
    """Levels of each isotopologue, their table and shifts.

    Args:
        surface: on the device.
        config: settings of the levels.
        content: of config.yaml, files named in full.
        folder: of the results.
        device: of the calculation.

    Returns:
        The folder.

    Raises:
        ValueError: for a key that is for one molecule only.
    """
    single = {"J": config.J, "spectrum": config.spectrum, "densities": config.densities}
    for key, value in single.items():
        if value:
            raise ValueError(f"`{key}` is for one molecule; give one `molecule`, or leave it out")
    open_log(None)
    result = isotopologues(
        surface, [Molecule(one, config.nuclear_masses) for one in config.isotopologues()],
        count=config.levels, energy=config.energy, coordinates=config.coordinates.resolved(),
        basis=config.sizes(), truncation=config.truncation(), cap=config.cap, solver=config.solver,
        symmetry=config.symmetry, convergence=config.convergence, accuracy=config.accuracy,
        minutes=config.minutes, perturbations=config.bumps(), ensemble=config.ensemble,
        labels=config.labels, device=device,
    )  # fmt: skip
    open_log(folder / "levels.log")
    log.info("%s", environment_line(device))
    for line in result.lines():
        log.info("%s", line)
    for name, one in zip(result.names, result.results, strict=True):
        for warning in one.warnings:
            log.warning("warning: %s: %s", name, warning)
        log.info("%s: %s", name, one.verdict)
    write_config(folder / "config.yaml", content)
    result.save(folder)
    log.info("written to %s", folder)
    return folder
