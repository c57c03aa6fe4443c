"""`pes-export`: a surface as a file for other programs."""

import logging
from collections.abc import Sequence
from pathlib import Path

from pes.export import TARGETS, export_surface
from pes.export.targets import target_of
from pes.run.folder import check_writable, open_log
from pes.setup.inputs.surfaces import load_potential

__all__ = ["TARGETS", "run_export"]

log = logging.getLogger("pes")

USES = {
    "c": "compile it with: cc -O2 -c {file}",
    "fortran": "compile it with: gfortran -O2 -c {file}",
    "numpy": "in Python: from {name} import energy_and_gradient",
    "torch": "in Python: torch.export.load({file!r}).module()",
    "onnx": "in Python: onnxruntime.InferenceSession({file!r}).run(None, {{'positions': x}})",
}
"""One line of use for each target."""


def run_export(
    surface: str,
    target: Path,
    *,
    to: str | None = None,
    functions: Sequence[str] = (),
    overwrite: bool = False,
) -> Path:
    """Write a surface as C, Fortran, NumPy, torch or ONNX.

    Args:
        surface: run folder, surface file or name.
        target: file to write.
        to: c, fortran, numpy, torch or onnx; default by the suffix.
        functions: names of functions that a surface file may be built on.
        overwrite: replace an earlier file.

    Raises:
        ValueError, OSError: if the surface cannot be exported or the file not written.
    """
    if target.exists() and not overwrite:
        raise ValueError(f"{target} exists; give another name, or --overwrite")
    kind = target_of(target, to)
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{target}: the folder {target.parent} does not exist")
    check_writable(target.parent)
    loaded = load_potential(surface, Path.cwd(), functions)
    open_log(None)
    export_surface(loaded, target, to=kind)
    log.info("written to %s; %s", target, USES[kind].format(file=str(target), name=target.stem))
    return target
