"""`pes-audit`: what is in a file of points, and what looks wrong with it."""

import logging
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from pes import plots
from pes.data import read
from pes.files import write_json
from pes.findings.audit import AUDITED, audit
from pes.findings.contents import content_lines
from pes.run.folder import check_folder, claimed, open_log
from pes.staging import staged
from pes.units import CM1

__all__ = ["EXIT_CODES", "run_audit"]

log = logging.getLogger("pes")

EXIT_CODES = MappingProxyType({None: 0, "note": 0, "warning": 3, "error": 4})
"""Exit code for the worst severity; 1 and 2 are those of a bug and of a mistake of the user."""


def run_audit(
    data: Path,
    *,
    format: str | None = None,
    statements: Mapping[str, str | None] = MappingProxyType({}),
    output: Path | None = None,
    overwrite: bool = False,
) -> int:
    """Print and write what is in a file of points, the most important finding first.

    Args:
        data: points in any format that `pes.read` knows.
        format: name of the format where suffix and content cannot tell.
        statements: formula, columns, keys, units and zmatrix, as `pes.read` takes them.
        output: folder; default audit-<data> here.
        overwrite: replace an earlier audit.

    Returns:
        Exit code: 0 if nothing looks wrong, 3 for warnings, 4 for errors.

    Raises:
        ValueError, FileNotFoundError: if the file cannot be read, in one line.
    """
    folder = output or Path(f"audit-{data.stem}")
    with claimed(folder):
        check_folder(folder, finished=AUDITED, overwrite=overwrite)
        with staged(folder, finished=AUDITED) as place:
            open_log(place / "audit.log")
            points = read(data, format=format, **statements)
            log.info("%s:", data)
            for line in content_lines(points):
                log.info("%s", line)
            result = audit(points)
            for line in result.lines():
                log.info("%s", line)
            heights = (points.energies - points.energies.min()) / CM1
            plots.energy_histogram(place / "energies.png", heights, data.stem)
            result.save(place)
            write_json(place / AUDITED, {"data": str(data), **result.summary()})
    return EXIT_CODES[result.severity]
