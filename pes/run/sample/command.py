"""`pes-sample`: geometries to compute, evenly, where an ensemble differs, or for levels."""

import logging
from collections.abc import Sequence
from pathlib import Path

import torch

from pes import plots
from pes.config import SampleConfig, checked, load_config
from pes.data.formats.extxyz import write_geometries
from pes.files import write_json
from pes.run.folder import check_folder, claimed, open_log, pick_device, write_config
from pes.run.sample.choice import Choice, chosen
from pes.setup.inputs.surfaces import resolved
from pes.setup.machine.environment import environment, environment_line
from pes.setup.new_points.sampling import GEOMETRIES
from pes.staging import staged

__all__ = ["NOTHING_NEEDED", "sample"]

log = logging.getLogger("pes")

DONE = "sample.json"

NOTHING_NEEDED = 3
"""Exit code where every error bar is small enough."""


def sample(
    path: Path | None,
    *,
    run: Path | None = None,
    output: Path | None = None,
    settings: Sequence[str] = (),
    overwrite: bool = False,
) -> int:
    """Choose geometries as a configuration says and write them as extended XYZ.

    Args:
        path: YAML file; or
        run: folder of a training with its levels, whose error bars are to shrink.
        output: folder; default runs/<name>, with `run` runs/<name of the run>_next.
        settings: `section.key=value` that override the file.
        overwrite: replace an earlier choice.

    Returns:
        Exit code: 0, or 3 if every error bar is small enough and no geometry is needed.

    Raises:
        ValueError, FileNotFoundError: for anything the user can mend, in one line.
    """
    if path is not None:
        config, base = load_config(path, SampleConfig, settings), path.parent
    elif run is not None:
        name = f"{run.resolve().name}_next"
        content = {"name": name, "surface": str(run), "choose": "levels"}
        config, base = checked(content, SampleConfig, settings, "--from"), Path()
    else:
        raise ValueError("give --config FILE or --from RUN")
    place = pick_device(config.device, config.threads)
    folder = output or Path("runs") / config.name
    with claimed(folder):
        check_folder(folder, finished=DONE, overwrite=overwrite)
        with staged(folder, finished=DONE, stale=(GEOMETRIES, "energies.png")) as new:
            choice = chosen(config, base, place)
            _write(config, base, choice, new, place)
    return 0 if len(choice.positions) else NOTHING_NEEDED


def _write(
    config: SampleConfig, base: Path, choice: Choice, folder: Path, place: torch.device
) -> None:
    """Geometries, picture and log to a folder, sample.json last."""
    open_log(folder / "sample.log")
    write_config(folder / "config.yaml", _resolved(config, base))
    log.info("%s", environment_line(place, config.seed))
    log.info("%s", choice.sentence)
    if len(choice.positions):
        log.info("ranges of the numbers in geometries.xyz:")
        for name, values in choice.columns.items():
            log.info("%-18s%12.6g to %.6g", name, min(values), max(values))
        write_geometries(folder / GEOMETRIES, choice.symbols, choice.positions, choice.columns)
        heights = torch.tensor(choice.columns["above_minimum_cm1"], dtype=torch.float64)
        plots.energy_histogram(folder / "energies.png", heights, config.name)
    write_json(
        folder / DONE,
        {**environment(place, config.seed), "geometries": len(choice.positions), **choice.facts,
         **choice.columns},
    )  # fmt: skip


def _resolved(config: SampleConfig, base: Path) -> SampleConfig:
    """The configuration with its files named in full, for a copy that lies elsewhere."""
    points = None if config.points is None else (base / config.points).resolve()
    return config.model_copy(
        update={
            "points": points,
            "surface": resolved(config.surface, base),
            "levels_folder": config.levels_folder and (base / config.levels_folder).resolve(),
            "functions": tuple(resolved(one, base) for one in config.functions),
        }
    )
