"""Keys of the internal coordinates, their ranges and their basis."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from pes.config.section import Section, by_name
from pes.setup.basis import BasisSize
from pes.setup.coordinate_request import CoordinateRequest
from pes.setup.maps import MorseMap

__all__ = ["BasisSizeSection", "Coordinates"]


class MorseSection(Section):
    """y = 1 − exp(−a(r − r_e)) in place of a length r."""

    kind: Literal["morse"] = "morse"
    steepness: float = Field(gt=0)
    """a, 1/Å."""
    centre: float = Field(gt=0)
    """r_e, Å."""

    def resolved(self) -> MorseMap:
        """The record of `pes.setup`."""
        return MorseMap(self.steepness, self.centre)


class Cosine(Section):
    """y = −cos θ in place of an angle θ."""

    kind: Literal["cos"] = "cos"

    def resolved(self) -> Literal["cos"]:
        """Its name, as `pes.setup` takes it."""
        return self.kind


CoordinateMap = Annotated[MorseSection | Cosine, Field(discriminator="kind")]


class Coordinates(Section):
    """Internal coordinates and their ranges."""

    kind: (
        Literal[
            "valence",
            "radau",
            "jacobi",
            "bond_vectors",
            "zmatrix",
            "polyspherical",
            "umbrella",
            "normal_modes",
        ]
        | None
    ) = None
    """valence (their default), radau or jacobi for three atoms; bond_vectors (their default),
    zmatrix, polyspherical or normal_modes for four and more; umbrella for an atom with three
    others around it: r1, r2, r3, beta, sa, sb, where beta inverts the pyramid. Bond vectors are
    normal coordinates q1, q2, … whose bends turn bonds without stretching them; they keep the
    symmetry of the molecule. They and normal_modes also take linear molecules, of three atoms too,
    with `quanta` and `grid_level` or without any sizes."""
    centre: int | None = Field(default=None, ge=0)
    """Number of the middle atom (jacobi: of the single one), from 0; by default the one of its
    kind, for umbrella the nearest to all others."""
    rows: tuple[tuple[str | int, ...], ...] | None = None
    """Rows of a zmatrix: [C], [O, 0], [H, 0, 1], [H, 0, 1, 2], X for a dummy; by default made from
    the geometry at the minimum."""
    vectors: tuple[tuple[int | tuple[int | str, ...], int | tuple[int | str, ...]], ...] | None = (
        None
    )
    """Vectors of polyspherical: from and to, each the number of an atom, a list for a centre of
    mass or [radau, centre, satellites] for a canonical point, such as [1, 2], [[1, 2], 0]."""
    bonds: tuple[tuple[int, int], ...] | None = None
    """Bonds of bond_vectors, pairs of atoms numbered from 0 that join all atoms without a ring:
    [0, 1], [0, 2]; by default the shortest for their elements."""
    normal: bool = False
    """Curvilinear normal coordinates q1, q2, …: the combinations of these lengths and angles that
    are normal coordinates at the minimum. For four atoms and more they take far fewer `quanta`."""
    reference: tuple[tuple[float, float, float], ...] | None = None
    """Positions of the atoms near the minimum, Å: where to start for a surface that has no
    training points."""
    fixed: dict[str, float] = {}
    """Coordinates of a zmatrix that keep a value, Å or degrees."""
    relaxed: tuple[str, ...] = ()
    """Coordinates (lengths and angles) that take the lowest energy along the others, of which one
    or two are left; these need `ranges`, a dihedral over a full turn does not."""
    maps: dict[str, Annotated[CoordinateMap, BeforeValidator(by_name)]] = {}
    """Other variables for some of the coordinates, by name: r1: {kind: morse, steepness: 2.2,
    centre: 0.96}, theta: cos. Ranges stay in Å and degrees, the new name is morse_r1."""
    ranges: Literal["auto"] | dict[str, tuple[float, float]] = "auto"
    """Ends of each coordinate (Å, degrees), or auto: along cuts until V passes `energy`, but
    lengths no farther out than the training points."""
    energy: float = Field(default=60000.0, gt=0)
    """Height of the cuts for auto, cm⁻¹ above the minimum."""

    def resolved(self) -> CoordinateRequest:
        """The request of `pes.setup`."""
        maps: dict[str, MorseMap | Literal["cos"]] = {
            name: one.resolved() for name, one in self.maps.items()
        }
        return CoordinateRequest(
            kind=self.kind, centre=self.centre, rows=self.rows, vectors=self.vectors,
            bonds=self.bonds, normal=self.normal, reference=self.reference, fixed=self.fixed,
            relaxed=self.relaxed, maps=maps, ranges=self.ranges, energy=self.energy,
        )  # fmt: skip


MOST = 5000
"""Functions or points of one coordinate; matrices between them have this many rows."""


class BasisSizeSection(Section):
    """Basis of one coordinate."""

    kind: Literal["sinc", "box", "hermite", "legendre", "polynomial", "fourier"] | None = None
    """Primitive functions; by default sinc for lengths, legendre for angles, hermite for normal
    modes, polynomial for the cosine of an angle, fourier for a dihedral over a full turn."""
    functions: int | None = Field(default=None, gt=0, le=MOST)
    """Contracted functions n; by default 10 for lengths, 14 for angles, 25 for fourier."""
    points: int | None = Field(default=None, gt=0, le=MOST)
    """Quadrature points m; by default 1.8 n for lengths, 1.4 n for angles, uniform for fourier."""
    primitives: int | None = Field(default=None, gt=0, le=MOST)
    """Primitive functions; by default 60 for lengths, 40 for angles, n (odd) for fourier."""

    def resolved(self) -> BasisSize:
        """The record of `pes.setup`."""
        return BasisSize(self.kind, self.functions, self.points, self.primitives)
