"""Request for internal coordinates: their kind, and how far they reach."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import pi
from typing import Literal

from pes.coordinates import COORDINATES
from pes.coordinates.kinds import KINDS
from pes.setup.maps import PLAIN_RECORD, MorseMap

__all__ = ["CoordinateRequest"]

Row = tuple[str | int, ...]
End = int | tuple[int | str, ...]


@dataclass(frozen=True)
class CoordinateRequest:
    """Internal coordinates and their ranges; the program chooses what is not given.

    Attributes:
        kind: one of valence (the default), radau and jacobi for three atoms; bond_vectors (the
            default), zmatrix, polyspherical and normal_modes for four and more; umbrella for an
            atom with three others around it: r1, r2, r3, beta, sa, sb, where beta inverts the
            pyramid. Bond vectors are normal coordinates q1, q2, … whose bends turn bonds without
            stretching them; they keep the symmetry of the molecule. They and normal_modes also
            take linear molecules, of three atoms too, with `quanta` and `grid_level` or without
            any sizes.
        centre: number of the middle atom (jacobi: of the single one), from 0; by default the one
            of its kind, for umbrella the nearest to all others.
        rows: rows of a zmatrix: [C], [O, 0], [H, 0, 1], [H, 0, 1, 2], X for a dummy; by default
            made from the geometry at the minimum.
        vectors: vectors of polyspherical: from and to, each the number of an atom, a list for a
            centre of mass or [radau, centre, satellites] for a canonical point, such as [1, 2],
            [[1, 2], 0].
        bonds: bonds of bond_vectors, pairs of atoms numbered from 0 that join all atoms without a
            ring: [0, 1], [0, 2]; by default the shortest for their elements.
        normal: curvilinear normal coordinates q1, q2, …: the combinations of these lengths and
            angles that are normal coordinates at the minimum. For four atoms and more they take
            far fewer `quanta`. With beside_torsion a dihedral, the last coordinate, stays as it
            is, and V and G are means of the minimum and of half a turn from it.
        reference: positions of the atoms near the minimum, Å: where to start for a surface that
            has no training points.
        fixed: coordinates of a zmatrix that keep a value, Å or degrees.
        relaxed: coordinates (lengths and angles) that take the lowest energy along the others, of
            which one or two are left; these need `ranges`, a dihedral over a full turn does not.
        maps: other variables for some of the coordinates, by name: r1: {steepness: 2.2,
            centre: 0.96}, theta: cos. Ranges stay in Å and degrees, the new name is morse_r1.
        ranges: ends of each coordinate (Å, degrees), or auto: along cuts until V passes `energy`.
            Lengths of a fit end at its last point, or past it where the surface still rises.
        energy: height of the cuts for auto, cm⁻¹ above the minimum, positive.
        continued_from: harmonic energy, cm⁻¹, beyond which V is continued along rays from the
            minimum, in normal coordinates; the program continues a fit that has holes beyond its
            points.
        filled: holes of a fit of three atoms beyond its points are filled by a wall behind the
            pass that leads into them; the program does so where it finds one.

    Raises:
        ValueError: for an unknown kind, or a number out of its range; it names the key.
    """

    __pydantic_config__ = PLAIN_RECORD

    kind: str | None = None
    centre: int | None = None
    rows: tuple[Row, ...] | None = None
    vectors: tuple[tuple[End, End], ...] | None = None
    bonds: tuple[tuple[int, int], ...] | None = None
    normal: bool | Literal["beside_torsion"] = False
    reference: Sequence[Sequence[float]] | None = None
    fixed: Mapping[str, float] = field(default_factory=dict)
    relaxed: tuple[str, ...] = ()
    maps: Mapping[str, MorseMap | Literal["cos"]] = field(default_factory=dict)
    ranges: Literal["auto"] | Mapping[str, tuple[float, float]] = "auto"
    energy: float = 60000.0
    continued_from: float | None = None
    filled: bool = False

    @property
    def free(self) -> bool:
        """Whether the user chose no coordinates; `reference` and energies may be given."""
        default = CoordinateRequest(
            reference=self.reference,
            energy=self.energy,
            continued_from=self.continued_from,
            filled=self.filled,
        )
        return self == default

    def __post_init__(self) -> None:
        if self.kind is not None and self.kind not in COORDINATES:
            raise ValueError(
                f"`coordinates.kind` must be one of {', '.join(COORDINATES)}, got {self.kind!r}"
            )
        if self.centre is not None and self.centre < 0:
            raise ValueError(
                f"`coordinates.centre` is the number of an atom, from 0, got {self.centre}"
            )
        if not self.energy > 0:
            raise ValueError(f"`coordinates.energy` must be positive, got {self.energy} cm-1")
        if self.continued_from is not None and not self.continued_from > 0:
            raise ValueError(
                f"`coordinates.continued_from` must be positive, got {self.continued_from} cm-1"
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
