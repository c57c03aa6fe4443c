"""Sizes of the basis of each coordinate: as asked for, or usual for its kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, pi

from pes.coordinates import Internal
from pes.coordinates.kinds import KINDS
from pes.setup.coordinates.maps import PLAIN_RECORD
from pes.vibration.basis.primitives import PRIMITIVES
from pes.vibration.basis.specification import BasisSpec

__all__ = ["BasisSize", "basis_of"]

MOST = 5000
"""Functions or points of one coordinate; matrices between them have this many rows."""

NORMAL_SIZES = {6: (7, 9), 9: (4, 5)}
"""Functions and points of each normal coordinate by their number; six take minutes, nine long."""

TORSION = 25
"""Fourier functions of a coordinate over a whole period."""

ROUNDED = 1e-3
"""Radians that automatic ranges of a full turn may lack."""


@dataclass(frozen=True)
class BasisSize:
    """Size of the basis of one coordinate; all numbers are 1 to 5000.

    Attributes:
        kind: kind of the primitive functions: sinc, box, hermite, legendre, polynomial or fourier.
            The default is sinc for lengths, legendre for angles, hermite for normal modes,
            polynomial for the cosine of an angle and fourier for a dihedral over a full turn.
        functions: number n of contracted functions; the default is 10 for lengths, 14 for angles
            and 25 for fourier.
        points: number of quadrature points; the default is 1.8 n for lengths, 1.4 n for angles and
            uniform points for fourier.
        primitives: number of primitive functions; the default is 60 for lengths, 40 for angles and
            n (odd) for fourier.

    Raises:
        ValueError: for an unknown kind, or a number out of its range.
    """

    __pydantic_config__ = PLAIN_RECORD

    kind: str | None = None
    functions: int | None = None
    points: int | None = None
    primitives: int | None = None

    def __post_init__(self) -> None:
        if self.kind is not None and self.kind not in PRIMITIVES:
            raise ValueError(f"kind must be one of {', '.join(PRIMITIVES)}, got {self.kind!r}")
        for name in ("functions", "points", "primitives"):
            size = getattr(self, name)
            if size is not None and not 1 <= size <= MOST:
                raise ValueError(f"the number of {name} must be 1 to {MOST}, got {size}")


def basis_of(
    sizes: Mapping[str, BasisSize | int],
    internal: Internal,
    ranges: Sequence[tuple[float, float]],
) -> tuple[BasisSpec, ...]:
    """Basis of every coordinate.

    Args:
        sizes: sizes by name of the coordinate, `all` for those not named; a number is the number
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
