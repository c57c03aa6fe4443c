"""One calculation of a series that grows to an accuracy."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, inf
from time import process_time

from pes.coordinates.kinds import KINDS
from pes.setup.automatic.cuts.bases import ROUNDED, Resolution, automatic_bases, fixed_ends
from pes.setup.automatic.request import Target
from pes.setup.automatic.solved_hamiltonian import SolvedHamiltonian
from pes.units import CM1
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.basis.truncation import Truncation
from pes.vibration.eigensolvers.blockwise import lowest_blockwise
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs, SolverError
from pes.vibration.eigensolvers.following import followed
from pes.vibration.eigensolvers.select import Watch
from pes.vibration.grid.grid_basis import GridBasis
from pes.vibration.hamiltonian.build import build_hamiltonian
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.levels.matching import EXTRA, in_new_basis, of_equal_numbers
from pes.vibration.symmetry.invariance import invariant
from pes.vibration.symmetry.operations import commuting, symmetry_operations
from pes.vibration.system.cuts import Cut
from pes.vibration.system.minimum import OuterSurfaceError

__all__ = [
    "SMALL",
    "Stage",
    "falling_ends",
    "fixed_sides",
    "solved_stage",
]

FALLING = 0.2
"""Bohr or radians: a range that is held this far from the limits of its coordinate."""

WALL = 0.5
"""Hartree above the minimum: no wavefunction comes to the end of a cut as high as this."""

SMALL = 1000
"""Functions of a block up to which its matrix is the quicker way to the levels; a fourth of them
where no others are searched for."""

TINY = 450
"""Functions of a block up to which all of its eigenpairs take little longer than the lowest."""

MOST_ELEMENTS = 2**23
"""Elements of all eigenpairs of a small calculation by the products of a larger one: 64 MiB."""

KEPT = 0.5
"""Least norm of a vector by the functions of another calculation that it can be followed to."""

RESIDUAL = 1e-4
"""Hartree times the accuracy is the square of the residual norm that levels may have: over the
gap to the levels beyond those solved for, some hundredths of a hartree, it is their error."""

ROUGH = 1e-3
"""The same for levels that others are only compared with."""


@dataclass(frozen=True)
class Diagonalised:
    """All eigenpairs of a small calculation.

    Attributes:
        basis: N products.
        pairs: N of them.
    """

    basis: GridBasis
    pairs: Eigenpairs


@dataclass(frozen=True)
class Stage(SolvedHamiltonian):
    """A calculation in ranges and functions that follow cuts of the surface.

    Attributes:
        cuts: what ranges and functions come from.
        top: energy of the highest level above the minimum that the ranges suit, hartree.
        resolution: how far and how finely it looks.
        bases: ranges and sizes.
        matrix: the last calculation of the series whose matrix was diagonalised, if there is one.
    """

    cuts: tuple[Cut, ...]
    top: float
    resolution: Resolution
    bases: tuple[BasisSpec, ...]
    matrix: Diagonalised | None


def solved_stage(
    target: Target,
    cuts: tuple[Cut, ...],
    top: float,
    count: int,
    resolution: Resolution,
    near: Stage | None = None,
    *,
    complete: bool = True,
    watch: Watch = lambda _: None,
) -> Stage:
    """The calculation of one resolution.

    Args:
        target: molecule, coordinates and levels.
        cuts: what ranges and functions come from.
        top: energy of the highest level above the minimum, hartree.
        count: number of levels asked for.
        resolution: how far and how finely to look.
        near: a similar calculation, from whose levels those of a large one follow.
        complete: search for levels that the similar one does not have.
        watch: called after each step of the Davidson method.
    """
    started = process_time()
    bases = automatic_bases(
        cuts,
        target.kinds,
        target.names,
        top,
        resolution,
        _reachable(target, cuts),
        given=target.ranges,
    )
    group = commuting(symmetry_operations(target.system, bases)) if target.symmetry else []
    h = build_hamiltonian(
        target.system, bases, target.wells[0], ceiling=target.lowest_energy + resolution.cap,
        truncation=Truncation(energy=resolution.cut_energy), operations=group, cuts=cuts,
    )  # fmt: skip
    h, warnings = invariant(h, target.system.places)
    more, matrix = min(count + EXTRA, h.size), near and near.matrix
    if target.solver == "auto" and complete and h.size // (len(h.operations) + 1) <= TINY:
        matrix = Diagonalised(h.basis, lowest_blockwise(h, h.size))
        pairs = matrix.pairs.first(more)
    else:
        pairs = _levels(target, h, count, near, complete, watch)
    _check_ghosts(target, h, pairs)
    return Stage(
        h, pairs, process_time() - started, tuple(warnings),
        cuts=cuts, top=top, resolution=resolution, bases=bases, matrix=matrix,
    )  # fmt: skip


def _levels(
    target: Target, h: Hamiltonian, count: int, near: Stage | None, complete: bool, watch: Watch
) -> Eigenpairs:
    """The lowest levels: of the matrix, or where that is large from those of a similar one."""
    more = min(count + EXTRA, h.size)
    block = h.size // (len(h.operations) + 1)
    few = block <= (SMALL if complete else SMALL // 4)
    if near is None or few or target.solver != "auto" or len(near.pairs.energies) < more:
        return lowest_blockwise(h, more, solver=target.solver, watch=watch)
    pairs = near.pairs.first(more)
    vectors = in_new_basis(near.hamiltonian.basis, pairs, h.basis).to(h.device)
    if bool((vectors.norm(dim=1) < KEPT).any()):
        return lowest_blockwise(h, more, watch=watch)
    tolerance = ((RESIDUAL if complete else ROUGH) * target.accuracy) ** 0.5
    try:
        return followed(
            h, replace(pairs, coefficients=vectors), tolerance=tolerance,
            complete=count if complete else 0, inner=_inner(near, h, more),
            watch=watch,
        )  # fmt: skip
    except SolverError:
        # Levels near a dissociation limit look unlike those in other ranges.
        return lowest_blockwise(h, more, watch=watch)


def _inner(near: Stage, h: Hamiltonian, count: int) -> Eigenpairs | None:
    """All eigenpairs of a smaller calculation by the products of a larger one, if they fit it."""
    if near.matrix is None or len(near.matrix.pairs.energies) * h.size > MOST_ELEMENTS:
        return None
    pairs = near.matrix.pairs
    vectors = of_equal_numbers(near.matrix.basis, pairs, h.basis, count)
    return None if vectors is None else replace(pairs, coefficients=vectors)


def fixed_sides(target: Target, one: Stage) -> list[tuple[bool, bool]]:
    """Whether each end of each range stands at a limit."""
    ranges = [(b.low, b.high) for b in one.bases]
    return fixed_ends(ranges, target.kinds, target.ranges or _reachable(target, one.cuts))


def _reachable(target: Target, cuts: Sequence[Cut]) -> list[tuple[float, float]]:
    """Limits, or the ends of cuts that end before: beyond, the surface is not one of a molecule."""
    return [
        (max(low, first), min(high, last))
        for (low, high), (first, last) in zip(target.limits, map(_ends, cuts), strict=True)
    ]


def _ends(cut: Cut) -> tuple[float, float]:
    """Ends of a cut, rounded outwards as ranges are; infinite where it ends high on a wall."""
    (low, high), (v, w) = cut.points[[0, -1]].tolist(), cut.fine[1][[0, -1]].tolist()
    return (
        floor(low / ROUNDED) * ROUNDED if v < WALL else -inf,
        ceil(high / ROUNDED) * ROUNDED if w < WALL else inf,
    )


def falling_ends(target: Target, one: Stage) -> list[str]:
    """Sentences on ranges that the surface itself cuts short, where it falls again beyond them.

    There may be a hole, or another molecule, that the levels hardly reach.
    """
    sentences = []
    for name, kind, limits, base, fixed in zip(
        target.names, target.kinds, target.limits, one.bases, fixed_sides(target, one), strict=True
    ):
        size, unit = KINDS[kind].size, KINDS[kind].unit
        ends = (base.low, base.high), limits, fixed, ("below", "above")
        for end, limit, stands, side in zip(*ends, strict=True):
            if stands and abs(end - limit) > FALLING:
                sentences.append(
                    f"the surface falls again {side} {name} = {end / size:.3f} {unit}, to a hole "
                    "or another arrangement of the atoms: the range ends there"
                )
    return sentences


def _check_ghosts(target: Target, h: Hamiltonian, pairs: Eigenpairs) -> None:
    """Refuse a lowest level below the minimum: it lies in a hole of the surface."""
    depth = target.lowest_energy - float(pairs.energies[0])
    if depth <= 0:
        return
    place = target.system.places.text(h.basis.points[h.potential.argmin()])
    raise OuterSurfaceError(
        f"the lowest level lies {depth / CM1:.1f} cm-1 below the minimum: hole of the surface at "
        f"{place}, or a lower minimum; give positions near the lowest minimum "
        "(`coordinates.reference`) or narrower `coordinates.ranges`"
    )
