"""Request for internal coordinates: their kind, and how far they reach."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import pi
from typing import Literal

from pes.coordinates import COORDINATES
from pes.coordinates.kinds import KINDS
from pes.setup.coordinates.maps import PLAIN_RECORD, MorseMap

__all__ = ["CoordinateRequest"]

Row = tuple[str | int, ...]
End = int | tuple[int | str, ...]


@dataclass(frozen=True)
class CoordinateRequest:
    """Internal coordinates and their ranges; the program chooses what is not given.

    Attributes:
        kind: kind of the coordinates. For three atoms: valence (the default), radau or jacobi. For
            four and more: bond_vectors (the default), zmatrix, polyspherical or normal_modes; for
            an atom with three others around it also umbrella (r1, r2, r3, beta, sa, sb, where beta
            inverts the pyramid). Bond vectors are normal coordinates q1, q2, … whose bends turn
            bonds without stretching them; they keep the symmetry of the molecule. bond_vectors and
            normal_modes also take linear molecules, even of three atoms.
        centre: number of the middle atom, from 0; for jacobi of the atom that moves around the
            other two. The default is the only atom of its element; for umbrella it is the atom
            nearest to all others.
        rows: rows of a zmatrix, such as [C], [O, 0], [H, 0, 1], [H, 0, 1, 2]; X is a dummy atom.
            The default is made from the geometry at the minimum.
        vectors: vectors of polyspherical coordinates, each from one end to another. An end is the
            number of an atom, a list of atoms for their centre of mass, or [radau, centre,
            satellites] for a canonical point. Example: [1, 2], [[1, 2], 0].
        bonds: bonds of bond_vectors, pairs of atoms numbered from 0 that join all atoms without a
            ring, such as [0, 1], [0, 2]. The default is the shortest bonds for the elements.
        normal: use curvilinear normal coordinates q1, q2, …, which are the normal coordinates at
            the minimum in terms of these lengths and angles. For four atoms and more they need far
            fewer `quanta`. With beside_torsion the last coordinate, a dihedral, stays as it is, and
            the normal coordinates of the others are those of V and G averaged over the minimum and
            the geometry half a turn from it.
        reference: positions of the atoms near the minimum, Å; the search for the minimum of a
            surface without training points starts there.
        fixed: coordinates of a zmatrix that keep a constant value, Å or degrees.
        relaxed: lengths and angles that take the values of lowest energy along the others. One or
            two coordinates must be left; they need `ranges`, except a dihedral over a full turn.
        maps: other variables for some coordinates, by name, such as r1: {steepness: 2.2,
            centre: 0.96} or theta: cos. Ranges stay in Å and degrees; the new name is morse_r1.
        ranges: ends of each coordinate, Å or degrees. With auto each range ends where V passes
            `energy` along a cut through the minimum. On a fitted surface lengths end at the last
            point, or beyond it if the surface still rises there.
        energy: energy at which automatic ranges end, cm⁻¹ above the minimum, positive.
        continued_from: harmonic energy, cm⁻¹, above which V is extrapolated along rays from the
            minimum, in normal coordinates. The program does this by itself for a fit that has holes
            beyond its points.
        filled: fill the holes that a fit of three atoms has beyond its points, by a wall behind the
            lowest pass to them. The program does this by itself where it finds such a hole.

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
        """Whether the program chooses the coordinates; `reference` and energies may be given."""
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

        Args:
            names: names of the coordinates.
            kinds: kind of each, a key of `pes.coordinates.kinds.KINDS`.

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
