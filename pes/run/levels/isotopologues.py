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
from pes.run.levels.several import check_single, level_settings, started
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
        surface: surface on the device.
        config: settings of the levels.
        content: content of config.yaml, files named in full.
        folder: folder of the results.
        device: device of the calculation.

    Returns:
        The folder.

    Raises:
        ValueError: for a key that is for one molecule only.
    """
    check_single(config, "one molecule; give one `molecule`", sweep=config.sweep)
    if config.workers is not None and config.workers.kind == "processes":
        raise ValueError("`workers`: isotopologues are calculated by workers of dask or queue")
    open_log(None)
    molecules = [Molecule(one, config.nuclear_masses) for one in config.isotopologues()]
    with started(config) as workers:
        result = isotopologues(
            surface, molecules, workers=workers, **level_settings(config, device)
        )
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
