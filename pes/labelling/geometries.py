"""Geometries to label, from wherever they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pes.data import Dataset, read
from pes.data.formats import format_of
from pes.data.formats.compressed import content_name
from pes.data.formats.extxyz import read_geometries
from pes.data.formats.request import Request
from pes.files import check_file
from pes.molecule import Molecule

__all__ = ["GeometriesLike", "GeometrySet", "geometries_of"]

HEIGHT = "above_minimum_cm1"
"""Number that `pes-sample` writes for each geometry."""


@dataclass(frozen=True)
class GeometrySet:
    """Geometries of one molecule.

    Attributes:
        symbols: isotopes.
        positions: (B, N, 3) in bohr.
        lowest: row that lies lowest, as far as is known; else the first.
        source: name of their file, or how they were given.
    """

    symbols: tuple[str, ...]
    positions: Tensor
    lowest: int
    source: str

    @property
    def elements(self) -> tuple[str, ...]:
        """Element of each atom, without its isotope."""
        return Molecule(self.symbols).elements


GeometriesLike = GeometrySet | Tensor | np.ndarray | Dataset | str | Path


def geometries_of(given: GeometriesLike, symbols: Sequence[str] | None = None) -> GeometrySet:
    """Geometries of an array, of a data set, or of a file.

    Args:
        given: (B, N, 3) in bohr; a data set; a file of `pes-sample`, or of points in any format
            that `pes.read` knows.
        symbols: isotopes; needed for an array alone.

    Raises:
        ValueError: for another shape, other atoms or numbers that are not finite.
        FileNotFoundError: if there is no such file.
    """
    if isinstance(given, GeometrySet):
        return given
    if isinstance(given, str | Path):
        known = _of_file(Path(given))
    elif isinstance(given, Dataset):
        known = _of_points(given, "a data set")
    elif symbols is None:
        raise ValueError("`symbols` is needed: an array does not say what its atoms are")
    else:
        x = torch.as_tensor(given, dtype=torch.float64)
        known = GeometrySet(Molecule(symbols).symbols, x, 0, "an array")
    if symbols is not None and Molecule(symbols).elements != Molecule(known.symbols).elements:
        raise ValueError(
            f"{known.source}: the atoms are {' '.join(known.symbols)}, but `symbols` names "
            f"{' '.join(symbols)}"
        )
    shape = tuple(known.positions.shape)
    if len(shape) != 3 or shape[0] == 0 or shape[1:] != (len(known.symbols), 3):
        raise ValueError(
            f"{known.source}: positions must have shape (B, {len(known.symbols)}, 3), got {shape}"
        )
    bad = (~known.positions.isfinite()).flatten(1).any(1).nonzero()
    if len(bad):
        raise ValueError(f"{known.source}: row {int(bad[0])}: a position is not a finite number")
    return known


def _of_file(path: Path) -> GeometrySet:
    check_file(path, "file of geometries")
    plain = content_name(path).suffix.lower() in (".xyz", ".extxyz")
    if not plain or format_of(path, Request()) != "extxyz":
        return _of_points(read(path), str(path))
    try:
        symbols, x, columns = read_geometries(path)
    except (ValueError, UnicodeDecodeError) as error:
        words = " ".join(str(error).split()).removeprefix(f"{path}: ")
        raise ValueError(f"{path}: {words}") from None
    lowest = int(columns[HEIGHT].argmin()) if HEIGHT in columns else 0
    return GeometrySet(Molecule(symbols).symbols, x, lowest, str(path))


def _of_points(points: Dataset, source: str) -> GeometrySet:
    return GeometrySet(points.symbols, points.positions, int(points.energies.argmin()), source)
