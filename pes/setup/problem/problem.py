"""Problem whose levels are computed: coordinates, bases and system of a surface and a molecule."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from pes.coordinates import Internal
from pes.coordinates.internal import zero_at_minimum
from pes.coordinates.kinds import KINDS
from pes.molecule import Molecule, like_permutations
from pes.potential import Surface
from pes.potential.atom_order import check_atom_order
from pes.potential.consistency import check_consistency
from pes.setup.coordinates.coordinate_request import CoordinateRequest
from pes.setup.coordinates.coordinates import internal_coordinates
from pes.setup.coordinates.maps import mapped
from pes.setup.coordinates.place_names import places_of
from pes.setup.inputs.bumps import Bump, shapes_of
from pes.setup.minima.geometry import Geometries, guesses, is_loose
from pes.setup.problem.basis import BasisSize, basis_of
from pes.setup.problem.fit_holes import without_holes
from pes.setup.problem.ranges import (
    automatic_ranges,
    coordinate_limits,
    sampled,
    start_within,
    straightened,
)
from pes.units import ANGSTROM, CM1
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.system.continuation import Continuation
from pes.vibration.system.perturbation import perturbed
from pes.vibration.system.system import System, harmonic_frequencies, molecular

__all__ = ["Problem", "isotopes_of", "problem", "with_isotopes"]

CPU = torch.device("cpu")

FARTHEST = 10.0 * ANGSTROM
"""Upper end of lengths of atoms that weak forces hold together."""

MOVED = 0.1
"""Bohr by which a distance changes between a well and another in which atoms changed places."""

NEAR = 1e-6
"""Bohr or radians beyond a limit that are rounding."""


@dataclass(frozen=True)
class Problem:
    """Molecule, surface and coordinates of a levels calculation.

    Attributes:
        surface: where V comes from.
        molecule: isotopes and kind of masses.
        internal: coordinates, with names and kinds.
        coordinates: basis of each.
        system: V and G.
        masses: (N,), with gradients, on the device of the run.
        perturbations: names of the terms added to the surface.
        strengths: strengths of these perturbations, (K,) in hartree, with gradients.
        start: near the bottom of the well, (Q,).
        wells: the lowest minimum and others of the same molecule, (W, Q).
        given: ranges as the user gave them; None where they were chosen.
        free: whether the coordinates were left to the program.
        sized: whether the user gave sizes of bases, or other variables for coordinates.
        surveyed: energy above the minimum that relaxed cuts are made below, hartree.
    """

    surface: Surface
    molecule: Molecule
    internal: Internal
    coordinates: tuple[BasisSpec, ...]
    system: System
    masses: Tensor
    perturbations: tuple[str, ...]
    strengths: Tensor
    start: Tensor
    wells: Tensor
    given: tuple[tuple[float, float], ...] | None
    free: bool
    sized: bool
    surveyed: float

    @property
    def minimum(self) -> Tensor:
        """Positions (N, 3) in bohr at `start`."""
        with torch.no_grad():
            return self.internal.to_positions(self.start.cpu()[None], self.molecule.masses)[0]

    @cached_property
    def limits(self) -> tuple[tuple[float, float], ...]:
        """Ends that no automatic range passes, (low, high) of each coordinate.

        Lengths of a complex end farther out: its levels reach where no bond does.
        """
        masses = self.molecule.masses
        limits = coordinate_limits(self.surface, self.internal, masses, self.system)
        if not is_loose(self.molecule, self.minimum):
            return tuple(limits)
        usual = KINDS["length"].limits[1]
        return tuple((low, FARTHEST if high == usual else high) for low, high in limits)

    @cached_property
    def other_wells(self) -> Tensor:
        """Wells but the lowest, and those in which like atoms have changed places, (W, N, 3)."""
        with torch.no_grad():
            x = self.internal.to_positions(self.wells.cpu(), self.molecule.masses)
        copies = torch.cat([x[:, order] for order in like_permutations(self.molecule.elements)])
        moved = (torch.cdist(copies, copies)[:, None] - torch.cdist(x, x)).abs().amax((-2, -1))
        return torch.cat((x[1:], copies[moved.amin(1) > MOVED]))

    @cached_property
    def images(self) -> Tensor:
        """Wells in which like atoms have changed places, (I, Q); none where nothing changes."""
        exchanged = self.other_wells[len(self.wells) - 1 :]
        return self.internal.from_positions(exchanged, self.molecule.masses)

    @property
    def has_own_sizes(self) -> bool:
        """Whether the user gave sizes of bases or ranges, which a sparse grid does not have."""
        return self.sized or self.given is not None

    @cached_property
    def sampled(self) -> tuple[tuple[float, float], ...] | None:
        """Ends of the points to which the surface was fitted, (low, high) of each coordinate."""
        if self.surface.record is None or not len(self.surface.record.training_positions):
            return None
        q = sampled(self.surface.record, self.internal, self.molecule.masses)
        return tuple(zip(q.amin(0).tolist(), q.amax(0).tolist(), strict=True))


def problem(
    surface: Surface,
    molecule: Molecule | Sequence[str] | None = None,
    *,
    nuclear_masses: bool = False,
    coordinates: CoordinateRequest | None = None,
    internal: Internal | None = None,
    basis: Mapping[str, BasisSize | int] | None = None,
    perturbations: Mapping[str, Bump] | None = None,
    device: torch.device = CPU,
) -> Problem:
    """Join surface, molecule, coordinates and basis.

    Args:
        surface: surface on the device.
        molecule: isotopes in the order of the surface's atoms; default those of the surface.
        nuclear_masses: bare nuclei instead of whole atoms.
        coordinates: default those usual for so many atoms, ranges by the surface.
        internal: coordinates already made; of `coordinates` only the rest is taken.
        basis: sizes by the name of the coordinate, `all` for those not named.
        perturbations: terms added to the surface, by a name.
        device: device of the calculation.

    Raises:
        ValueError: if they do not fit together; the message names the key.
    """
    request = coordinates or CoordinateRequest()
    isotopes = isotopes_of(surface, molecule, nuclear_masses)
    masses, potential = isotopes.masses, _potential(surface, device)
    known = None if surface.record is None else surface.record.training_positions
    sensible = guesses(isotopes)[0] if known is None or not len(known) else known[0]
    sensible, name = sensible.to(device), surface.name or type(surface.potential).__name__
    check_consistency(surface.potential, sensible, name)
    if surface.symbols is None:
        check_atom_order(surface.potential, sensible, isotopes.elements, name)
    geometries = Geometries(surface, isotopes, potential, request.reference)
    free = request.free and internal is None
    others = () if internal is not None else _others(request, geometries)
    internal = internal_coordinates(request, geometries, internal)
    system = _system(potential, internal, masses)
    given, height = request.ends(internal.names, internal.kinds), request.energy * CM1
    if given is None or request.filled:
        start, ranges = automatic_ranges(height, geometries, internal, masses, system)
        ranges = given or ranges
    else:
        start, ranges = start_within(given, internal, system), given
    if request.maps:
        internal, start, ranges = mapped(request.maps, internal, start, ranges)
    masses = masses.to(device).requires_grad_()
    system = _system(potential, internal, masses)
    bumps = perturbations or {}
    heights = torch.tensor([b.strength * CM1 for b in bumps.values()], dtype=torch.float64)
    strengths = heights.to(device).requires_grad_()
    if bumps:
        system = perturbed(system, strengths, shapes_of(bumps, internal))
    system = _continued(system, internal, request.continued_from)
    sizes = basis_of(basis or {}, internal, ranges)
    given = None if given is None else tuple(ranges)
    inside = given or coordinate_limits(surface, internal, isotopes.masses, system)
    wells = _wells(start, others, internal, masses, inside)
    if request.filled:
        system = _filled(surface, internal, isotopes.masses, system, wells)
    return Problem(
        surface, isotopes, internal, sizes, system, masses, tuple(bumps), strengths, start,
        wells, given, free, bool(basis or request.maps), height,
    )  # fmt: skip


def with_isotopes(task: Problem, molecule: Molecule) -> Problem:
    """The same problem for other isotopes: minima of a surface do not depend on masses.

    Args:
        task: task with one well and without perturbations.
        molecule: isotopes of the same elements.

    Raises:
        ValueError: for another problem.
    """
    changed = task.system.continuation or task.system.filling
    if len(task.wells) > 1 or task.perturbations or changed:
        raise ValueError(
            "other isotopes need a problem with one well, without perturbations, continued V "
            "and filled holes"
        )
    device = task.masses.device
    masses = molecule.masses.to(device).requires_grad_()
    start = task.internal.from_positions(task.minimum, molecule.masses)
    start = straightened(start, task.internal)[0]
    return replace(
        task, molecule=molecule, masses=masses, start=start, wells=start[None],
        system=_system(_potential(task.surface, device), task.internal, masses),
    )  # fmt: skip


def _potential(surface: Surface, device: torch.device) -> Callable[[Tensor], Tensor]:
    """V of positions, calculated on a device."""
    return lambda positions: surface.potential(positions.to(device)).to(positions.device)


def _system(potential: Callable[[Tensor], Tensor], internal: Internal, masses: Tensor) -> System:
    """V and G in the coordinates."""
    line = getattr(internal, "line", None)
    across, bends = (None, ()) if line is None else (line.across, line.bends)
    return molecular(
        potential, internal.to_positions, masses, across=across, bends=bends,
        places=places_of(internal),
    )  # fmt: skip


def _continued(system: System, internal: Internal, energy: float | None) -> System:
    """The system with V continued beyond a harmonic energy (cm⁻¹), if one is given.

    Raises:
        ValueError: unless the coordinates are normal ones.
    """
    if energy is None:
        return system
    if not zero_at_minimum(internal.kinds):
        raise ValueError(
            "`coordinates.continued_from` is for normal coordinates alone; give `coordinates: "
            "{kind: bond_vectors}`"
        )
    frequencies = harmonic_frequencies(system, len(internal.names))
    return system.continued(Continuation(frequencies, energy * CM1))


def _filled(
    surface: Surface, internal: Internal, masses: Tensor, system: System, wells: Tensor
) -> System:
    """The system with a wall in each hole.

    Raises:
        ValueError: unless the surface is a fit of three atoms with holes beyond its points.
    """
    limits = coordinate_limits(surface, internal, masses, system)
    filled = without_holes(surface.record, internal, masses, system, wells, limits)
    if filled is None:
        raise ValueError(
            "`coordinates.filled` is for a fit of three atoms that has holes beyond its points, "
            "and none between them; leave it out"
        )
    return filled


def _others(request: CoordinateRequest, geometries: Geometries) -> tuple[Tensor, ...]:
    """Further minima, looked for only where the coordinates may hold them."""
    return (
        geometries.wells[1:]
        if (request.ranges == "auto" or request.filled) and request.kind in (None, "jacobi")
        else ()
    )


def _wells(
    start: Tensor,
    others: Sequence[Tensor],
    internal: Internal,
    masses: Tensor,
    limits: Sequence[tuple[float, float]],
) -> Tensor:
    """The minimum, and the others that lie inside the limits."""
    low, high = torch.tensor(limits, dtype=torch.float64).T
    wells = [start.cpu()]
    for x in others:
        q = internal.from_positions(x, masses.detach().cpu()).cpu()
        if bool(((q > low - NEAR) & (q < high + NEAR)).all()):
            wells.append(q.clamp(low, high))
    return torch.stack(wells)


def isotopes_of(
    surface: Surface, molecule: Molecule | Sequence[str] | None, nuclear_masses: bool = False
) -> Molecule:
    """Isotopes of the elements that the surface is for, if it says what these are.

    Raises:
        ValueError: if no molecule is given and the surface is for none, or for another.
    """
    given = molecule or surface.symbols
    if given is None:
        raise ValueError("`molecule` is needed: this surface does not say what atoms it is for")
    isotopes = given if isinstance(given, Molecule) else Molecule(given, nuclear_masses)
    if surface.symbols is not None:
        known = Molecule(surface.symbols).elements
        if isotopes.elements != known:
            raise ValueError(
                f"`molecule`: {' '.join(isotopes.symbols)} has the elements "
                f"{' '.join(isotopes.elements)}, the surface is for {' '.join(known)} in this order"
            )
    return isotopes
