"""Whatever the user calls a surface, as one callable on torch positions."""

import importlib
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb
from types import ModuleType
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn

from pes.files import RUN_FINISHED, RUN_SURFACE
from pes.potential import NamedFunction, SurfaceRecord, load_surface
from pes.potential.analytic import ANALYTIC

__all__ = ["Loaded", "UserFunction", "imported", "load_potential", "resolved"]


@dataclass(frozen=True)
class Loaded:
    """A surface and what is known of it.

    Attributes:
        potential: positions (B, N, 3) in bohr to energies (B,) in hartree, torch.
        symbols: atoms it was made for, if it says so.
        record: of a surface file.
    """

    potential: "nn.Module | UserFunction"
    symbols: tuple[str, ...] | None
    record: SurfaceRecord | None

    @property
    def module(self) -> nn.Module:
        """The surface as a module with parameters.

        Raises:
            ValueError: for a plain function.
        """
        if not isinstance(self.potential, nn.Module):
            raise ValueError("this surface is a function without parameters of its own")
        return self.potential


def load_potential(name: str, base: Path) -> Loaded:
    """A surface by run folder, surface file, module:function, file.py:function or name.

    Args:
        name: as in the configuration.
        base: folder that relative paths start from.

    Raises:
        ValueError, FileNotFoundError: if it cannot be found, in one line.
    """
    if name in ANALYTIC:
        surface = ANALYTIC[name]()
        return Loaded(surface, surface.symbols, None)
    path = base / name
    if path.is_dir() and not all((path / file).is_file() for file in (RUN_SURFACE, RUN_FINISHED)):
        raise FileNotFoundError(
            f"{path} holds no finished training ({RUN_SURFACE} and {RUN_FINISHED}); finish it with "
            "pes-train --resume auto"
        )
    if path.is_file() and path.suffix == ".py":
        raise ValueError(f"surface {name!r} is a Python file; name the function, {name}:function")
    if path.is_dir() or path.is_file():
        file = path / RUN_SURFACE if path.is_dir() else path
        surface, record = load_surface(file, functions=_named)
        return Loaded(_as_function(surface, name), record.symbols, record)
    if ":" in name:
        function = imported(name, base)
        if isinstance(function, nn.Module):
            return Loaded(function, getattr(function, "symbols", None), None)
        symbols = getattr(function, "symbols", None)
        return Loaded(UserFunction(function, name), symbols, None)
    raise FileNotFoundError(
        f"surface {name!r} is no run folder, surface file, module:function, file.py:function "
        f"nor one of {', '.join(ANALYTIC)}"
    )


def _named(reference: str) -> "UserFunction":
    """A function that a surface file knows by its name; the run that wrote it gave full paths."""
    return UserFunction(imported(reference, Path.cwd()), reference)


def _as_function(surface: nn.Module, name: str) -> "nn.Module | UserFunction":
    """A surface built on a NumPy function can do no more than such a function."""
    parts = [part for part in surface.modules() if isinstance(part, NamedFunction)]
    if all(part.differentiable for part in parts):
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
    """The function that `module:name` or `file.py:name` names; the current folder is importable.

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
        raise ValueError(f"{name} is no function of positions but of type {kind}")
    return getattr(module, attribute)


def _module(name: str) -> ModuleType:
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except Exception as error:  # a user's module may fail in any way it likes
        raise ValueError(f"cannot import {name!r}: {_reason(error)}") from error


def _module_from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    specification = importlib.util.spec_from_file_location(f"_pes_user_{path.stem}", path)
    if specification is None or specification.loader is None:
        raise ValueError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(specification)
    # Dataclasses look their module up here.
    sys.modules[module.__name__] = module
    try:
        specification.loader.exec_module(module)
    except Exception as error:  # a user's file may fail in any way it likes
        raise ValueError(f"cannot import {path}: {_reason(error)}") from error
    return module


def _reason(error: Exception) -> str:
    """Kind and words of an error, and the line of the user's file that it comes from."""
    words = f"{type(error).__name__}: {error}"
    frames = [f for f in extract_tb(error.__traceback__) if f.filename != __file__]
    frames = [f for f in frames if "importlib" not in f.filename]
    if not frames:
        return words
    # The user's own line, not the one in the library that it calls.
    last = [f for f in frames if f.filename == frames[0].filename][-1]
    return f"{words} ({last.filename}, line {last.lineno})"


@final
class UserFunction:
    """A user's function of positions, in NumPy or torch, as a torch function.

    The first call finds out which: torch if it takes a tensor and returns a tensor, else
    NumPy. It is given copies, so that it may work in place.

    Args:
        function: positions (B, N, 3) to energies (B,), or to dipoles (B, 3).
        name: for messages.
        shape: of the result for each geometry.
    """

    def __init__(
        self, function: Callable[[Any], Any], name: str, shape: tuple[int, ...] = ()
    ) -> None:
        self.function = function
        self.name = name
        self.shape = shape
        self.speaks_torch: bool | None = None

    def __call__(self, positions: Tensor) -> Tensor:
        """Values of the function, (B, *shape), float64.

        Raises:
            ValueError: if it fails, or returns anything but float64 numbers of this shape.
        """
        if self.speaks_torch is None:
            self.speaks_torch = self._returns_tensor(positions[:1])
        call = self._torch if self.speaks_torch else self._numpy
        try:
            values = call(positions)
        except Exception as error:  # a user's function may fail in any way it likes
            raise ValueError(f"{self.name} failed: {_reason(error)}") from error
        return self._checked(values, positions)

    def _torch(self, positions: Tensor) -> Any:
        return self.function(positions.clone())

    def _numpy(self, positions: Tensor) -> Any:
        return self.function(positions.detach().cpu().numpy().copy())

    def _returns_tensor(self, positions: Tensor) -> bool:
        try:
            return isinstance(self._torch(positions.detach()), Tensor)
        except Exception as with_tensor:  # a NumPy function may fail on a tensor
            first = _reason(with_tensor)
        try:
            self._numpy(positions)
        except Exception as with_array:
            second = _reason(with_array)
            both = first if first == second else f"on a tensor, {first}; on an array, {second}"
            raise ValueError(f"{self.name} failed: {both}") from with_array
        return False

    def _checked(self, values: Any, positions: Tensor) -> Tensor:
        if not isinstance(values, Tensor):
            try:
                values = torch.from_numpy(np.asarray(values)).to(positions.device)
            except (TypeError, ValueError):
                raise ValueError(
                    f"{self.name} returned {type(values).__name__}, not an array of numbers"
                ) from None
        wanted = (len(positions), *self.shape)
        if values.shape != wanted:
            raise ValueError(
                f"{self.name} returned shape {tuple(values.shape)} for {len(positions)} "
                f"geometries; it must return shape {wanted}"
            )
        if values.dtype != torch.float64:
            raise ValueError(
                f"{self.name} returned {str(values.dtype).removeprefix('torch.')} numbers; "
                "compute in float64"
            )
        return values
