"""The record every reader returns: geometries, energies and what is known about them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from pes.molecule import Molecule
from pes.units import ANGSTROM

__all__ = ["Dataset"]

COLUMN = "columns/"
"""Before the name of a column in messages."""
CLOSEST = 0.05 * ANGSTROM
"""Two nuclei nearer than this (bohr) are a mistake in the file, not a molecule."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """B points of one molecule in atomic units, float64, checked when made.

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

    Raises:
        ValueError: for an unknown symbol, a wrong shape or dtype, no points, a value that
            is not finite or two atoms in one place; rows count from 0.

    Example:
        >>> h2 = torch.tensor([[[0.0, 0, 0], [0, 0, 1.4]]], dtype=torch.float64)
        >>> len(Dataset(("H", "H"), h2, energies=h2[:, 0, 0]))
        1
    """

    symbols: tuple[str, ...]
    positions: Tensor
    energies: Tensor
    forces: Tensor | None = None
    dipoles: Tensor | None = None
    columns: Mapping[str, Tensor] = field(default_factory=dict)
    column_units: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, str | float | int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "symbols", Molecule(self.symbols).symbols)
        unknown = set(self.column_units) - set(self.columns)
        if unknown:
            raise ValueError(f"column_units names no column: {', '.join(sorted(unknown))}")
        units = {name: self.column_units.get(name, "1") for name in self.columns}
        object.__setattr__(self, "column_units", units)
        object.__setattr__(self, "columns", dict(self.columns))
        object.__setattr__(self, "provenance", dict(self.provenance))
        _check_shapes(self)
        for name, tensor in _tensors(self).items():
            # In a column NaN says that the point has no such number.
            missing = tensor.isnan() & name.startswith(COLUMN)
            _check_finite(name, tensor.masked_fill(missing, 0.0))
        _check_distances(self.positions)

    def __len__(self) -> int:
        return len(self.energies)

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


def _tensors(dataset: Dataset) -> dict[str, Tensor]:
    """Every tensor of the record by the name a user knows it under."""
    named = {
        name: getattr(dataset, name) for name in ("positions", "energies", "forces", "dipoles")
    }
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
            raise ValueError(
                f"{name} must be float64, got {str(tensor.dtype).removeprefix('torch.')}: "
                "single precision resolves -76 hartree to 1.7 cm-1 only"
            )
        shape = required.get(name, (points, *tensor.shape[1:]))
        if tensor.shape != shape:
            raise ValueError(
                f"{name} must have shape {shape} for {points} energies "
                f"of {''.join(dataset.symbols)}, got {tuple(tensor.shape)}"
            )


def _check_finite(name: str, tensor: Tensor) -> None:
    bad = (~tensor.isfinite()).reshape(len(tensor), -1).any(1).nonzero()
    if len(bad):
        row = int(bad[0])
        values = tensor[row].flatten()
        value = float(values[~values.isfinite()][0])
        raise ValueError(
            f"{name}, row {row}: not a finite number ({value}); "
            f"{len(bad)} of {len(tensor)} rows are like that, remove or recompute them"
        )


def _check_distances(positions: Tensor) -> None:
    first, second = torch.triu_indices(positions.shape[1], positions.shape[1], offset=1)
    distances = (positions[:, first] - positions[:, second]).norm(dim=-1)
    bad = (distances < CLOSEST).nonzero()
    if len(bad):
        row, pair = bad[0].tolist()
        raise ValueError(
            f"positions, row {row}: atoms {int(first[pair])} and {int(second[pair])} are "
            f"{float(distances[row, pair]) / ANGSTROM:.2g} angstrom apart; "
            "is the unit of the positions right?"
        )
