"""Tables of internal coordinates: a Z-matrix, or r1, r2 and an angle of three atoms."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pes.data.dataset import Dataset
from pes.data.formats.request import Request
from pes.data.formats.tables import (
    Geometry,
    column_unit,
    read_table,
    required_symbols,
    table_names,
)
from pes.data.formats.units import file_units, unit_factor
from pes.elements import element

__all__ = ["is_zmatrix", "read_triatomic", "read_zmatrix"]

ANGLES = ("theta", "angle", "alpha")
COSINES = ("cos", "costheta", "cos(theta)", "cosine")


def is_zmatrix(path: Path, request: Request) -> bool:
    """Whether a Z-matrix is stated."""
    return request.zmatrix is not None


def read_triatomic(path: Path, request: Request) -> Iterator[Dataset]:
    """Points of three atoms from two lengths and the angle between them.

    r1 and r2 go from the middle atom to the others in the order of `formula`; the middle atom is
    the one of its kind, or the second where all are alike or all differ. Radau's R1, R2 and cos θ
    read the same way give a pseudo-triatomic, whose surface is as good as that of the molecule.
    The unit of the angle is stated in `units` or follows from a column named cos.

    Raises:
        ValueError: naming the row with an impossible angle.
    """
    symbols = required_symbols(request, "O H H")
    if len(symbols) != 3:
        raise ValueError(f"a triatomic table has three atoms, `formula` has {' '.join(symbols)}")
    names = [name.lower() for name in table_names(path, request)]
    angle = next((name for name in (*COSINES, *ANGLES) if name in names), None)
    if angle is None:
        there = ", ".join(table_names(path, request))
        raise ValueError(
            f"no column of an angle ({', '.join((*ANGLES, *COSINES))}); columns there: {there}; a "
            "table of three atoms holds r1, r2 and an angle, or all distances (r0, r1, r2, or "
            "named after their atoms, such as r_OH); name its columns in `columns` "
            '(--columns "r1 r2 theta energy")'
        )
    unit = "cosine" if angle in COSINES else None
    unit = _angle_unit(request, unit or column_unit(path, request, "angle", (angle,)))
    elements = [element(symbol) for symbol in symbols]
    alone = [k for k, name in enumerate(elements) if elements.count(name) == 1]
    middle = alone[0] if len(alone) == 1 else 1
    ends = [k for k in range(3) if k != middle]

    def to_positions(q: np.ndarray, first: int) -> np.ndarray:
        cosine, sine = _cosine_and_sine(q[:, 2], unit, first)
        positions = np.zeros((len(q), 3, 3))
        positions[:, ends[0], 0] = q[:, 0]
        positions[:, ends[1], 0] = q[:, 1] * cosine
        positions[:, ends[1], 1] = q[:, 1] * sine
        return positions

    geometry = Geometry(symbols, ("r1", "r2", angle), to_positions)
    bonds = ", ".join(f"r{k} = {symbols[middle]}-{symbols[end]}" for k, end in enumerate(ends, 1))
    kind = f"triatomic table with {bonds}"
    yield from read_table(path, kind, request, {"angle": unit}, geometry)


def _angle_unit(request: Request, named: str | None) -> str:
    units = file_units(request.units, {} if named is None else {"angle": named})
    unit_factor(units, "angle")
    return units["angle"]


def _cosine_and_sine(values: np.ndarray, unit: str, first: int) -> tuple[np.ndarray, np.ndarray]:
    if unit == "cosine":
        bad = (np.abs(values) > 1).nonzero()[0]
        if len(bad):
            raise ValueError(f"row {first + int(bad[0])}: {values[bad[0]]} is not a cosine")
        return values, np.sqrt(1 - values**2)
    radians = values * unit_factor({"angle": unit}, "angle")
    return np.cos(radians), np.sin(radians)


def read_zmatrix(path: Path, request: Request) -> Iterator[Dataset]:
    """Points from the lengths, angles and dihedrals of a Z-matrix.

    Row k of the Z-matrix is (symbol, a, b, c): its atom lies at the length r_k from a, with the
    angle theta_k to b and the dihedral phi_k to c; columns have these names (r1, r2, theta2, …).

    Raises:
        ValueError: for a Z-matrix or a row of the table that makes no geometry.
    """
    if request.zmatrix is None:
        raise ValueError("state the Z-matrix of the table in `zmatrix`, one row for each atom")
    rows = request.zmatrix
    for k, (symbol, *references) in enumerate(rows):
        valid = all(isinstance(a, int) and 0 <= a < k for a in references)
        if not isinstance(symbol, str) or not valid or len(set(references)) != min(k, 3):
            raise ValueError(
                f"`zmatrix`, row {k}: needs a symbol and the numbers of {min(k, 3)} earlier rows, "
                f"got {[symbol, *references]}"
            )
    names = tuple(f"{p}{k}" for k in range(len(rows)) for p in ("r", "theta", "phi")[: min(k, 3)])
    angles = [name for name in names if name[0] != "r"]
    unit = "degree"
    if angles:
        unit = _angle_unit(request, column_unit(path, request, "angle", angles))

    def to_positions(q: np.ndarray, first: int) -> np.ndarray:
        return _placed(dict(zip(names, q.T, strict=True)), rows, unit, first)

    symbols = request.isotopes([str(row[0]) for row in rows])
    geometry = Geometry(symbols, names, to_positions)
    fixed = {"angle": unit}
    yield from read_table(path, "table of a Z-matrix", request, fixed, geometry)


def _placed(
    q: dict[str, np.ndarray], rows: tuple[tuple[str | int, ...], ...], unit: str, first: int
) -> np.ndarray:
    """Positions (B, N, 3): the first atom at the origin, the second on x, the third in xy."""
    points: list[np.ndarray] = []
    for k, (_, *references) in enumerate(rows):
        if k == 0:
            points.append(np.zeros((len(q["r1"]), 3)))
            continue
        a, b, c = ([points[int(r)] for r in references] + [np.zeros(3)] * 2)[:3]
        along = _unit(b - a) if k > 1 else np.array([1.0, 0.0, 0.0])
        cosine, sine = 1.0, 0.0
        across = np.array([0.0, 1.0, 0.0])
        if k > 1:
            cosine, sine = _columns(_cosine_and_sine(q[f"theta{k}"], unit, first))
        if k > 2:
            plane = _unit(np.cross(along, c - b))
            cos_phi, sin_phi = _columns(_cosine_and_sine(q[f"phi{k}"], unit, first))
            across = cos_phi * np.cross(plane, along) - sin_phi * plane
        points.append(a + q[f"r{k}"][:, None] * (cosine * along + sine * across))
    return np.stack(points, axis=1)


def _columns(pair: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return pair[0][:, None], pair[1][:, None]


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
