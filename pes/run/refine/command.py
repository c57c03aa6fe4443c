"""`pes-refine`: a surface adjusted to observed levels, in one folder."""

import logging
from collections.abc import Sequence
from pathlib import Path

from pes.config import RefineConfig, load_config
from pes.data import Dataset, read
from pes.potential import Surface, SurfaceRecord
from pes.run.folder import check_folder, open_folder, open_log, pick_device
from pes.run.refine.outcome import outcome_of
from pes.run.refine.tables import DONE, RESULTS, write_outcome
from pes.run.refine.trials import anchor_of, trials_of
from pes.setup.environment import environment_line
from pes.setup.surfaces import load_potential, resolved

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
    check_folder(folder, finished=DONE, overwrite=overwrite)
    device = pick_device(config.device, config.threads)
    loaded = load_potential(config.surface, path.parent)
    dataset = read(config.data)
    anchor = anchor_of(config, loaded, dataset, device)
    trials = trials_of(config, loaded, device)
    open_folder(folder, finished=DONE, stale=RESULTS)
    open_log(folder / "refine.log")
    log.info("%s", environment_line(device))
    outcome = outcome_of(config, trials, anchor)
    write_outcome(folder, config, outcome, _record(loaded, dataset), device)
    return folder


def _resolved(config: RefineConfig, base: Path) -> RefineConfig:
    """The configuration with its files named in full."""
    each = tuple(
        which.model_copy(update={"observed": (base / which.observed).resolve()})
        for which in config.isotopologues
    )
    return config.model_copy(
        update={
            "surface": resolved(config.surface, base),
            "data": (base / config.data).resolve(),
            "isotopologues": each,
        }
    )


def _record(loaded: Surface, dataset: Dataset) -> SurfaceRecord:
    """That of the surface; of one without a file, the ab initio points stand for it."""
    if loaded.record is not None:
        return loaded.record
    span = (float(dataset.energies.min()), float(dataset.energies.max()))
    return SurfaceRecord(loaded.symbols or (), span, dataset.sha256, dataset.positions)
