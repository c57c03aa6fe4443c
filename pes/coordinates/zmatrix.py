"""Z-matrix: bond lengths, angles and dihedrals of any molecule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from pes.coordinates.internal import Direct
from pes.coordinates.vectors import angle, dihedral

__all__ = ["DUMMY", "ZMatrix"]

DUMMY = "X"
"""Symbol of a point that helps to define coordinates and is not an atom."""

_PREFIXES = {"r": "length", "theta": "angle", "phi": "dihedral"}


class _Row(NamedTuple):
    """Symbol and the rows that length, angle and dihedral refer to."""

    symbol: str
    references: tuple[int, ...]


@dataclass(frozen=True)
class ZMatrix(Direct):
    """q = (r1, r2, theta2, r3, theta3, phi3, r4, …), the number being that of the row, from 0.

    Row k is `(symbol, a, b, c)`: its point P lies at the distance r from a, with the angle
    P–a–b and the dihedral P–a–b–c. The first rows have fewer references: `(symbol,)`,
    `(symbol, a)`, `(symbol, a, b)`. Atoms have the order of the rows.

    A row with the symbol X is a dummy: it is counted as a row but is not an atom, and its own
    coordinates are usually `fixed`. It keeps angles away from 180° in a linear chain, where a
    dihedral is undefined.

    Args:
        rows: one tuple for each atom or dummy.
        fixed: coordinates that keep a value, by name, in bohr or radians.

    Raises:
        ValueError: for a row of the wrong length, a reference to itself, to a later row or
            twice to the same, an unknown name in `fixed`, or more coordinates than the 3N − 6
            internal ones (1 for N = 2).

    Example:
        Formaldehyde, and a linear molecule whose bend passes through 180°:

        >>> ZMatrix((("C",), ("O", 0), ("H", 0, 1), ("H", 0, 1, 2))).names
        ('r1', 'r2', 'theta2', 'r3', 'theta3', 'phi3')
        >>> rows = (("C",), ("N", 0), ("X", 0, 1), ("H", 0, 2, 1))
        >>> right, across = torch.pi / 2, torch.pi
        >>> ZMatrix(rows, fixed={"r2": 1.0, "theta2": right, "phi3": across}).names
        ('r1', 'r3', 'theta3')
    """

    rows: Sequence[tuple[str | int, ...]]
    fixed: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", tuple(tuple(row) for row in self.rows))
        object.__setattr__(self, "fixed", dict(self.fixed))
        for number, row in enumerate(self.rows):
            _check_row(number, row)
        unknown = [name for name in self.fixed if name not in self._all_names]
        if unknown:
            raise ValueError(
                f"fixed: {unknown[0]!r} is not a coordinate; they are {', '.join(self._all_names)}"
            )
        self._check_number()

    def _check_number(self) -> None:
        atoms = len(self.symbols)
        most = max(1, 3 * atoms - 6)
        if atoms < 2:
            raise ValueError(f"a Z-matrix needs at least two atoms, got {atoms} besides dummies")
        if len(self.names) > most:
            raise ValueError(
                f"{atoms} atoms have {most} internal coordinates, the Z-matrix leaves "
                f"{len(self.names)} free ({', '.join(self.names)}); put "
                f"{len(self.names) - most} more into `fixed`"
            )

    @property
    def symbols(self) -> tuple[str, ...]:
        """Symbols of the atoms, dummies left out."""
        return tuple(row.symbol for row in self._rows if row.symbol != DUMMY)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coordinates that are free, in the order of q."""
        return tuple(name for name in self._all_names if name not in self.fixed)

    @property
    def kinds(self) -> tuple[str, ...]:
        """`length`, `angle` or `dihedral`, as in `names`."""
        return tuple(_PREFIXES[name.rstrip("0123456789")] for name in self.names)

    def to_positions(self, q: Tensor, masses: Tensor | None = None) -> Tensor:
        """Positions (..., N, 3) in bohr of q (..., Q) in bohr and radians.

        The first row is the origin, the second lies on the x axis, the third in the xy plane;
        masses play no part.

        Raises:
            ValueError: if q has not one entry for each name.
        """
        if q.shape[-1] != len(self.names):
            raise ValueError(
                f"q must end in {len(self.names)} coordinates ({', '.join(self.names)}), "
                f"got shape {tuple(q.shape)}"
            )
        values = dict(zip(self.names, q.unbind(-1), strict=True))
        for name, value in self.fixed.items():
            values[name] = torch.full_like(q[..., 0], value)
        points: list[Tensor] = []
        for number, row in enumerate(self._rows):
            own = [values[name] for name in _names_of(number)]
            points.append(_placed(own, [points[a] for a in row.references], like=q))
        return torch.stack(self._atoms(points)).movedim((0, 1), (-2, -1))

    def from_positions(self, positions: Tensor, masses: Tensor | None = None) -> Tensor:
        """q (..., Q) of positions (..., N, 3); angles 0 to π, dihedrals 0 to 2π.

        Coordinates that are fixed are not checked. A dummy is placed by its own fixed
        coordinates.

        Raises:
            ValueError: if the place of a dummy does not follow: it must come after three
                other rows and have all its coordinates fixed.
        """
        atoms = iter(positions.unbind(-2))
        points: list[Tensor] = []
        q = []
        for number, row in enumerate(self._rows):
            references = [points[a] for a in row.references]
            is_dummy = row.symbol == DUMMY
            points.append(self._dummy(number, references) if is_dummy else next(atoms))
            own = zip(_names_of(number), _measured(points[-1], references), strict=True)
            q += [value for name, value in own if name not in self.fixed]
        return torch.stack(q, -1)

    @property
    def _rows(self) -> list[_Row]:
        return [_Row(str(s), tuple(int(a) for a in references)) for s, *references in self.rows]

    @property
    def _all_names(self) -> tuple[str, ...]:
        return tuple(name for number in range(len(self.rows)) for name in _names_of(number))

    def _atoms(self, points: list[Tensor]) -> list[Tensor]:
        return [p for p, row in zip(points, self._rows, strict=True) if row.symbol != DUMMY]

    def _dummy(self, number: int, references: list[Tensor]) -> Tensor:
        names = _names_of(number)
        if number < 3 or any(name not in self.fixed for name in names):
            raise ValueError(
                f"row {number}: the positions of the atoms do not determine this dummy; put "
                "it after three other rows and fix all its coordinates"
            )
        like = references[0]
        own = [torch.full_like(like[..., 0], self.fixed[name]) for name in names]
        return _placed(own, [r.movedim(-1, 0) for r in references], like=own[0][..., None]).movedim(
            0, -1
        )


def _check_row(number: int, row: tuple[str | int, ...]) -> None:
    wanted = min(number, 3)
    where = f"row {number} {row}"
    if not row or not isinstance(row[0], str):
        raise ValueError(f"{where}: a row begins with the symbol of its atom, or X for a dummy")
    references = row[1:]
    if len(references) != wanted:
        raise ValueError(f"{where}: needs {wanted} references, got {len(references)}")
    for reference in references:
        if isinstance(reference, bool) or not isinstance(reference, int):
            raise ValueError(f"{where}: a reference is the number of a row, got {reference!r}")
        if not 0 <= reference < number:
            raise ValueError(
                f"{where}: a reference must be an earlier row, 0 to {number - 1}, got {reference}"
            )
    if len(set(references)) < len(references):
        raise ValueError(f"{where}: refers twice to the same row")


def _names_of(number: int) -> tuple[str, ...]:
    return tuple(f"{prefix}{number}" for prefix in tuple(_PREFIXES)[: min(number, 3)])


def _placed(own: list[Tensor], references: list[Tensor], *, like: Tensor) -> Tensor:
    """The point (3, ...) at a length, an angle and a dihedral from up to three others."""
    x_axis, y_axis, _ = torch.eye(3, dtype=like.dtype, device=like.device).reshape(
        3, 3, *[1] * (like.dim() - 1)
    )
    if not own:
        return torch.zeros_like(like[..., 0]) * x_axis
    length = own[0]
    if len(own) == 1:
        return references[0] + length * x_axis
    theta = own[1]
    along = _unit(references[1] - references[0])
    if len(own) == 2:
        return references[0] + length * (theta.cos() * along + theta.sin() * y_axis)
    normal = _unit(torch.linalg.cross(along, references[2] - references[1], dim=0))
    across = torch.linalg.cross(normal, along, dim=0)
    phi = own[2]
    sideways = phi.cos() * across - phi.sin() * normal
    return references[0] + length * (theta.cos() * along + theta.sin() * sideways)


def _measured(point: Tensor, references: list[Tensor]) -> list[Tensor]:
    """Length, angle and dihedral, as many as there are references."""
    if not references:
        return []
    bond = point - references[0]
    found = [bond.norm(dim=-1)]
    if len(references) > 1:
        axis = references[1] - references[0]
        found.append(angle(bond, axis))
        if len(references) > 2:
            found.append(dihedral(bond, axis, references[2] - references[1]))
    return found


def _unit(vector: Tensor) -> Tensor:
    return vector / (vector * vector).sum(0).sqrt()
