"""`pes-levels` for several values of a parameter, in one table."""

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
from pes.setup.series.sweep import SWEEP, sweep

__all__ = ["SWEEP", "run_sweep"]

log = logging.getLogger("pes")


def run_sweep(
    surface: Surface, config: Vibration, content: Mapping[str, Any], folder: Path,
    device: torch.device, base: Path,
) -> Path:  # fmt: skip
    """Levels for each value, with rotation and lines where asked for, side by side.

    The arguments and the result are those of `run_isotopologues`.

    Raises:
        ValueError: for a key that is for one calculation only, or what `pes.sweep` refuses.
    """
    assert config.sweep is not None
    check_single(config, "one calculation; leave out `sweep`")
    rotation = rotation_for_workers(config)
    dipole = checked_dipole(config, base)
    isotopes = config.isotopes()
    molecule = None if isotopes is None else Molecule(isotopes, config.nuclear_masses)
    open_log(None)
    with started(config) as workers:
        result = sweep(
            surface, config.sweep.parameter, config.sweep.values, molecule, workers=workers,
            rotation=rotation, **level_settings(config, device),
        )  # fmt: skip
    more = []
    if config.J:
        more = all_additions(config, result.results, result.rotations, dipole)
    rotations = tuple(one.rotation for one in more if one.rotation is not None)
    result = replace(result, rotations=rotations)
    open_log(folder / "levels.log")
    log.info("%s", environment_line(device))
    log.info("%s", result)
    if more:
        print_more([f"{result.parameter} = {n}" for n in result.names], result.results, more)
    write_config(folder / "config.yaml", content)
    if more:
        save_more(folder, result.names, result.results, more)
    result.save_all(folder)
    log.info("written to %s", folder)
    return folder
