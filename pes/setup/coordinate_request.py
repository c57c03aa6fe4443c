"""Request for internal coordinates: their kind, and how far they reach."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import pi
from typing import Literal

from pes.coordinates import COORDINATES, Internal
from pes.coordinates.kinds import KINDS
from pes.setup.maps import MorseMap

__all__ = ["CoordinateRequest"]

Row = tuple[str | int, ...]


@dataclass(frozen=True)
class CoordinateRequest:
    """Internal coordinates and how far they reach, in Å and degrees; every default is a choice.

    Attributes:
        kind: a key of `pes.coordinates.COORDINATES`; None for those usual for so many atoms.
        centre: number of the middle atom of three, or of an umbrella, from 0.
        rows: of a zmatrix, such as `(("O",), ("H", 0), ("H", 0, 1))`.
        vectors: of polyspherical coordinates, from and to.
        bonds: of bond vectors, pairs of atoms that join all atoms without a ring.
        normal: curvilinear normal coordinates, combinations of these.
        reference: positions (N, 3) near the minimum, Å.
        fixed: coordinates of a zmatrix that keep a value.
        relaxed: coordinates that take the lowest energy along the others.
        maps: other variables for some coordinates, by name.
        ranges: ends of each coordinate by name, or `auto`.
        energy: height of the cuts for `auto`, cm⁻¹ above the minimum.
        system: coordinates already made; nothing is chosen but their ranges.
    """

    kind: str | None = None
    centre: int | None = None
    rows: Sequence[Row] | None = None
    vectors: Sequence | None = None
    bonds: Sequence[tuple[int, int]] | None = None
    normal: bool = False
    reference: Sequence[Sequence[float]] | None = None
    fixed: Mapping[str, float] = field(default_factory=dict)
    relaxed: Sequence[str] = ()
    maps: Mapping[str, MorseMap | Literal["cos"]] = field(default_factory=dict)
    ranges: Literal["auto"] | Mapping[str, tuple[float, float]] = "auto"
    energy: float = 60000.0
    system: Internal | None = None

    @property
    def free(self) -> bool:
        """Whether nothing is given but a reference geometry and the energy of the cuts."""
        default = CoordinateRequest(reference=self.reference, energy=self.energy)
        return self == default

    def __post_init__(self) -> None:
        if self.kind is not None and self.kind not in COORDINATES:
            raise ValueError(
                f"`coordinates.kind` must be one of {', '.join(COORDINATES)}, got {self.kind!r}"
            )

    def ends(self, names: Sequence[str], kinds: Sequence[str]) -> list[tuple[float, float]] | None:
        """Ranges of coordinates as the user gave them, bohr and radians; None for `auto`.

        Raises:
            ValueError: for names that are no coordinates, or ends out of order or of the domain.
        """
        if isinstance(self.ranges, str):
            return None
        if set(self.ranges) != set(names):
            raise ValueError(
                f"`coordinates.ranges` must name {', '.join(names)}, got {', '.join(self.ranges)}"
            )
        return [
            _checked_ends(name, kind, *self.ranges[name])
            for name, kind in zip(names, kinds, strict=True)
        ]


def _checked_ends(name: str, kind: str, low: float, high: float) -> tuple[float, float]:
    """Ends of one coordinate, from Å or degrees to bohr or radians.

    Raises:
        ValueError: if they are out of order, or not in the domain of the coordinate.
    """
    key, size = f"`coordinates.ranges.{name}`", KINDS[kind].size
    if not low < high:
        raise ValueError(f"{key}: {low} is not below {high}")
    if kind in ("length", "angle") and (low < 0 or (kind == "length" and low == 0)):
        raise ValueError(f"{key}: a {kind} must be positive, got {low}")
    if kind == "dihedral" and high - low > 360:
        raise ValueError(f"{key} spans more than a full turn")
    if kind == "angle" and high > 180:
        raise ValueError(f"{key} reaches past linearity: {high} degrees; the largest angle is 180")
    return low * size, min(high * size, pi) if kind == "angle" else high * size
