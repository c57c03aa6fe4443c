"""Internal coordinates of a molecule: those asked for, or those usual for so many atoms."""

from collections.abc import Sequence
from contextlib import suppress
from math import pi

import torch
from torch import Tensor

from pes.coordinates import (
    COORDINATES,
    BondVectors,
    Internal,
    NormalModes,
    Polyspherical,
    Umbrella,
    ZMatrix,
    automatic_rows,
    bond_vectors,
    curvilinear,
    curvilinear_beside,
    hessian,
    nearest_tree,
    normal_modes,
    optimum,
)
from pes.coordinates.curvilinear_modes import BESIDE
from pes.coordinates.internal import zero_at_minimum
from pes.molecule import Molecule
from pes.setup.coordinates.coordinate_request import CoordinateRequest
from pes.setup.coordinates.coupling import least_coupled, no_short_length
from pes.setup.coordinates.place_names import places_of
from pes.setup.coordinates.relaxed import relaxed_coordinates
from pes.setup.minima.geometry import Geometries, covalent_distances
from pes.units import ANGSTROM, DEGREE
from pes.vibration.system.system import System, molecular

__all__ = ["internal_coordinates"]

EQUAL = 1e-3
"""Bohr: distances that differ by less are the same."""

KEYS = {
    "rows": "zmatrix", "fixed": "zmatrix", "vectors": "polyspherical", "bonds": "bond_vectors",
}  # fmt: skip
"""Keys that belong to one kind of coordinates."""


def internal_coordinates(
    request: CoordinateRequest, geometries: Geometries, made: Internal | None = None
) -> Internal:
    """Coordinates of the kind asked for, or those usual for so many atoms.

    Args:
        request: their kind and what it takes.
        geometries: minima of the surface.
        made: coordinates to take in place of a kind.

    Raises:
        ValueError: if they do not suit the molecule or the surface; the message names the key.
    """
    inner = made or _internal(request, geometries)
    if request.relaxed:
        inner = _relaxed(request, inner, geometries)
    if zero_at_minimum(inner.kinds) and request.maps:
        raise ValueError(
            "`coordinates.maps` are for lengths and angles; give the `kind` of coordinates that "
            "have them"
        )
    if not request.normal:
        return inner
    if zero_at_minimum(inner.kinds) or request.maps:
        other = "maps" if request.maps else f"kind: {request.kind}"
        raise ValueError(
            f"`coordinates.normal` combines lengths and angles themselves; leave out `{other}`"
        )
    if request.normal == BESIDE:
        return _beside_torsion(inner, geometries)
    modes = _normal_modes(geometries)
    if modes.line is not None:
        raise ValueError(
            "`coordinates.normal` takes a molecule that is bent at its minimum; this one is "
            "linear: use bond_vectors"
        )
    try:
        return curvilinear(inner, modes)
    except ValueError as error:
        raise ValueError(f"`coordinates.normal`: {error}") from None


def _internal(request: CoordinateRequest, geometries: Geometries) -> Internal:
    molecule = geometries.molecule
    larger = "zmatrix" if request.normal else "bond_vectors"
    usual = "valence" if len(molecule.symbols) == 3 else larger
    chosen = request.kind or usual
    for key, kind in KEYS.items():
        if getattr(request, key) and chosen != kind:
            raise ValueError(f"`coordinates.{key}` belongs to `kind: {kind}`")
    if chosen == "zmatrix":
        return _zmatrix(request, geometries)
    if chosen == "polyspherical":
        return _polyspherical(request, molecule)
    if chosen == "bond_vectors":
        return _bond_vectors(request, geometries)
    if chosen == "normal_modes":
        return _normal_modes(geometries)
    if chosen == "umbrella":
        return _umbrella(request, geometries)
    if len(molecule.symbols) != 3:
        raise ValueError(
            f"`coordinates.kind` {chosen} takes three atoms, the molecule has "
            f"{len(molecule.symbols)}; use bond_vectors, zmatrix, polyspherical, umbrella or "
            "normal_modes"
        )
    if request.centre is not None and request.centre > 2:
        raise ValueError(
            f"`coordinates.centre` is the number of an atom, 0 to 2, got {request.centre}"
        )
    return _triatomic(request, geometries)


def _relaxed(request: CoordinateRequest, inner: Internal, geometries: Geometries) -> Internal:
    """The free coordinates; the others follow the lowest energy of this surface."""
    if zero_at_minimum(inner.kinds):
        raise ValueError(
            "`coordinates.relaxed` is for lengths and angles; give the `kind` of coordinates that "
            "have them, such as zmatrix"
        )
    masses = geometries.molecule.masses
    start = inner.from_positions(optimum(geometries.potential, geometries.start), masses)
    system = molecular(geometries.potential, inner.to_positions, masses, places=places_of(inner))
    return relaxed_coordinates(inner, request.relaxed, system, start, request.ends)


def _beside_torsion(inner: Internal, geometries: Geometries) -> Internal:
    """Normal coordinates of all but the last coordinate, a dihedral, which stays as it is.

    V and G are means of the minimum and of half a turn from it, where a second well is or a mirror
    image of the first lies near.
    """
    if inner.kinds[-1] != "dihedral" or inner.kinds.count("dihedral") > 1:
        raise ValueError(
            f"`coordinates.normal` {BESIDE} takes coordinates with one dihedral, the last of them, "
            f"got {', '.join(inner.names)}; give `kind: polyspherical` and `vectors` of four atoms"
        )
    masses = geometries.molecule.masses
    minimum = inner.from_positions(optimum(geometries.potential, geometries.start), masses)
    start = _with_equals(minimum, inner.kinds)
    system = molecular(geometries.potential, inner.to_positions, masses, places=places_of(inner))
    turned = start + torch.eye(len(start), dtype=start.dtype)[-1] * pi
    both = [_forces_and_g(system, q) for q in (start, turned)]
    f, g = (torch.stack(each).mean(0) for each in zip(*both, strict=True))
    try:
        return curvilinear_beside(inner, start, f, g)
    except ValueError as error:
        raise ValueError(f"`coordinates.normal`: {error}; leave it out") from None


def _with_equals(q: Tensor, kinds: Sequence[str]) -> Tensor:
    """Coordinates (Q,) with the mean for those of a kind that are equal but for rounding.

    Stretches of like bonds are all but degenerate: the least difference would mix their modes.
    """
    alike = torch.tensor([[one == other for other in kinds] for one in kinds])
    same = (alike & ((q[:, None] - q).abs() < EQUAL)).to(q)
    return same @ q / same.sum(1)


def _forces_and_g(system: System, q: Tensor) -> tuple[Tensor, Tensor]:
    """Second derivatives of V by all coordinates but the last, and G of these, (Q − 1, Q − 1)."""

    def energies(others: Tensor) -> Tensor:
        return system.potential(torch.cat((others, q[-1:].expand(len(others), 1)), 1))

    with torch.no_grad():
        g = system.kinetic(q[None])[0][0, :-1, :-1]
    return hessian(energies, q[:-1]), g


def _triatomic(request: CoordinateRequest, geometries: Geometries) -> Internal:
    """Coordinates about the middle atom, or in which one atom moves around the other two.

    The middle atom stands opposite the longest distance at the minimum. Where another minimum
    joins the atoms otherwise (HCN and HNC), Jacobi coordinates of the atom that moves hold both,
    unless it passes between the others, where these coordinates are singular.
    Where valence coordinates couple strongly, Radau or Jacobi coordinates are taken that do not,
    unless the ranges given are those of bonds and angle.
    """
    kind = request.kind or "valence"
    if request.centre is not None:
        return _about(kind, request.centre)
    named = {} if isinstance(request.ranges, str) else request.ranges
    free = request.kind is None and set(named) != {"r1", "r2", "theta"}
    # The search for other wells takes longer than a small calculation.
    lowest, *others = geometries.wells if free else (geometries.start,)
    potential, masses = geometries.potential, geometries.molecule.masses
    if free and others:
        around = _about("jacobi", _mover(lowest, others[0]))
        if all(no_short_length(around, x, masses) for x in (lowest, *others)):
            return around
    lowest = _settled(geometries, lowest)
    if free:
        return least_coupled(potential, masses, lowest, opposite(lowest), others)
    if kind != "jacobi":
        return _about(kind, opposite(lowest))
    elements = geometries.molecule.elements
    alone = [i for i, e in enumerate(elements) if elements.count(e) == 1]
    lightest = int(geometries.molecule.masses.argmin())
    return _about(kind, alone[0] if len(alone) == 1 else lightest)


def _settled(geometries: Geometries, lowest: Tensor) -> Tensor:
    """The minimum near a point; where values jump the point is as near as it gets."""
    with suppress(ValueError):
        return optimum(geometries.potential, lowest)
    return lowest


def _about(kind: str, centre: int) -> Internal:
    ends = [i for i in range(3) if i != centre]
    return COORDINATES[kind](centre, (ends[0], ends[1]))


def opposite(x: Tensor) -> int:
    """Number of the atom opposite the longest distance of three; the first of equals."""
    apart = torch.stack([(x[1] - x[2]).norm(), (x[0] - x[2]).norm(), (x[0] - x[1]).norm()])
    return int((apart > apart.max() - EQUAL).nonzero()[0])


def _mover(x: Tensor, y: Tensor) -> int:
    """Number of the atom whose distances differ most between two minima of three atoms."""
    change = (torch.cdist(x, x) - torch.cdist(y, y)).abs()
    return int(change.sum(1).argmax())


def _polyspherical(request: CoordinateRequest, molecule: Molecule) -> Polyspherical:
    if request.vectors is None:
        raise ValueError("`coordinates.vectors` is needed for `kind: polyspherical`")
    try:
        internal = Polyspherical(tuple(request.vectors))
    except ValueError as error:
        raise ValueError(f"`coordinates.vectors`: {error}") from None
    if internal.atoms != len(molecule.symbols):
        raise ValueError(
            f"`coordinates.vectors`: {len(request.vectors)} vectors join "
            f"{internal.atoms} atoms, the molecule has {len(molecule.symbols)}"
        )
    return internal


def _normal_modes(geometries: Geometries) -> NormalModes:
    """Normal modes of the minimum of this very surface, for these isotopes."""
    x = optimum(geometries.potential, geometries.start)
    return normal_modes(x, hessian(geometries.potential, x), geometries.molecule.masses)


def _bond_vectors(request: CoordinateRequest, geometries: Geometries) -> BondVectors:
    """Bond vectors along the bonds given, or along those that are shortest for their elements."""
    modes = _normal_modes(geometries)
    tree = request.bonds or nearest_tree(covalent_distances(geometries.molecule, modes.reference))
    try:
        return bond_vectors(modes, tree)
    except ValueError as error:
        raise ValueError(f"`coordinates.bonds`: {error}") from None


def _umbrella(request: CoordinateRequest, geometries: Geometries) -> Umbrella:
    """About the centre given, or the atom that is nearest to the three others."""
    molecule = geometries.molecule
    if len(molecule.symbols) != 4:
        raise ValueError(
            "`coordinates.kind` umbrella takes four atoms, the molecule has "
            f"{len(molecule.symbols)}"
        )
    centre = request.centre
    if centre is None:
        distances = covalent_distances(molecule, geometries.start)
        centre = int(distances.sum(1).argmin())
    try:
        return Umbrella(centre)
    except ValueError as error:
        raise ValueError(f"`coordinates.centre`: {error}") from None


def _zmatrix(request: CoordinateRequest, geometries: Geometries) -> ZMatrix:
    molecule, rows = geometries.molecule, request.rows
    if rows is None:
        x = optimum(geometries.potential, geometries.start)
        rows = automatic_rows(molecule.symbols, x)
    free = ZMatrix(rows, request.fixed)
    if Molecule(free.symbols).elements != molecule.elements:
        raise ValueError(
            f"`coordinates.rows` has the atoms {' '.join(free.symbols)}, the molecule is "
            f"{' '.join(molecule.symbols)}; order and elements must agree"
        )
    fixed = {
        name: value * (ANGSTROM if name.startswith("r") else DEGREE)
        for name, value in request.fixed.items()
    }
    return ZMatrix(rows, fixed)
