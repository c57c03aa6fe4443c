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
from pes.run.levels.additions import Additions, additions
from pes.run.levels.several import check_single, level_settings, started
from pes.setup.inputs.dipoles import check_vectors, dipole_surface
from pes.setup.levels.level_result import LevelsResult
from pes.setup.lines.line_list import check_lines
from pes.setup.machine.environment import environment_line
from pes.setup.rotation.rotation_checks import check_size
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
    dipole = None
    if config.spectrum is not None:
        dipole = dipole_surface(config.spectrum.dipole, base)
        check_lines(config.J, config.spectrum.temperature)
    if config.J:
        check_size(config.J, config.rotation.states, config.levels or 1, config.memory)
    open_log(None)
    molecules = [Molecule(one, config.nuclear_masses) for one in config.isotopologues()]
    with started(config) as workers:
        result = isotopologues(
            surface, molecules, workers=workers, **level_settings(config, device)
        )
    more = [_more(config, one, dipole) for one in result.results]
    rotations = tuple(one.rotation for one in more if one.rotation is not None)
    result = replace(result, rotations=rotations)
    open_log(folder / "levels.log")
    log.info("%s", environment_line(device))
    for line in result.lines():
        log.info("%s", line)
    for name, one, own in zip(result.names, result.results, more, strict=True):
        for line in (f"\n{name}:", *own.printed()) if own.printed() else ():
            log.info("%s", line)
        for warning in own.warnings(one):
            log.warning("warning: %s: %s", name, warning)
        log.info("%s: %s", name, one.verdict)
    write_config(folder / "config.yaml", content)
    for name, one, own in zip(result.names, result.results, more, strict=True):
        if own.rotation is not None or own.sticks is not None:
            short = name.replace(" ", "")
            (folder / short).mkdir(exist_ok=True)
            own.save(folder / short, short, one)
    result.save(folder)
    log.info("written to %s", folder)
    return folder


def _more(config: Vibration, one: LevelsResult, dipole: Surface | None) -> Additions:
    """Rotation and lines of one isotopologue."""
    if config.spectrum is not None and dipole is not None:
        dipole = dipole_surface(dipole, symbols=one.task.molecule.symbols)
        check_vectors(dipole.potential, one.task.minimum, config.spectrum.dipole)
    return additions(config, one, dipole, None, config.J)
