"""A surface as a file for other programs."""

import keyword
import re
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from pes.export.c_source import c_source
from pes.export.fortran_source import fortran_source
from pes.export.numpy_source import numpy_source
from pes.export.onnx_program import write_onnx
from pes.export.plain_form import NAMELESS, PlainForm, plain_form
from pes.files import replaced
from pes.molecule import Molecule
from pes.potential import Surface

__all__ = ["SUFFIXES", "TARGETS", "export_surface", "target_of"]

SOURCES: dict[str, Callable[[PlainForm, str, str], str]] = {
    "c": c_source, "fortran": fortran_source, "numpy": numpy_source,
}  # fmt: skip
"""Writers of source text by target: form of the surface, name and formula."""

SUFFIXES = {".c": "c", ".f90": "fortran", ".py": "numpy", ".pt2": "torch", ".onnx": "onnx"}
"""Target that a file's suffix stands for."""

TARGETS = tuple(dict.fromkeys(SUFFIXES.values()))


def export_surface(surface: Surface, path: str | Path, *, to: str | None = None) -> Path:
    """Write a surface as a file that does not need this package.

    C, Fortran and NumPy get one function of the positions that returns energy and gradient, in bohr
    and hartree; torch gets a program, `torch.export.load`, of positions (B, N, 3) to energies (B,),
    and ONNX a graph of the same (extra `onnx`).

    Args:
        surface: result of `pes.load`. Source text needs a surface of invariant polynomials; for
            torch and ONNX it is any surface that torch can differentiate.
        path: path of the file; its stem is the name of the function.
        to: a key of `TARGETS`; by default the suffix decides.

    Raises:
        ValueError: for an unknown target, a stem that is not a name, or a surface that cannot be
            exported.
    """
    file = Path(path)
    target = target_of(file, to)
    if target in PROGRAMS:
        return _traced(surface, file, PROGRAMS[target])
    name = file.stem
    if not re.fullmatch(r"[A-Za-z]\w{0,40}", name, re.ASCII) or keyword.iskeyword(name):
        raise ValueError(
            f"{file}: the function gets the name of the file, which must have letters, digits and _"
        )
    form = plain_form(surface)
    assert surface.symbols is not None
    text = SOURCES[target](form, name, Molecule(surface.symbols).formula)
    with replaced(file) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return file


def target_of(path: Path, to: str | None = None) -> str:
    """Name of the target of a file.

    Raises:
        ValueError: if neither `to` nor the suffix is known.
    """
    if to is None and path.suffix in SUFFIXES:
        return SUFFIXES[path.suffix]
    if to not in TARGETS:
        asked = f"{to!r}" if to else f"the suffix of {path}"
        raise ValueError(f"{asked} is not a target; the targets are {', '.join(TARGETS)}")
    return to


def _traced(surface: Surface, file: Path, write: Callable[[nn.Module, Tensor, Path], None]) -> Path:
    """The surface traced by torch.export, with any number of geometries."""
    if surface.symbols is None:
        raise ValueError(NAMELESS)
    if not surface.differentiable:
        raise ValueError("a function that torch cannot differentiate cannot be exported")
    x = torch.rand(3, len(surface.symbols), 3, dtype=torch.float64) + torch.eye(3).double()[:1]
    module = surface.potential.cpu().eval()
    try:
        with replaced(file) as temporary:
            write(module, x, temporary)
    except RuntimeError as error:  # of torch, which has many kinds
        raise ValueError(
            f"torch.export cannot trace a surface of {type(module).__name__} for any number of "
            "geometries; linear surfaces, networks and ensembles can be exported"
        ) from error
    return file


def _write_torch(module: nn.Module, x: Tensor, path: Path) -> None:
    """Write a program of torch."""
    batch = torch.export.Dim("batch", min=1)
    with torch.no_grad():
        program = torch.export.export(module, (x,), dynamic_shapes=({0: batch},))
    with path.open("wb") as file:  # by its name torch would complain about the suffix
        torch.export.save(program, file)


PROGRAMS: dict[str, Callable[[nn.Module, Tensor, Path], None]] = {
    "torch": _write_torch, "onnx": write_onnx,
}  # fmt: skip
"""Writers of traced surfaces by target: module, geometries and file."""
