"""The record every reader returns: geometries, energies and what is known about them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import InitVar, dataclass, field, replace
from os import PathLike
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pes.molecule import Molecule
from pes.units import ANGSTROM, CM1

__all__ = ["Dataset", "check_alike", "check_dataset", "joined"]

QUANTITIES = ("positions", "energies", "forces", "dipoles")
COLUMN = "columns/"
"""Prefix of a column's name in messages."""
CLOSEST = 0.05 * ANGSTROM
"""Two nuclei nearer than this (bohr) are a mistake in the file, not a molecule."""


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """B points of one molecule in atomic units, float64, checked when made.

    Numbers are tensors, or NumPy arrays, which are copied.

    Args:
        symbols: N isotope symbols in the order of the positions, such as `("O", "H", "D")`.
        positions: (B, N, 3) in bohr.
        energies: (B,) in hartree.
        forces: (B, N, 3) in hartree/bohr, minus the gradient of the energies.
        dipoles: (B, 3) in e·bohr, in the frame of the positions.
        columns: further numbers for each point by name, B first in their shape; NaN where a
            point has none.
        column_units: unit of each column, free text; "1" where nothing is said.
        provenance: where the points come from, in words and numbers.
        first_row: number of the first point in its file, for messages about one part of it.

    Raises:
        TypeError: for numbers that are neither a tensor nor a NumPy array.
        ValueError: for an unknown symbol, a wrong shape or dtype, no points, a value that
            is not finite or two atoms in one place; rows count from 0.

    Example:
        >>> h2 = torch.tensor([[[0.0, 0, 0], [0, 0, 1.4]]], dtype=torch.float64)
        >>> Dataset(("H", "H"), h2, energies=h2[:, 0, 0])
        Dataset: H2, 1 point over 0.0 cm-1, no forces, no dipoles
    """

    symbols: tuple[str, ...]
    positions: Tensor
    energies: Tensor
    forces: Tensor | None = None
    dipoles: Tensor | None = None
    columns: Mapping[str, Tensor] = field(default_factory=dict)
    column_units: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, str | float | int] = field(default_factory=dict)
    first_row: InitVar[int] = 0

    def __post_init__(self, first_row: int) -> None:
        object.__setattr__(self, "symbols", Molecule(self.symbols).symbols)
        unknown = set(self.column_units) - set(self.columns)
        if unknown:
            raise ValueError(
                f"column_units names columns that do not exist: {', '.join(sorted(unknown))}"
            )
        units = {name: self.column_units.get(name, "1") for name in self.columns}
        object.__setattr__(self, "column_units", units)
        columns = {name: _as_tensor(f"{COLUMN}{name}", x) for name, x in self.columns.items()}
        object.__setattr__(self, "columns", columns)
        for name in QUANTITIES:
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _as_tensor(name, getattr(self, name)))
        object.__setattr__(self, "provenance", dict(self.provenance))
        _check_shapes(self)
        for name, tensor in _tensors(self).items():
            # In a column NaN says that the point has no such number.
            missing = tensor.isnan() & name.startswith(COLUMN)
            _check_finite(name, tensor.masked_fill(missing, 0.0), first_row)
        _check_distances(self.positions, first_row)

    def __repr__(self) -> str:
        points = "1 point" if len(self) == 1 else f"{len(self):,} points"
        span = float(self.energies.max() - self.energies.min()) / CM1
        held = [
            name if getattr(self, name) is not None else f"no {name}"
            for name in ("forces", "dipoles")
        ]
        if self.columns:
            held.append(f"columns {', '.join(self.columns)}")
        formula = Molecule(self.symbols).formula
        return f"Dataset: {formula}, {points} over {span:,.1f} cm-1, {', '.join(held)}"

    def __len__(self) -> int:
        return len(self.energies)

    @property
    def elements(self) -> tuple[str, ...]:
        """Element of each atom, without its isotope."""
        return Molecule(self.symbols).elements

    @property
    def sha256(self) -> str:
        """Hash of symbols, positions, energies and forces: names the data a surface saw."""
        digest = hashlib.sha256(" ".join(self.symbols).encode())
        for name in ("positions", "energies", "forces"):
            tensor = getattr(self, name)
            if tensor is not None:
                digest.update(f"{name}{tuple(tensor.shape)}".encode())
                digest.update(tensor.detach().cpu().numpy().astype("<f8").tobytes())
        return digest.hexdigest()

    def to(self, device: torch.device) -> "Dataset":
        """The points with all their tensors on a device."""

        def moved(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else tensor.to(device)

        return replace(
            self,
            positions=self.positions.to(device),
            energies=self.energies.to(device),
            forces=moved(self.forces),
            dipoles=moved(self.dipoles),
            columns={name: column.to(device) for name, column in self.columns.items()},
        )

    def select(self, rows: Tensor | Sequence[int] | slice) -> "Dataset":
        """The points of the given rows (indices, a mask or a slice), in that order.

        Raises:
            ValueError: if no row is left.
            IndexError: for a row that does not exist.
        """
        chosen = list(rows) if isinstance(rows, Sequence) else rows
        index = torch.arange(len(self), device=self.energies.device)[chosen]
        return Dataset(
            symbols=self.symbols,
            positions=self.positions[index],
            energies=self.energies[index],
            forces=None if self.forces is None else self.forces[index],
            dipoles=None if self.dipoles is None else self.dipoles[index],
            columns={name: column[index] for name, column in self.columns.items()},
            column_units=self.column_units,
            provenance=self.provenance,
        )


def joined(parts: Iterable[Dataset]) -> Dataset:
    """All parts one behind the other; a column that a part lacks is NaN there.

    Symbols, units and provenance are those of the first part.

    Raises:
        ValueError: if there are no parts, or they differ in their atoms or in what they hold.
    """
    pieces = list(parts)
    if not pieces:
        raise ValueError("there are no points")
    first = pieces[0]
    if len(pieces) == 1:
        return first
    for piece in pieces:
        check_alike(first, piece)
    units = {name: unit for piece in pieces for name, unit in piece.column_units.items()}

    def stacked(name: str) -> Tensor | None:
        return (
            None
            if getattr(first, name) is None
            else torch.cat([getattr(piece, name) for piece in pieces])
        )

    return Dataset(
        symbols=first.symbols,
        positions=torch.cat([piece.positions for piece in pieces]),
        energies=torch.cat([piece.energies for piece in pieces]),
        forces=stacked("forces"),
        dipoles=stacked("dipoles"),
        columns={name: _stacked_column(name, pieces) for name in units},
        column_units=units,
        provenance=first.provenance,
    )


def check_dataset(points: object) -> None:
    """Refuse anything but a data set, such as the name of its file.

    Raises:
        TypeError: naming what it is instead.
    """
    if not isinstance(points, Dataset):
        given = repr(points) if isinstance(points, str | PathLike) else type(points).__name__
        raise TypeError(f"points must be a Dataset, got {given}; pes.read(FILE) makes one")


def check_alike(first: Dataset, other: Dataset) -> None:
    """Refuse parts of different molecules, or with different quantities.

    Raises:
        ValueError: naming what differs.
    """
    if first.symbols != other.symbols:
        raise ValueError(
            f"atoms {' '.join(other.symbols)} differ from {' '.join(first.symbols)} of the first "
            "points; one set holds one molecule in one order"
        )
    for name in ("forces", "dipoles"):
        if (getattr(first, name) is None) != (getattr(other, name) is None):
            raise ValueError(f"some points have {name} and some have none; complete or remove them")


def _stacked_column(name: str, pieces: Sequence[Dataset]) -> Tensor:
    width = next(p.columns[name].shape[1:] for p in pieces if name in p.columns)
    missing = torch.tensor(float("nan"), dtype=torch.float64)
    return torch.cat(
        [p.columns[name] if name in p.columns else missing.expand(len(p), *width) for p in pieces]
    )


def _as_tensor(name: str, values: Any) -> Tensor:
    """A tensor as it is, a NumPy array copied; the dtype stays.

    Raises:
        TypeError: for anything else, or an array that torch has no dtype for.
    """
    if isinstance(values, Tensor):
        return values
    if not isinstance(values, np.ndarray):
        raise TypeError(
            f"{name} must be a float64 tensor or NumPy array, got {type(values).__name__}; "
            "torch.tensor(..., dtype=torch.float64) makes one"
        )
    try:
        return torch.from_numpy(np.array(values, dtype=values.dtype.newbyteorder("="), order="C"))
    except TypeError:
        raise TypeError(f"{name} must be float64, got an array of {values.dtype}") from None


def _tensors(dataset: Dataset) -> dict[str, Tensor]:
    """Every tensor of the record by the name a user knows it under."""
    named = {name: getattr(dataset, name) for name in QUANTITIES}
    columns = {f"{COLUMN}{name}": column for name, column in dataset.columns.items()}
    return {name: tensor for name, tensor in (named | columns).items() if tensor is not None}


def _check_shapes(dataset: Dataset) -> None:
    points, atoms = dataset.energies.numel(), len(dataset.symbols)
    if points == 0:
        raise ValueError("a dataset needs at least one point, got none")
    required = {
        "energies": (points,),
        "positions": (points, atoms, 3),
        "forces": (points, atoms, 3),
        "dipoles": (points, 3),
    }
    for name, tensor in _tensors(dataset).items():
        if tensor.dtype != torch.float64:
            single = tensor.dtype == torch.float32
            raise ValueError(
                f"{name} must be float64, got {str(tensor.dtype).removeprefix('torch.')}"
                + (": single precision resolves -76 hartree to 1.7 cm-1 only" if single else "")
            )
        shape = required.get(name, (points, *tensor.shape[1:]))
        if tensor.shape != shape:
            raise ValueError(
                f"{name} must have shape {shape} for {points} energies "
                f"of {''.join(dataset.symbols)}, got {tuple(tensor.shape)}"
            )


def _check_finite(name: str, tensor: Tensor, first_row: int) -> None:
    bad = (~tensor.isfinite()).reshape(len(tensor), -1).any(1).nonzero()
    if len(bad):
        row = int(bad[0])
        values = tensor[row].flatten()
        value = float(values[~values.isfinite()][0])
        raise ValueError(
            f"{name}, row {first_row + row}: not a finite number ({value}); "
            f"{len(bad)} of {len(tensor)} rows are like that, remove or recompute them"
        )


def _check_distances(positions: Tensor, first_row: int) -> None:
    first, second = torch.triu_indices(positions.shape[1], positions.shape[1], offset=1)
    distances = (positions[:, first] - positions[:, second]).norm(dim=-1)
    bad = (distances < CLOSEST).nonzero()
    if len(bad):
        row, pair = bad[0].tolist()
        raise ValueError(
            f"positions, row {first_row + row}: atoms {int(first[pair])} and {int(second[pair])} "
            f"are {float(distances[row, pair]) / ANGSTROM:.2g} angstrom apart; "
            "is the unit of the positions right?"
        )
