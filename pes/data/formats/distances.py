"""Tables of all interatomic distances, r0 r1 … as PES-Learn has them, or named after atoms."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from pes.data.dataset import Dataset
from pes.data.formats.pair_names import pair_columns
from pes.data.formats.request import Request
from pes.data.formats.tables import (
    Geometry,
    read_table,
    required_symbols,
    table_names,
    write_rows,
)
from pes.files import replaced

__all__ = ["is_distances", "read_distances", "write_distances"]

TOLERANCE = 1e-3
"""Relative; distances of a file with five digits agree to this with those of the geometry."""


def is_distances(path: Path, request: Request) -> bool:
    """Whether a table has a column r0, or a column for each pair of atoms, named after the two."""
    names = table_names(path, request)
    if "r0" in [name.lower() for name in names]:
        return True
    return request.symbols is not None and pair_columns(names, request.symbols) is not None


def read_distances(path: Path, request: Request) -> Iterator[Dataset]:
    """Points whose distances r0, r1, r2, … are those of the pairs 10, 20, 21, 30, 31, 32, ….

    These are the rows of the lower triangle of the distance matrix. Columns may be named after
    the atoms instead, as `pair_columns` tells. Atoms, unit of lengths and
    unit of energies must be stated. Distances do not tell a geometry from its mirror image;
    one of the two is taken.

    Raises:
        ValueError: naming the row whose distances no geometry has.
    """
    symbols = required_symbols(request, "H H O")
    pairs = len(symbols) * (len(symbols) - 1) // 2
    names = table_names(path, request)
    if f"r{pairs}" in [name.lower() for name in names]:
        raise ValueError(
            f"{' '.join(symbols)} has {pairs} distances, but there is a column r{pairs}: "
            "`formula` must name all atoms"
        )

    def to_positions(distances: np.ndarray, first: int) -> np.ndarray:
        return embedded(distances, len(symbols), first)

    columns = pair_columns(names, symbols) or [f"r{k}" for k in range(pairs)]
    geometry = Geometry(symbols, tuple(name.lower() for name in columns), to_positions)
    yield from read_table(path, "table of distances", request, {}, geometry)


def embedded(distances: np.ndarray, atoms: int, first: int = 0) -> np.ndarray:
    """Positions (B, N, 3) that have given distances (B, P), the centre at the origin.

    The Gram matrix −½ J D² J of the squared distances, J = 1 − 11ᵀ/N, has the positions as its
    three leading eigenvectors times the roots of their eigenvalues.

    Raises:
        ValueError: naming the row whose distances no geometry has.

    References:
        W. S. Torgerson, Psychometrika 17, 401 (1952), doi:10.1007/BF02288916

    Example:
        >>> x = embedded(np.array([[3.0, 4.0, 5.0]]), 3)
        >>> [round(float(np.linalg.norm(x[0, i] - x[0, j])), 12) for i, j in ((1, 0), (2, 0))]
        [3.0, 4.0]
    """
    rows, columns = np.tril_indices(atoms, -1)
    squared = np.zeros((len(distances), atoms, atoms))
    squared[:, rows, columns] = squared[:, columns, rows] = distances**2
    centre = np.eye(atoms) - 1 / atoms
    values, vectors = np.linalg.eigh(-0.5 * centre @ np.nan_to_num(squared) @ centre)
    axes = min(3, atoms - 1)
    # eigh sorts upwards; rounding makes the eigenvalue of an absent axis slightly negative.
    roots = np.sqrt(values[:, None, -axes:].clip(min=0.0))
    positions = np.zeros((len(distances), atoms, 3))
    positions[..., :axes] = vectors[..., -axes:] * roots
    again = np.linalg.norm(positions[:, rows] - positions[:, columns], axis=-1)
    wrong = np.abs(again - distances) > TOLERANCE * np.abs(distances)
    bad = (wrong | ~(distances > 0)).any(axis=1).nonzero()[0]
    if len(bad):
        row = distances[bad[0]].tolist()
        raise ValueError(
            f"row {first + int(bad[0])}: no geometry has the distances {row}; they are those of "
            "the pairs 10, 20, 21, 30, … of the atoms in the order of `formula`"
        )
    return positions


def write_distances(path: Path, parts: Iterable[Dataset]) -> None:
    """Write distances in bohr, energies in hartree and columns of one number each.

    Isotopes, forces, dipoles, orientation and handedness have no place in this format.
    """
    pieces = iter(parts)
    first = next(pieces)
    atoms = len(first.symbols)
    pairs = np.tril_indices(atoms, -1)
    columns = [name for name, column in first.columns.items() if column.dim() == 1]

    def block(part: Dataset) -> np.ndarray:
        x = part.positions.numpy()
        distances = np.linalg.norm(x[:, pairs[0]] - x[:, pairs[1]], axis=-1)
        rest = [part.energies.numpy(), *(part.columns[name].numpy() for name in columns)]
        return np.column_stack([distances, *rest])

    def blocks() -> Iterator[np.ndarray]:
        yield block(first)
        yield from map(block, pieces)

    names = [f"r{k}" for k in range(len(pairs[0]))]
    with replaced(path) as temporary:
        write_rows(temporary, [*names, "energy", *columns], blocks())
