"""Keys of a configuration that holds a motion of large amplitude of four atoms, tried first."""

from collections.abc import Mapping, Sequence
from math import ceil, pi
from typing import Any

import torch
from torch import Tensor

from pes.coordinates import Internal, ZMatrix, automatic_rows
from pes.setup.automatic.wells import LargeAmplitude, bonded
from pes.setup.coordinates import CoordinateRequest
from pes.setup.problem import Problem, problem
from pes.units import CM1

__all__ = ["advised", "written"]

ENOUGH = 1.4
"""Energy of the products kept, and height of the cuts at which ranges end, in energies of the
highest level above the minimum. The usual height is that of dissociation: ranges run far out."""

TORSION: dict[str, dict[str, Any]] = {
    "length": {"functions": 6, "points": 8},
    "angle": {"functions": 6, "points": 8},
    "dihedral": {"kind": "fourier", "functions": 25},
}
"""Sizes by the kind of coordinate where a dihedral turns all the way round."""

INVERSION: dict[str, dict[str, Any]] = {
    "length": {"functions": 5, "points": 7},
    "angle": {"functions": 9, "points": 12},
    "dihedral": {"functions": 14, "points": 18},
}
"""The same where it passes from one well to its mirror image: the angles change with it."""

SIZES = {"torsion": TORSION, "inversion": INVERSION}


def advised(
    one: LargeAmplitude, task: Problem, minimum: Tensor, top: float
) -> dict[str, Any] | None:
    """Coordinates, sizes and limit of products as in a configuration; None if there are none.

    Args:
        one: a torsion or an inversion.
        task: surface and molecule.
        minimum: positions (N, 3) in bohr.
        top: highest level above the minimum, hartree.
    """
    molecule, energy = task.molecule, 1000.0 * ceil(ENOUGH * top / CM1 / 1000)
    if len(molecule.symbols) != 4 or one.what not in SIZES:
        return None
    try:
        rows = automatic_rows(molecule.symbols, minimum)
        internal = ZMatrix(rows)
        request = CoordinateRequest(kind="zmatrix", rows=rows, energy=energy)
        if one.what == "torsion" and not _turns(one, rows, bonded(molecule, minimum)):
            return None
        other = problem(task.surface, molecule, coordinates=request, device=task.masses.device)
    except ValueError:
        return None
    ends = [(basis.low, basis.high) for basis in other.coordinates]
    if not held(one, other.internal, ends, task.masses.detach().cpu()):
        return None
    sizes = SIZES[one.what]
    return {
        "coordinates": {
            "kind": "zmatrix", "rows": [list(row) for row in rows], "normal": False,
            "energy": energy,
        },
        "basis": {
            name: sizes[kind] for name, kind in zip(internal.names, internal.kinds, strict=True)
        },
        "product_energy": energy,
    }  # fmt: skip


def written(keys: Mapping[str, Any]) -> str:
    """Keys with their values as in a configuration, each between backticks.

    Example:
        >>> written({"quanta": 6, "coordinates": {"kind": "zmatrix", "normal": False}})
        '`quanta: 6`, `coordinates: {kind: zmatrix, normal: false}`'
    """
    return ", ".join(f"`{key}: {_flow(value)}`" for key, value in keys.items())


def _flow(value: Any) -> str:
    """A value in one line of YAML."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def held(
    one: LargeAmplitude,
    internal: Internal,
    ranges: Sequence[tuple[float, float]],
    masses: Tensor,
) -> bool:
    """Whether coordinates reach all along a motion; normal ones, of one well, never do."""
    if "normal" in internal.kinds:
        return False
    with torch.no_grad():
        q = internal.from_positions(one.geometries, masses)
    low, high = torch.tensor(ranges, dtype=torch.float64).T
    for k, kind in enumerate(internal.kinds):
        if kind == "dihedral":
            q[:, k] = low[k] + (q[:, k] - low[k]) % (2 * pi)
    return bool(((q > low - 1e-6) & (q < high + 1e-6)).all())


def _turns(one: LargeAmplitude, rows: Sequence[Sequence[str | int]], bonds: Tensor) -> bool:
    """Whether the dihedral is the torsion about its bond."""
    *_, (_, a, b, c) = rows
    return {a, b} == set(one.atoms) and bool(bonds[int(b), int(c)])
