"""`pes-label`: energies of chosen geometries, every point kept from the moment it is there."""

import logging
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pes import plots
from pes.config import LabelConfig, load_config
from pes.config.label import ExternalSection
from pes.labelling.geometries import geometries_of
from pes.labelling.label import DONE, JOURNAL, POINTS, SCRATCH, LabelResult, label
from pes.run.folder import check_folder, claimed, open_log, write_config
from pes.run.label.progress import progress
from pes.run.signals import Stopped
from pes.staging import staged
from pes.units import CM1

__all__ = ["SOME_FAILED", "run_label"]

log = logging.getLogger("pes")

SOME_FAILED = 3
"""Exit code where some points have no energy."""

SHOWN = 3
"""Failures that the log shows."""

OLD = "journal.old.jsonl"
"""Journal that `overwrite` puts aside: its points may have cost months."""


def run_label(
    path: Path,
    *,
    output: Path | None = None,
    settings: Sequence[str] = (),
    retry: bool = False,
    overwrite: bool = False,
) -> int:
    """Compute what a configuration says; the same call again goes on where the last one ended.

    Args:
        path: YAML file.
        output: folder; default runs/<name>.
        settings: `section.key=value` that override the file.
        retry: compute points again that failed in an earlier call.
        overwrite: begin afresh; the earlier journal is put aside.

    Returns:
        Exit code: 0 if every geometry has its energy, 3 if some have none.

    Raises:
        ValueError, OSError: for anything the user can mend, in one line; what the journal holds
            stays.
        Stopped: after Ctrl-C.
    """
    config = load_config(path, LabelConfig, settings)
    program = config.program.resolved(path.parent)
    geometries = path.parent / config.geometries
    known = geometries_of(geometries)
    folder = output or Path("runs") / config.name
    with claimed(folder):
        check_folder(folder, finished=DONE, overwrite=overwrite or retry)
        program.check(known.elements)
        if overwrite and (folder / JOURNAL).exists():
            os.replace(folder / JOURNAL, folder / OLD)
        open_log(None)
        log.info("%s: %d geometries from %s", config.name, len(known.positions), geometries)
        try:
            with progress() as report:
                result = label(
                    known, program, folder, workers=config.workers.resolved(),
                    attempts=config.attempts, minimum=config.minimum, retry=retry,
                    notes=config.notes, report=report,
                )  # fmt: skip
        except KeyboardInterrupt:
            log.info(
                "interrupted; the points done so far are in %s; the same command again continues",
                folder,
            )
            raise Stopped(signal.SIGINT, "") from None
        _write(folder, config, path.parent, result)
    return SOME_FAILED if result.failures else 0


def _write(folder: Path, config: LabelConfig, base: Path, result: LabelResult) -> None:
    """Points, failures, picture, log; label.json last."""
    with staged(folder, finished=DONE, stale=("failures.csv",)) as place:
        open_log(place / "label.log")
        for one in result.failures[:SHOWN]:
            log.warning("row %s failed: %s", one["row"], one["reason"])
        if len(result.failures) > SHOWN:
            log.warning("all %d failures are in failures.csv", len(result.failures))
        failed = f"{len(result.failures)} failed" if result.failures else "none failed"
        log.info("%d points were computed, %s: %r", len(result.dataset), failed, result.dataset)
        log.info("%.0f s of calculations; points: %s", result.seconds, folder / POINTS)
        heights = (result.dataset.energies - result.dataset.energies.min()) / CM1
        plots.energy_histogram(place / "energies.png", heights, config.name)
        write_config(place / "config.yaml", _resolved(config, base))
        result.save(place)
    with suppress(OSError):
        (folder / SCRATCH).rmdir()


def _resolved(config: LabelConfig, base: Path) -> LabelConfig:
    """The configuration with its files named in full, for a copy that lies elsewhere."""
    changes: dict[str, object] = {"geometries": (base / config.geometries).resolve()}
    if isinstance(config.program, ExternalSection):
        template = (base / config.program.template).resolve()
        changes["program"] = config.program.model_copy(update={"template": template})
    return config.model_copy(update=changes)
