"""Kinds of internal coordinates: unit, label, limits and usual basis of each, in one place."""

from dataclasses import dataclass
from math import inf, pi

from pes.units import ANGSTROM, DEGREE

__all__ = ["KINDS", "CoordinateKind"]


@dataclass(frozen=True)
class CoordinateKind:
    """Everything that depends on the kind of a coordinate alone.

    Attributes:
        unit: unit in tables, ASCII; empty for pure numbers.
        axis: unit on the axes of pictures.
        size: this unit in atomic units.
        limits: ends that automatic ranges never pass, atomic units.
        ends: ends of the domain, beyond which a geometry is met again, atomic units.
        periodic: whether the domain is one turn about any middle instead.
        beyond: what happens to a coordinate past its domain, for messages.
        basis: usual primitive functions, a key of `pes.vibration.PRIMITIVES`.
        functions: usual number of contracted functions n.
        density: quadrature points for each function, m/n.
        primitives: usual number of primitive functions.
    """

    unit: str
    axis: str
    size: float
    basis: str
    functions: int
    density: float
    primitives: int
    limits: tuple[float, float] = (-inf, inf)
    ends: tuple[float, float] = (-inf, inf)
    periodic: bool = False
    beyond: str = ""

    def domain(self, middle: float) -> tuple[float, float]:
        """Ends of the domain; of a periodic coordinate half a turn to each side of the middle."""
        return (middle - pi, middle + pi) if self.periodic else self.ends


KINDS = {
    "length": CoordinateKind(
        "A", "Å", ANGSTROM, "sinc", 10, 1.8, 60,
        limits=(0.3 * ANGSTROM, 6.0 * ANGSTROM), ends=(0.0, inf), beyond="is negative",
    ),
    "angle": CoordinateKind(
        "deg", "degrees", DEGREE, "legendre", 14, 1.4, 40,
        limits=(0.0, pi), ends=(0.0, pi), beyond="leaves 0 to 180 deg",
    ),
    "dihedral": CoordinateKind(
        "deg", "degrees", DEGREE, "sinc", 10, 1.8, 60,
        limits=(0.0, 2 * pi), periodic=True, beyond="is more than half a turn away",
    ),
    # Short of where two azimuths 120 degrees apart meet.
    "azimuth": CoordinateKind(
        "deg", "degrees", DEGREE, "sinc", 10, 1.8, 60, limits=(-75 * DEGREE, 75 * DEGREE),
    ),
    # Dimensionless; the limits lie beyond 50 quanta.
    "normal": CoordinateKind("", "", 1.0, "hermite", 10, 1.8, 40, limits=(-10.0, 10.0)),
    "number": CoordinateKind("", "a.u.", 1.0, "sinc", 10, 1.8, 60),
    "cosine": CoordinateKind("", "", 1.0, "polynomial", 14, 1.4, 40, limits=(-1.0, 1.0)),
}  # fmt: skip
"""Every kind of coordinate by its name in `Internal.kinds`."""
