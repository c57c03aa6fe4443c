"""From a configuration to the system whose levels are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from math import ceil, pi
from typing import Protocol

import torch
from torch import Tensor

from pes.config import Vibration
from pes.coordinates import COORDINATES, ZMatrix
from pes.molecule import Molecule
from pes.potential import SurfaceRecord
from pes.run.surfaces import Loaded
from pes.units import ANGSTROM, CM1, DEGREE
from pes.vibration.levels import Coordinate
from pes.vibration.minimum import minimum, reach
from pes.vibration.perturbation import gaussian, perturbed
from pes.vibration.system import System, molecular

__all__ = ["Problem", "problem", "sampled", "unit"]

# By kind of coordinate: basis, functions, points per function, primitives.
DEFAULTS = {
    "length": ("sinc", 10, 1.8, 60),
    "angle": ("legendre", 14, 1.4, 40),
    "dihedral": ("sinc", 10, 1.8, 60),
}
LIMITS = {
    "length": (0.3 * ANGSTROM, 6.0 * ANGSTROM),
    "angle": (0.0, pi),
    "dihedral": (0.0, 2 * pi),
}
UNITS = {"length": ("A", ANGSTROM), "angle": ("deg", DEGREE), "dihedral": ("deg", DEGREE)}


class Internal(Protocol):
    """What every system of internal coordinates has."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the coordinates."""
        ...

    @property
    def kinds(self) -> tuple[str, ...]:
        """length, angle or dihedral."""
        ...

    def to_positions(self, q: Tensor, masses: Tensor) -> Tensor:
        """Positions (..., N, 3) of q (..., Q)."""
        ...

    def from_positions(self, positions: Tensor, masses: Tensor) -> Tensor:
        """q (..., Q) of positions (..., N, 3)."""
        ...


@dataclass(frozen=True)
class Problem:
    """What `levels` is called with, and what its derivatives can be taken by.

    Attributes:
        molecule: isotopes and kind of masses.
        internal: coordinates, with names and kinds.
        coordinates: basis wanted for each.
        system: V and G.
        masses: (N,), with gradients.
        strengths: of the perturbations, (K,) in hartree, with gradients.
        start: near the bottom of the well, (Q,).
    """

    molecule: Molecule
    internal: Internal
    coordinates: tuple[Coordinate, ...]
    system: System
    masses: Tensor
    strengths: Tensor
    start: Tensor


def unit(kind: str) -> tuple[str, float]:
    """Name and size (atomic units) of the unit a kind of coordinate is printed in."""
    return UNITS[kind]


def problem(config: Vibration, surface: Loaded, device: torch.device) -> Problem:
    """Join surface, molecule, coordinates and basis.

    Raises:
        ValueError: if they do not fit together; the message names the key.
    """
    molecule = _molecule(config, surface)
    internal = _coordinates(config, molecule)
    masses = molecule.masses.requires_grad_()
    on_device = surface.potential

    def potential(positions: Tensor) -> Tensor:
        return on_device(positions.to(device)).to(positions.device)

    system = molecular(potential, internal.to_positions, masses)
    start, ranges = _ranges(config, surface, internal, masses.detach(), system)
    strengths = torch.tensor(
        [b.strength * CM1 for b in config.sensitivities.perturbations.values()],
        dtype=torch.float64,
    ).requires_grad_()
    if len(strengths):
        system = perturbed(system, strengths, _bumps(config, internal))
    sizes = _sizes(config, internal, ranges)
    return Problem(molecule, internal, sizes, system, masses, strengths, start)


def _molecule(config: Vibration, surface: Loaded) -> Molecule:
    symbols = config.molecule or surface.symbols
    if symbols is None:
        raise ValueError("`molecule` is needed: this surface does not say what atoms it is for")
    molecule = Molecule(symbols, config.nuclear_masses)
    if surface.symbols is not None:
        known = Molecule(surface.symbols).elements
        if molecule.elements != known:
            raise ValueError(
                f"`molecule`: {' '.join(symbols)} has the elements {' '.join(molecule.elements)}, "
                f"the surface is for {' '.join(known)} in this order"
            )
    return molecule


def _coordinates(config: Vibration, molecule: Molecule) -> Internal:
    if config.coordinates.kind == "zmatrix":
        return _zmatrix(config, molecule)
    if config.coordinates.rows is not None or config.coordinates.fixed:
        raise ValueError("`coordinates.rows` and `fixed` belong to `kind: zmatrix`")
    if len(molecule.symbols) != 3:
        raise ValueError(
            f"`coordinates.kind` {config.coordinates.kind} takes three atoms, the molecule has "
            f"{len(molecule.symbols)}; use zmatrix"
        )
    centre = config.coordinates.centre
    if centre is None:
        alone = [i for i, e in enumerate(molecule.elements) if molecule.elements.count(e) == 1]
        if not alone:
            raise ValueError("`coordinates.centre` is needed: no atom is the only one of its kind")
        centre = alone[0]
    if centre > 2:
        raise ValueError(f"`coordinates.centre` is the number of an atom, 0 to 2, got {centre}")
    ends = [i for i in range(3) if i != centre]
    return COORDINATES[config.coordinates.kind](centre, (ends[0], ends[1]))


def _zmatrix(config: Vibration, molecule: Molecule) -> ZMatrix:
    if config.coordinates.rows is None:
        raise ValueError("`coordinates.rows` is needed for `kind: zmatrix`")
    free = ZMatrix(config.coordinates.rows, config.coordinates.fixed)
    if Molecule(free.symbols).elements != molecule.elements:
        raise ValueError(
            f"`coordinates.rows` has the atoms {' '.join(free.symbols)}, the molecule is "
            f"{' '.join(molecule.symbols)}; order and elements must agree"
        )
    fixed = {
        name: value * (ANGSTROM if name.startswith("r") else DEGREE)
        for name, value in config.coordinates.fixed.items()
    }
    return ZMatrix(config.coordinates.rows, fixed)


def _ranges(
    config: Vibration, surface: Loaded, internal: Internal, masses: Tensor, system: System
) -> tuple[Tensor, list[tuple[float, float]]]:
    """A point near the bottom and the ends of each coordinate, bohr and radians."""
    units = [unit(kind)[1] for kind in internal.kinds]
    wanted = config.coordinates.ranges
    if not isinstance(wanted, str):
        ranges = _given_ranges(wanted, internal, units)
        return minimum(system, ranges)[0], ranges
    start = _start(surface, internal, masses, system)
    limits = _limits(surface, internal, masses)
    bottom, _ = minimum(system, limits, near=start)
    return bottom, reach(system, bottom, limits, config.coordinates.energy * CM1)


def _limits(surface: Loaded, internal: Internal, masses: Tensor) -> list[tuple[float, float]]:
    """Ends that auto never passes: lengths go as far out as the training points do.

    Inwards the repulsive wall itself is the end, points or not; angles go on to linearity.
    """
    limits = [LIMITS[kind] for kind in internal.kinds]
    if surface.record is not None:
        farthest = sampled(surface.record, internal, masses).amax(0).tolist()
    elif (ranges := getattr(surface.potential, "ranges", None)) is not None:
        units = [unit(kind)[1] for kind in internal.kinds]
        farthest = [high * size for (_, high), size in zip(ranges, units, strict=True)]
    else:
        return limits
    return [
        (low, min(high, far) if kind == "length" else high)
        for (low, high), kind, far in zip(limits, internal.kinds, farthest, strict=True)
    ]


def sampled(record: SurfaceRecord, internal: Internal, masses: Tensor) -> Tensor:
    """q of the training points and of their copies under permutation of like atoms."""
    elements = Molecule(record.symbols).elements
    copies = [
        record.training_positions[:, list(order)]
        for order in permutations(range(len(elements)))
        if all(elements[i] == elements[j] for i, j in enumerate(order))
    ]
    return internal.from_positions(torch.cat(copies), masses)


def _given_ranges(
    wanted: dict[str, tuple[float, float]], internal: Internal, units: Sequence[float]
) -> list[tuple[float, float]]:
    if set(wanted) != set(internal.names):
        raise ValueError(
            f"`coordinates.ranges` must name {', '.join(internal.names)}, got {', '.join(wanted)}"
        )
    ranges = []
    for name, kind, size in zip(internal.names, internal.kinds, units, strict=True):
        low, high = wanted[name]
        if not low < high:
            raise ValueError(f"`coordinates.ranges.{name}`: {low} is not below {high}")
        if kind != "dihedral" and (low < 0 or (kind == "length" and low == 0)):
            raise ValueError(f"`coordinates.ranges.{name}`: a {kind} must be positive, got {low}")
        if kind == "dihedral" and high - low > 360:
            raise ValueError(f"`coordinates.ranges.{name}` spans more than a full turn")
        if kind == "angle" and high > 180:
            raise ValueError(
                f"`coordinates.ranges.{name}` reaches past linearity: {high} degrees; "
                "the largest angle is 180"
            )
        ranges.append((low * size, min(high * size, pi) if kind == "angle" else high * size))
    return ranges


def _start(surface: Loaded, internal: Internal, masses: Tensor, system: System) -> Tensor:
    """Lowest of the training points, or of the range an analytic surface gives."""
    if surface.record is not None:
        q = internal.from_positions(surface.record.training_positions, masses)
        with torch.no_grad():
            return q[system.potential(q).argmin()]
    ranges = getattr(surface.potential, "ranges", None)
    if ranges is None:
        raise ValueError(
            "`coordinates.ranges` is needed: auto takes a surface file, whose training points "
            "say where to start"
        )
    sizes = [unit(kind)[1] for kind in internal.kinds]
    scaled = [(a * u, b * u) for (a, b), u in zip(ranges, sizes, strict=True)]
    return minimum(system, scaled)[0]


def _bumps(config: Vibration, internal: Internal) -> list:
    shapes = []
    for name, bump in config.sensitivities.perturbations.items():
        if bump.coordinate not in internal.names:
            raise ValueError(
                f"`sensitivities.perturbations.{name}.coordinate` must be one of "
                f"{', '.join(internal.names)}, got {bump.coordinate!r}"
            )
        k = internal.names.index(bump.coordinate)
        size = unit(internal.kinds[k])[1]
        shapes.append(gaussian(k, bump.centre * size, bump.width * size))
    return shapes


def _sizes(
    config: Vibration, internal: Internal, ranges: Sequence[tuple[float, float]]
) -> tuple[Coordinate, ...]:
    unknown = set(config.basis) - set(internal.names) - {"all"}
    if unknown:
        raise ValueError(
            f"`basis.{min(unknown)}`: no such coordinate; there are "
            f"{', '.join(internal.names)} and all"
        )
    found = []
    for name, kind, (low, high) in zip(internal.names, internal.kinds, ranges, strict=True):
        basis, functions, ratio, primitives = DEFAULTS[kind]
        size = config.basis.get(name, config.basis.get("all"))
        if size is not None:
            basis, functions = size.kind or basis, size.functions or functions
            primitives = size.primitives or max(primitives, ceil(3 * functions))
        points = size.points if size is not None and size.points else ceil(ratio * functions)
        found.append(Coordinate(basis, low, high, functions, points, max(primitives, points), name))
    return tuple(found)
