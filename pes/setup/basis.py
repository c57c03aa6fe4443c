"""Sizes of the basis of each coordinate: as asked for, or usual for its kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, pi

from pes.coordinates import Internal
from pes.coordinates.kinds import KINDS
from pes.vibration.basis.specification import BasisSpec

__all__ = ["BasisSize", "basis_of"]

NORMAL_SIZES = {6: (7, 9), 9: (4, 5)}
"""Functions and points of each normal coordinate by their number; six take minutes, nine long."""

TORSION = 25
"""Fourier functions of a coordinate over a whole period."""

ROUNDED = 1e-3
"""Radians that automatic ranges of a full turn may lack."""


@dataclass(frozen=True)
class BasisSize:
    """Basis of one coordinate; None where the usual choice is to be made.

    Attributes:
        kind: primitive functions, a key of `pes.vibration.PRIMITIVES`.
        functions: contracted functions n.
        points: quadrature points m; Fourier functions have uniform points of their own.
        primitives: primitive functions.
    """

    kind: str | None = None
    functions: int | None = None
    points: int | None = None
    primitives: int | None = None


def basis_of(
    sizes: Mapping[str, BasisSize | int],
    internal: Internal,
    ranges: Sequence[tuple[float, float]],
) -> tuple[BasisSpec, ...]:
    """Basis of every coordinate.

    Args:
        sizes: by the name of the coordinate, `all` for those not named; a number is the number
            of contracted functions.
        internal: coordinates.
        ranges: ends of each, bohr and radians.

    Raises:
        ValueError: for a name that is no coordinate, or sizes that do not fit one another.
    """
    unknown = set(sizes) - set(internal.names) - {"all"}
    if unknown:
        raise ValueError(
            f"`basis.{min(unknown)}`: no such coordinate; there are "
            f"{', '.join(internal.names)} and all"
        )
    return tuple(
        _spec(name, kind, ends, sizes.get(name, sizes.get("all")), len(ranges))
        for name, kind, ends in zip(internal.names, internal.kinds, ranges, strict=True)
    )


def _spec(
    name: str, kind: str, ends: tuple[float, float], size: BasisSize | int | None, count: int
) -> BasisSpec:
    """Basis of one of so many coordinates."""
    low, high = ends
    size = BasisSize(functions=size) if isinstance(size, int) else size
    turn = kind == "dihedral" and high - low > 2 * pi - ROUNDED
    if (size.kind if size and size.kind else turn and "fourier") == "fourier":
        return _periodic(name, ends, size or BasisSize())
    usual = KINDS[kind]
    basis, functions, primitives = usual.basis, usual.functions, usual.primitives
    ratio = usual.density
    if kind == "normal" and count in NORMAL_SIZES:
        functions, many = NORMAL_SIZES[count]
        ratio = many / functions
    if size is not None:
        basis, functions = size.kind or basis, size.functions or functions
        primitives = size.primitives or max(primitives, ceil(3 * functions))
    points = size.points if size is not None and size.points else ceil(ratio * functions)
    return BasisSpec(basis, low, high, functions, points, max(primitives, points), name)


def _periodic(name: str, ends: tuple[float, float], size: BasisSize) -> BasisSpec:
    """Fourier functions on uniform points, an odd number: sine and cosine of every wave.

    Few functions come from as many waves as usual, for a torsion needs these anyway.
    """
    functions = size.functions or TORSION
    waves = size.primitives or max(functions, size.points or 0, TORSION)
    return BasisSpec("fourier", *ends, functions, size.points, waves + 1 - waves % 2, name)
