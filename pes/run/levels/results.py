"""Files and log of `pes-levels`: tables, pictures and what was asked for besides the levels."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from pes.run.folder import open_log, write_config
from pes.run.levels.additions import Additions
from pes.setup.levels.level_result import LevelsResult
from pes.setup.machine.environment import environment_line
from pes.setup.results.level_tables import header, printed
from pes.setup.rotation.rotation import ROVIBRATIONAL_CSV

__all__ = ["OPTIONAL", "write_results"]

log = logging.getLogger("pes")

OPTIONAL = (
    "sensitivities.csv", "spectrum.csv", "spectrum.png", ROVIBRATIONAL_CSV, "lines.csv",
    "lines.png", "lines.h5", "partition.csv", "absorption.png",
)  # fmt: skip

CHOSEN = "chosen.yaml"
"""Configuration that repeats the levels with nothing left to choose."""


def write_results(
    folder: Path,
    result: LevelsResult,
    more: Additions,
    *,
    name: str,
    content: Mapping[str, Any],
    source: str,
    device: torch.device,
) -> None:
    """Log, configuration, pictures; tables and arrays by the result itself.

    Args:
        folder: folder of the results.
        result: levels.
        more: what was asked for besides.
        name: name in the tables.
        content: content of config.yaml, files named in full.
        source: surface as a configuration names it, its file in full.
        device: device of the calculation.
    """
    task = result.task
    # Tables and pictures are made on the CPU, whatever device the levels come from.
    levels, table = result.levels.cpu(), result.table
    open_log(folder / "levels.log")
    log.info("%s", environment_line(device))
    for line in (
        *header(name, levels, task, result.error_bars, result.quanta),
        *printed(table, result.quanta.heading, more.derived),
        *more.printed(),
    ):
        log.info("%s", line)
    warnings = more.warnings(result)
    for warning in warnings:
        log.warning("warning: %s", warning)
    log.info("%s", result.verdict)
    write_config(folder / "config.yaml", content)
    write_config(folder / CHOSEN, _repeating(name, source, content, result))
    more.save(folder, name, result)
    result.save(
        folder, name=name, sensitivity=more.derived, spectrum=more.sticks, maps=more.maps,
        warnings=warnings,
    )  # fmt: skip


def _repeating(
    name: str, source: str, content: Mapping[str, Any], result: LevelsResult
) -> dict[str, Any]:
    """The configuration with what was chosen in place of what was asked for."""
    left_out = ("accuracy", "minutes", "memory", "energy", "levels", "quanta", "product_energy")
    kept = {key: value for key, value in content.items() if key not in left_out}
    chosen = result.chosen
    coordinates = {**kept.get("coordinates", {}), **chosen["coordinates"]}
    named = {"name": name, "surface": source}
    return {**named, **kept, **chosen, "coordinates": coordinates}
