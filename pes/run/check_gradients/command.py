"""`pes-check-gradients`: analytic forces of any surface against numerical ones."""

import logging
from collections.abc import Sequence
from pathlib import Path

from pes.evaluation.gradient_check import GRADIENTS
from pes.evaluation.gradients import check_gradients
from pes.run.folder import check_folder, claimed, open_log
from pes.setup.inputs.surfaces import load_potential

__all__ = ["run_check_gradients"]

log = logging.getLogger("pes")


def run_check_gradients(
    surface: str,
    *,
    points: Path | None = None,
    geometries: int = 10,
    output: Path | None = None,
    overwrite: bool = False,
    functions: Sequence[str] = (),
) -> int:
    """Errors of numerical derivatives by their step: table, picture and verdict.

    Args:
        surface: run folder, surface file, module:function, file.py:function or name.
        points: geometries in any format that `pes.read` knows; default see `check_gradients`.
        geometries: number of these.
        output: folder; default gradients in the run folder or here.
        overwrite: replace an earlier check.
        functions: names of functions that a surface file may be built on.

    Returns:
        The exit code, see `GradientCheck.code`.

    Raises:
        ValueError, FileNotFoundError: if surface and points do not fit, in one line.
    """
    parent = Path(surface) if Path(surface).is_dir() else Path()
    folder = output or parent / "gradients"
    with claimed(folder):
        check_folder(folder, finished=GRADIENTS, overwrite=overwrite)
        known = load_potential(surface, Path.cwd(), functions)
        open_log(None)  # what the reader says of units
        check = check_gradients(known, points, geometries=geometries)
        check.save(folder)
        for line in check.lines():
            log.info("%s", line)
        log.info("files are in %s", folder)
    return check.code
