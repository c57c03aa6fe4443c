"""Whatever the user calls a surface, as one callable on torch positions."""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from pes.files import RUN_FINISHED, RUN_SURFACE
from pes.potential import Surface, SurfaceRecord, UserFunction, load_surface, save_surface
from pes.potential.analytic import ANALYTIC
from pes.potential.user_function import reason

__all__ = [
    "USER_MODULE",
    "SurfaceLike",
    "as_surface",
    "fitted_surface",
    "imported",
    "load",
    "load_potential",
    "loaded",
    "names_function",
    "permitted",
    "resolved",
    "save",
]

USER_MODULE = "_pes_user_"
"""Beginning of the names of modules that are read from the user's files."""


@runtime_checkable
class Fitted(Protocol):
    """Result of a fit, as `pes.train` returns it."""

    @property
    def surface(self) -> Surface:
        """The fitted surface with its atoms, training points and errors."""
        ...


SurfaceLike = Surface | Fitted | nn.Module | Callable[..., Any] | str | Path
"""Forms in which a Python user may give a surface."""


def load_potential(name: str, base: Path, functions: Sequence[str] = ()) -> Surface:
    """A surface by run folder, surface file, module:function, file.py:function or name.

    A surface file runs no code: where it names a function that it is built on, that function is
    imported only if `functions` names it too, and then from where `functions` says.

    Args:
        name: as in the configuration.
        base: folder that relative paths start from.
        functions: names of functions that a surface file may be built on.

    Raises:
        ValueError, FileNotFoundError: if it cannot be found, or is one of dipole moments, in one
            line.
    """
    return _of_energies(loaded(name, base, functions))


def _of_energies(surface: Surface) -> Surface:
    """The surface, unless it is one of dipole moments."""
    if surface.is_dipole:
        raise ValueError(
            f"{surface.name or 'this surface'} is a dipole surface; one of energies is needed here "
            "(a dipole surface goes into `dipole`)"
        )
    return surface


def fitted_surface(module: nn.Module, record: SurfaceRecord) -> Surface:
    """The surface of a fit, with what its record says of it."""
    return Surface(_as_function(module, "the fitted surface"), record.symbols, record)


def names_function(name: str, base: Path) -> bool:
    """Whether a name is `module:function` or `file.py:function` and no file or folder."""
    return ":" in name and not (base / name).exists()


def loaded(name: str, base: Path, functions: Sequence[str] = ()) -> Surface:
    """A surface of energies or of dipole moments; see `load_potential`.

    Raises:
        ValueError, FileNotFoundError: if there is no such surface.
    """
    if name in ANALYTIC:
        surface = ANALYTIC[name]()
        return Surface(surface, surface.symbols, name=name)
    path = base / name
    if path.is_dir() and not all((path / file).is_file() for file in (RUN_SURFACE, RUN_FINISHED)):
        raise FileNotFoundError(
            f"{path} contains no finished training ({RUN_SURFACE} and {RUN_FINISHED}); finish it "
            "with pes-train --resume auto"
        )
    if path.is_file() and path.suffix == ".py":
        raise ValueError(f"surface {name!r} is a Python file; name the function, {name}:function")
    if path.is_dir() or path.is_file():
        file = path / RUN_SURFACE if path.is_dir() else path
        surface, record = load_surface(file, functions=_importer(file, base, functions))
        return Surface(_as_function(surface, name), record.symbols, record, name)
    if ":" in name:
        function = imported(name, base)
        symbols = getattr(function, "symbols", None)
        own = function if isinstance(function, nn.Module) else UserFunction(function, name)
        return Surface(own, symbols, name=name)
    raise FileNotFoundError(
        f"surface {name!r} is not a run folder, surface file, module:function, "
        f"file.py:function or one of {', '.join(ANALYTIC)}"
    )


def as_surface(surface: SurfaceLike) -> Surface:
    """Whatever a Python user calls a surface of energies, as one.

    Args:
        surface: a `Surface`, the result of a fit, a torch module or any function of positions
            (B, N, 3) in bohr, whose atoms are known if it has an attribute `symbols`, or a name as
            for `load_potential`.

    Raises:
        ValueError, FileNotFoundError: for a name of no surface, or a surface of dipole moments.
        TypeError: for anything else that is not a function.

    Example:
        >>> as_surface("water_pjt1996").symbols
        ('O', 'H', 'H')
    """
    return _of_energies(_as_any(surface))


def _as_any(surface: SurfaceLike) -> Surface:
    """The same for energies and dipole moments."""
    if isinstance(surface, Surface):
        return surface
    if isinstance(surface, str | Path):
        return loaded(str(surface), Path.cwd())
    if isinstance(surface, Fitted):
        return surface.surface
    if not callable(surface):
        raise TypeError(
            f"a surface must be a function of positions or the name of one, got {surface!r}"
        )
    symbols = getattr(surface, "symbols", None)
    if isinstance(surface, nn.Module):
        return Surface(surface, symbols)
    return Surface(UserFunction(surface, getattr(surface, "__name__", "the surface")), symbols)


def load(name: str | Path, *, functions: Sequence[str] = ()) -> Surface:
    """Load a surface of energies or of dipole moments, ready to be called.

    Args:
        name: run folder, surface file, `module:function`, `file.py:function` or the name of an
            analytic surface.
        functions: names of the functions, such as `file.py:function`, that a surface file may be
            built on; otherwise a file runs no code.

    Raises:
        ValueError, FileNotFoundError: if there is no such surface, or if it is built on a function
            that `functions` does not name.

    Example:
        >>> load("water_pjt1996")
        Surface(WaterPJT, H2O)
    """
    return loaded(str(name), Path.cwd(), functions)


def save(
    path: str | Path, surface: Surface | nn.Module, record: SurfaceRecord | None = None
) -> None:
    """Write a surface to one file that `load` reads.

    Args:
        path: usually ending in `.safetensors`; replaced if it exists.
        surface: result of `load`, or a module of this package.
        record: origin of the surface, needed for a module.

    Raises:
        ValueError: for a surface that cannot be stored, or a module without a record.
    """
    given = _as_any(surface)
    known = given.record if record is None else record
    if known is None:
        raise ValueError("a surface is saved with its record: pass a SurfaceRecord as `record`")
    save_surface(path, given.module, known)


def _importer(file: Path, base: Path, functions: Sequence[str]) -> Callable[[str], UserFunction]:
    """The user's function of the name in a surface file.

    A file that was moved has the same name: the code that runs is where the user says.
    """

    def own(reference: str) -> UserFunction:
        if (name := permitted(reference, functions)) is not None:
            return UserFunction(imported(name, base), name)
        raise ValueError(
            f"{file} is built on the function {reference}, and a surface file alone runs no code; "
            f"if you trust that function, name it: --function {reference} on the command line, "
            "`functions` in a configuration or in pes.load"
        )

    return own


def permitted(reference: str, functions: Sequence[str]) -> str | None:
    """The user's function that a stored name refers to; None if there is none.

    Example:
        >>> permitted("/home/ann/low.py:energy", ["mine/low.py:energy"])
        'mine/low.py:energy'
    """
    same = (name for name in functions if _last_parts(name) == _last_parts(reference))
    return next(same, None)


def _last_parts(name: str) -> str:
    """`file.py:function` without its folders; `module:function` as it is."""
    source, colon, attribute = name.rpartition(":")
    return f"{Path(source).name if source.endswith('.py') else source}{colon}{attribute}"


def _as_function(surface: nn.Module, name: str) -> nn.Module:
    """The surface; one built on a NumPy function as a function without derivatives."""
    if all(getattr(part, "differentiable", True) for part in surface.modules()):
        return surface
    return UserFunction(_values(surface), name)


def _values(surface: nn.Module) -> Callable[[Any], Any]:
    def values(positions: Any) -> Any:
        if isinstance(positions, Tensor):
            raise TypeError("a part of this surface is written in NumPy")
        with torch.no_grad():
            return surface(torch.from_numpy(positions)).numpy()

    return values


def resolved(name: str, base: Path) -> str:
    """The same name with its file, if it names one, in full."""
    source, colon, attribute = name.rpartition(":")
    if source.endswith(".py"):
        return f"{(base / source).resolve()}{colon}{attribute}"
    return str((base / name).resolve()) if (base / name).exists() else name


def imported(name: str, base: Path) -> Callable[..., Any]:
    """The function that `module:name` or `file.py:name` names.

    `module` may lie in the current folder; what a file imports may lie beside it.

    Raises:
        ValueError, FileNotFoundError: if there is no such module, file or name, if the file
            fails when imported, or if the name is of no function.
    """
    source, colon, attribute = name.rpartition(":")
    if not colon:
        raise ValueError(f"{name!r} names no function; write module:function or file.py:function")
    module = _module_from_file(base / source) if source.endswith(".py") else _module(source)
    if not hasattr(module, attribute):
        raise ValueError(f"{source} has no {attribute!r}")
    if not callable(getattr(module, attribute)):
        kind = type(getattr(module, attribute)).__name__
        raise ValueError(f"{name} is not a function of positions; its type is {kind}")
    return getattr(module, attribute)


def _module(name: str) -> ModuleType:
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:  # a user's module may fail in any way it likes
        raise ValueError(f"cannot import {name!r}: {reason(error)}") from error


def _module_from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    specification = importlib.util.spec_from_file_location(f"{USER_MODULE}{path.stem}", path)
    if specification is None or specification.loader is None:
        raise ValueError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(specification)
    # Dataclasses look their module up here.
    sys.modules[module.__name__] = module
    beside = str(path.parent.resolve())
    if beside not in sys.path:
        sys.path.append(beside)  # last: a file named as an installed package hides nothing
    try:
        specification.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a user's file may fail in any way it likes
        raise ValueError(f"cannot import {path}: {reason(error)}") from error
    return module
