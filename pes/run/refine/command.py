"""`pes-refine`: a surface adjusted to observed levels, in one folder."""

import logging
from collections.abc import Sequence
from pathlib import Path

import torch

from pes.config import RefineConfig, load_config
from pes.files import RUN_SURFACE
from pes.refinement.adjustment import RefinementProblem, adjusted, problem_of
from pes.refinement.result import REFINED, RESULTS
from pes.refinement.tables import level_lines
from pes.run.folder import check_folder, claimed, open_log, pick_device, write_config
from pes.run.refine.settings import adjust_of, level_settings, observed_of
from pes.setup.inputs.surfaces import load_potential, resolved
from pes.setup.machine.environment import environment_line
from pes.staging import staged

__all__ = ["run_refine"]

log = logging.getLogger("pes")


def run_refine(
    path: Path,
    *,
    output: Path | None = None,
    settings: Sequence[str] = (),
    overwrite: bool = False,
) -> Path:
    """Refine a surface as a configuration says.

    Args:
        path: YAML file.
        output: run folder; default runs/<name>.
        settings: `section.key=value` that override the file.
        overwrite: replace earlier results.

    Returns:
        The folder.

    Raises:
        ValueError, FileNotFoundError: for anything the user can mend, in one line.
    """
    config = _resolved(load_config(path, RefineConfig, settings), path.parent)
    folder = output or Path("runs") / config.name
    device = pick_device(config.device, config.threads)
    with claimed(folder):
        check_folder(folder, finished=REFINED, overwrite=overwrite)
        task = _problem(config, path.parent, device)
        with staged(folder, finished=REFINED, stale=RESULTS) as place:
            _refine(place, config, task)
    log.info("surface: %s", folder / RUN_SURFACE)
    return folder


def _problem(config: RefineConfig, base: Path, device: torch.device) -> RefinementProblem:
    surface = load_potential(config.surface, base, config.functions)
    return problem_of(
        surface, observed_of(config), hold=config.data, adjust=adjust_of(config),
        anchor_energy=config.anchor_energy, settings=level_settings(config), device=device,
    )  # fmt: skip


def _refine(folder: Path, config: RefineConfig, task: RefinementProblem) -> None:
    open_log(folder / "refine.log")
    log.info("%s", environment_line(task.device))
    refinement = adjusted(task, anchor=config.anchor, steps=config.steps)
    for line in level_lines(refinement.table):
        log.info("%s", line)
    for warning in refinement.warnings:
        log.warning("warning: %s", warning)
    write_config(folder / "config.yaml", config)
    refinement.save(folder, name=config.name)


def _resolved(config: RefineConfig, base: Path) -> RefineConfig:
    """The configuration with its files named in full."""
    each = tuple(
        one.model_copy(update={"observed": (base / one.observed).resolve()})
        for one in config.isotopologues
    )
    return config.model_copy(
        update={
            "surface": resolved(config.surface, base),
            "functions": tuple(resolved(one, base) for one in config.functions),
            "data": (base / config.data).resolve(),
            "isotopologues": each,
        }
    )
