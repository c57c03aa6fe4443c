"""Whatever the user calls a surface, as one callable on torch positions."""

import importlib
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn

from pes.potential import SurfaceRecord, load_surface
from pes.potential.analytic import ANALYTIC

__all__ = ["Loaded", "UserFunction", "imported", "load_potential"]

RUN_SURFACE = "surface.safetensors"


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
    if path.is_dir() and not (path / RUN_SURFACE).is_file():
        raise FileNotFoundError(f"{path} holds no {RUN_SURFACE}: is the training finished?")
    if path.is_dir() or path.is_file():
        surface, record = load_surface(path / RUN_SURFACE if path.is_dir() else path)
        return Loaded(surface, record.symbols, record)
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


def imported(name: str, base: Path) -> Any:
    """The object that `module:name` or `file.py:name` names; the current folder is importable.

    Raises:
        ValueError, FileNotFoundError: if there is no such module, file or name.
    """
    source, _, attribute = name.rpartition(":")
    module = _module_from_file(base / source) if source.endswith(".py") else _module(source)
    if not hasattr(module, attribute):
        raise ValueError(f"{source} has no {attribute!r}")
    return getattr(module, attribute)


def _module(name: str) -> ModuleType:
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ValueError(f"cannot import {name!r}: {error}") from None


def _module_from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    specification = importlib.util.spec_from_file_location(path.stem, path)
    if specification is None or specification.loader is None:
        raise ValueError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@final
class UserFunction:
    """A user's function of positions, in NumPy or torch, as a torch function.

    The first call finds out which: torch if it takes a tensor and returns a tensor, else
    NumPy.

    Args:
        function: positions (B, N, 3) to energies (B,), or to dipoles (B, 3).
        name: for messages.
    """

    def __init__(self, function: Callable[[Any], Any], name: str) -> None:
        self.function = function
        self.name = name
        self.speaks_torch: bool | None = None

    def __call__(self, positions: Tensor) -> Tensor:
        """Values of the function.

        Raises:
            ValueError: if it returns neither array nor tensor.
        """
        if self.speaks_torch is None:
            self.speaks_torch = self._returns_tensor(positions)
        if self.speaks_torch:
            return self.function(positions)
        values = self.function(positions.detach().cpu().numpy())
        try:
            array = np.asarray(values, dtype=np.float64)
        except (TypeError, ValueError):
            raise ValueError(
                f"{self.name} returned {type(values).__name__}, not an array of numbers"
            ) from None
        return torch.from_numpy(array).to(positions.device)

    def _returns_tensor(self, positions: Tensor) -> bool:
        try:
            values = self.function(positions[:1].detach())
        except Exception:  # a NumPy function may fail on a tensor in any way it likes
            return False
        return isinstance(values, Tensor)
