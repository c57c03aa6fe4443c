"""`pes-report`: one HTML page about a run."""

import logging
from pathlib import Path

from pes.files import replaced
from pes.report import report_page
from pes.run.folder import check_writable, open_log

__all__ = ["run_report"]

log = logging.getLogger("pes")


def run_report(run: Path, *, output: Path | None = None, overwrite: bool = False) -> Path:
    """Write the page of a run.

    Args:
        run: folder of pes-train, pes-levels or pes-refine.
        output: file to write; default report.html in the folder.
        overwrite: replace an earlier page.

    Returns:
        The file.

    Raises:
        ValueError, OSError: if there is no finished run, or the file must not be written.
    """
    if not run.is_dir():
        raise FileNotFoundError(f"{run}: no such run folder")
    target = output or run / "report.html"
    if target.exists() and not overwrite:
        raise ValueError(f"{target} exists; give another --output, or --overwrite")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{target}: the folder {target.parent} does not exist")
    page = report_page(run)
    check_writable(target.parent)
    open_log(None)
    with replaced(target) as temporary:
        temporary.write_text(page, encoding="utf-8")
    log.info("written to %s (%.1f MB); open it in any browser", target, len(page.encode()) / 1e6)
    return target
