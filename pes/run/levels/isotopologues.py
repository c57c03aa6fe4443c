"""`pes-levels` for several isotopologues: a folder for each, and tables side by side."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from pes.config import Vibration
from pes.molecule import Molecule
from pes.potential import Surface
from pes.run.folder import open_log, write_config
from pes.run.levels.several import (
    all_additions,
    check_single,
    checked_dipole,
    level_settings,
    print_more,
    rotation_for_workers,
    save_more,
    started,
)
from pes.setup.machine.environment import environment_line
from pes.setup.series.isotopologues import ISOTOPOLOGUES, isotopologues

__all__ = ["ISOTOPOLOGUES", "run_isotopologues"]

log = logging.getLogger("pes")


def run_isotopologues(
    surface: Surface, config: Vibration, content: Mapping[str, Any], folder: Path,
    device: torch.device, base: Path,
) -> Path:  # fmt: skip
    """Levels of each isotopologue, with rotation and lines where asked for, and their shifts.

    Args:
        surface: surface on the device.
        config: settings of the levels.
        content: content of config.yaml, files named in full.
        folder: folder of the results.
        device: device of the calculation.
        base: folder as seen from which the configuration names a dipole surface.

    Returns:
        The folder.

    Raises:
        ValueError: for a key that is for one molecule only.
    """
    check_single(config, "one molecule; give one `molecule`", sweep=config.sweep)
    if config.workers is not None and config.workers.kind == "processes":
        raise ValueError("`workers`: isotopologues are calculated by workers of dask or queue")
    rotation = rotation_for_workers(config)
    dipole = checked_dipole(config, base)
    open_log(None)
    molecules = [Molecule(one, config.nuclear_masses) for one in config.isotopologues()]
    with started(config) as workers:
        result = isotopologues(
            surface, molecules, workers=workers, rotation=rotation,
            **level_settings(config, device),
        )  # fmt: skip
    more = all_additions(config, result.results, result.rotations, dipole)
    rotations = tuple(one.rotation for one in more if one.rotation is not None)
    result = replace(result, rotations=rotations)
    open_log(folder / "levels.log")
    log.info("%s", environment_line(device))
    for line in result.lines():
        log.info("%s", line)
    print_more(result.names, result.results, more)
    write_config(folder / "config.yaml", content)
    save_more(folder, [name.replace(" ", "") for name in result.names], result.results, more)
    result.save(folder)
    log.info("written to %s", folder)
    return folder
