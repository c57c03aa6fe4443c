"""`pes-levels` for several values of a parameter, in one table."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from pes.config import Vibration
from pes.molecule import Molecule
from pes.potential import Surface
from pes.run.folder import open_log, write_config
from pes.run.levels.several import check_single, level_settings, started
from pes.setup.machine.environment import environment_line
from pes.setup.series.sweep import SWEEP, sweep

__all__ = ["SWEEP", "run_sweep"]

log = logging.getLogger("pes")


def run_sweep(
    surface: Surface, config: Vibration, content: Mapping[str, Any], folder: Path,
    device: torch.device,
) -> Path:  # fmt: skip
    """Levels for each value, side by side with their estimated errors.

    The arguments and the result are those of `run_isotopologues`.

    Raises:
        ValueError: for a key that is for one calculation only, or what `pes.sweep` refuses.
    """
    assert config.sweep is not None
    check_single(config, "one calculation; leave out `sweep`", J=config.J, spectrum=config.spectrum)
    isotopes = config.isotopes()
    molecule = None if isotopes is None else Molecule(isotopes, config.nuclear_masses)
    open_log(None)
    with started(config) as workers:
        result = sweep(
            surface, config.sweep.parameter, config.sweep.values, molecule, workers=workers,
            **level_settings(config, device),
        )  # fmt: skip
    open_log(folder / "levels.log")
    log.info("%s", environment_line(device))
    log.info("%s", result)
    write_config(folder / "config.yaml", content)
    result.save_all(folder)
    log.info("written to %s", folder)
    return folder
