"""`pes-train`: points to a surface, in one folder."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pes.config import TrainConfig, load_config
from pes.files import RUN_FINISHED
from pes.run.cluster import rank_device, rank_threads
from pes.run.folder import claimed, pick_device
from pes.run.signals import Stopped
from pes.run.train.automatic import automatic_training
from pes.run.train.chosen_config import continued, points_config, with_budget
from pes.run.train.dipole import dipole_training
from pes.run.train.job import PROGRESS, RESULTS
from pes.run.train.planned import planned_training
from pes.run.train.results import report_surface
from pes.run.train.resume import checkpoint_of, with_full_paths, workplace
from pes.staging import swapped
from pes.training.distributed import ALONE, Ranks

__all__ = ["train"]

log = logging.getLogger("pes")


def train(
    path: Path | None,
    *,
    data: Path | None = None,
    statements: Mapping[str, Any] = MappingProxyType({}),
    minutes: float | None = None,
    dipole: bool = False,
    output: Path | None = None,
    resume: str | None = None,
    settings: Sequence[str] = (),
    overwrite: bool = False,
    check: bool = False,
    ranks: Ranks = ALONE,
) -> Path | None:
    """Fit a surface as a configuration says, or as suits the points.

    Args:
        path: YAML file.
        data: file of points instead, for a surface that is chosen.
        statements: what the file of points does not say, and the split, as on the command line.
        minutes: CPU time of the fit.
        dipole: fit the dipole moments of the file of points, not the energies.
        output: run folder; default runs/<name>.
        resume: `auto` continues the run folder if it holds a state; else a state file.
        settings: `section.key=value` that override the file.
        overwrite: replace a finished run.
        check: read configuration and data, say what would be done, write nothing.
        ranks: processes that share the fit; only rank 0 writes and logs.

    Returns:
        The run folder, or None after a check.

    Raises:
        ValueError, FileNotFoundError: for anything the user can mend, in one line.
        Stopped: after a signal, when the state is saved.
    """
    if data is not None:
        config, base = points_config(data, statements, minutes, settings, dipole=dipole), Path()
    elif path is not None:
        config, base = load_config(path, TrainConfig, settings), path.parent
        _only_with_points({**statements, **({"dipole": True} if dipole else {})})
        if minutes is not None:
            config = with_budget(config, minutes, endless=resume == "auto")
    else:
        raise ValueError("give a file of points or --config")
    return trained(
        config, base, output=output, resume=resume, overwrite=overwrite, check=check,
        ranks=ranks,
    )  # fmt: skip


def trained(
    config: TrainConfig,
    base: Path,
    *,
    output: Path | None = None,
    resume: str | None = None,
    overwrite: bool = False,
    check: bool = False,
    ranks: Ranks = ALONE,
) -> Path | None:
    """Fit a surface as a configuration says, whose files are named as seen from `base`.

    The other arguments, the result and the errors are those of `train`.
    """
    folder = output or Path("runs") / config.name
    if config.surface.kind == "auto":
        config = continued(config, folder) if resume == "auto" and not check else config
        config = config.model_copy(update={"threads": config.threads or 1})
    device = rank_device(pick_device(config.device, config.threads or rank_threads()), ranks)
    config = with_full_paths(config, base)
    if config.surface.of_dipoles:
        return dipole_training(
            config, folder, device, resume=resume, overwrite=overwrite, check=check
        )
    fit = automatic_training if config.surface.kind == "auto" else planned_training
    if check:
        fit(config, folder, None, device, ranks, check=True)
        return None
    with claimed(folder) if ranks.rank == 0 else nullcontext():
        place = workplace(folder)
        checkpoint = checkpoint_of(folder, resume, overwrite=overwrite)
        number = fit(config, place, checkpoint, device, ranks)
        if ranks.rank == 0:
            if place != folder:
                swapped(place, folder, finished=RUN_FINISHED, stale=(*RESULTS, *PROGRESS))
            report_surface(folder)
    if number:
        raise _stopped(number, folder)
    return folder


def _stopped(number: int, folder: Path) -> Stopped:
    """Message about an automatic fit that a signal ended."""
    again = "--overwrite, which tries the whole plan again"
    if (folder / "state.pt").is_file():
        again = "--resume auto, which trains the network longer"
    saved = f"; the best surface so far is in {folder}; to go on, repeat the command with {again}"
    stopped = Stopped(number, saved)
    log.info("%s", stopped)
    return stopped


def _only_with_points(statements: Mapping[str, Any]) -> None:
    if statements:
        raise ValueError(
            f"--{next(iter(statements))} goes with a file of points; with --config write it into "
            "the section `data`"
        )
