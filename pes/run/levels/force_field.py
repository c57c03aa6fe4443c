"""`pes-levels` for a force field: its files and its table."""

import logging
from pathlib import Path

import torch

from pes import plots
from pes.config import ForceFieldConfig
from pes.force_fields import read_force_field
from pes.force_fields.labels import heading
from pes.run.folder import check_folder, claimed, open_log, write_config
from pes.setup.force_fields.force_field import force_field_levels
from pes.setup.force_fields.force_field_result import ForceFieldResult
from pes.setup.machine.environment import environment_line
from pes.setup.results.level_files import LEVELS_JSON
from pes.setup.results.level_tables import printed
from pes.setup.results.sensitivity import Sensitivities
from pes.staging import staged

__all__ = ["run_force_field"]

log = logging.getLogger("pes")


def run_force_field(
    config: ForceFieldConfig, base: Path, output: Path, *, overwrite: bool = False
) -> Path:
    """Levels of a force field, with levels.csv, levels.h5, levels.png, levels.log and levels.json.

    Args:
        config: file of the force field and limits.
        base: folder that its path starts from.
        output: the folder, made if need be.
        overwrite: replace earlier results.

    Returns:
        The folder.

    Raises:
        ValueError, FileNotFoundError: for anything the user can mend, in one line.
    """
    path = (base / config.force_field).resolve()
    coriolis = None if config.coriolis is None else (base / config.coriolis).resolve()
    with claimed(output):
        check_folder(output, finished=LEVELS_JSON, overwrite=overwrite)
        open_log(None)
        result = force_field_levels(
            read_force_field(path, coriolis=coriolis),
            count=config.levels, energy=config.energy, accuracy=config.accuracy,
            minutes=config.minutes, functions=config.functions, memory=config.memory,
            progress=lambda line: log.info("  %s", line),
        )  # fmt: skip
        derived = result.sensitivity() if config.sensitivities else Sensitivities()
        content = {**config.model_dump(mode="json"), "force_field": str(path)}
        content |= {} if coriolis is None else {"coriolis": str(coriolis)}
        with staged(output, finished=LEVELS_JSON, stale=["sensitivities.csv"]) as place:
            _describe(place / "levels.log", result)
            write_config(place / "config.yaml", content)
            result.write(place, config.name, derived)
            _draw(place / "levels.png", config.name, result)
    log.info("written to %s in %.1f s", output, result.seconds)
    return output


def _draw(path: Path, name: str, result: ForceFieldResult) -> None:
    """Picture of the levels, their estimated errors and the calculations of the series."""
    names = heading(result.levels)
    quanta = [row[names] for row in result.table]
    rounds = [(one.functions, one.energies, one.errors) for one in result.rounds]
    plots.force_field_diagram(path, name, names, quanta, rounds, result.accuracy)


def _describe(path: Path, result: ForceFieldResult) -> None:
    """The log: what was computed, the table, reasons for doubt."""
    open_log(path)
    log.info("%s", environment_line(torch.device("cpu")))
    for line in (*result.header(), *printed(result.table, heading(result.levels), Sensitivities())):
        log.info("%s", line)
    for warning in result.warnings:
        log.warning("warning: %s", warning)
    log.info("%s", result.verdict)
