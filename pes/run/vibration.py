"""From a configuration to the system whose levels are asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations
from math import ceil, floor, pi

import torch
from torch import Tensor

from pes.config import Vibration
from pes.config.schema import Morse
from pes.coordinates import (
    COORDINATES,
    MAPS,
    Curvilinear,
    Internal,
    Map,
    Mapped,
    NormalModes,
    Polyspherical,
    Valence,
    ZMatrix,
    automatic_rows,
    curvilinear,
    hessian,
    normal_modes,
    optimum,
)
from pes.molecule import Molecule
from pes.potential import SurfaceRecord
from pes.run.surfaces import Loaded
from pes.units import ANGSTROM, CM1, DEGREE
from pes.vibration.levels import Coordinate
from pes.vibration.minimum import minimum, reach
from pes.vibration.perturbation import gaussian, perturbed
from pes.vibration.system import System, molecular

__all__ = ["Problem", "problem", "sampled", "unit"]

Potential = Callable[[Tensor], Tensor]

# By kind of coordinate: basis, functions, points per function, primitives.
DEFAULTS = {
    "length": ("sinc", 10, 1.8, 60),
    "angle": ("legendre", 14, 1.4, 40),
    "dihedral": ("sinc", 10, 1.8, 60),
    "normal": ("hermite", 10, 1.8, 40),
    "number": ("sinc", 10, 1.8, 60),
    "cosine": ("polynomial", 14, 1.4, 40),
}
NORMAL_SIZES = {6: (7, 9), 9: (4, 5)}
"""Functions and points of each normal coordinate by their number: for a first answer in minutes."""

LIMITS = {
    "length": (0.3 * ANGSTROM, 6.0 * ANGSTROM),
    "angle": (0.0, pi),
    "dihedral": (0.0, 2 * pi),
    # Of a dimensionless coordinate: beyond 50 quanta.
    "normal": (-10.0, 10.0),
}
UNITS = {
    "length": ("A", ANGSTROM),
    "angle": ("deg", DEGREE),
    "dihedral": ("deg", DEGREE),
    "normal": ("", 1.0),
    "number": ("", 1.0),
    "cosine": ("", 1.0),
}

STRAIGHT = 1e-4
"""Radians from a right or straight angle that count as none."""

ROUNDED = 1e-4
"""Bohr or radians that ends found by themselves are multiples of."""


@dataclass(frozen=True)
class Problem:
    """What `levels` is called with, and what its derivatives can be taken by.

    Attributes:
        molecule: isotopes and kind of masses.
        internal: coordinates, with names and kinds.
        coordinates: basis wanted for each.
        system: V and G.
        masses: (N,), with gradients, on the device of the run.
        strengths: of the perturbations, (K,) in hartree, with gradients, likewise.
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
    masses = molecule.masses
    on_device = surface.potential

    def potential(positions: Tensor) -> Tensor:
        return on_device(positions.to(device)).to(positions.device)

    internal = _coordinates(config, molecule, surface, potential)
    system = molecular(potential, internal.to_positions, masses)
    start, ranges = _ranges(config, surface, internal, masses, system)
    if config.coordinates.maps:
        internal, start, ranges = _mapped(config, internal, start, ranges)
    masses = masses.to(device).requires_grad_()
    system = molecular(potential, internal.to_positions, masses)
    strengths = (
        torch.tensor(
            [b.strength * CM1 for b in config.sensitivities.perturbations.values()],
            dtype=torch.float64,
        )
        .to(device)
        .requires_grad_()
    )
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


def _coordinates(
    config: Vibration, molecule: Molecule, surface: Loaded, potential: Potential
) -> Internal:
    inner = _internal(config, molecule, surface, potential)
    larger = config.coordinates.kind is None and len(molecule.symbols) > 3
    if not (config.coordinates.normal or larger):
        return inner
    if isinstance(inner, NormalModes) or config.coordinates.maps:
        other = "maps" if config.coordinates.maps else "kind: normal_modes"
        raise ValueError(
            f"`coordinates.normal` combines lengths and angles themselves; leave out `{other}`"
        )
    try:
        return curvilinear(inner, _normal_modes(config, molecule, surface, potential))
    except ValueError as error:
        raise ValueError(f"`coordinates.normal`: {error}") from None


def _internal(
    config: Vibration, molecule: Molecule, surface: Loaded, potential: Potential
) -> Internal:
    wanted = config.coordinates
    usual = "valence" if len(molecule.symbols) == 3 else "zmatrix"
    chosen = wanted.kind or usual
    for key, kind in (("rows", "zmatrix"), ("fixed", "zmatrix"), ("vectors", "polyspherical")):
        if getattr(wanted, key) and wanted.kind != kind:
            raise ValueError(f"`coordinates.{key}` belongs to `kind: {kind}`")
    if chosen == "zmatrix":
        return _zmatrix(config, molecule, surface, potential)
    if wanted.kind == "polyspherical":
        return _polyspherical(config, molecule)
    if wanted.kind == "normal_modes":
        return _normal_modes(config, molecule, surface, potential)
    if len(molecule.symbols) != 3:
        raise ValueError(
            f"`coordinates.kind` {chosen} takes three atoms, the molecule has "
            f"{len(molecule.symbols)}; use zmatrix, polyspherical or normal_modes"
        )
    centre = wanted.centre
    if centre is None:
        alone = [i for i, e in enumerate(molecule.elements) if molecule.elements.count(e) == 1]
        if not alone:
            raise ValueError("`coordinates.centre` is needed: no atom is the only one of its kind")
        centre = alone[0]
    if centre > 2:
        raise ValueError(f"`coordinates.centre` is the number of an atom, 0 to 2, got {centre}")
    ends = [i for i in range(3) if i != centre]
    return COORDINATES[chosen](centre, (ends[0], ends[1]))


def _polyspherical(config: Vibration, molecule: Molecule) -> Polyspherical:
    if config.coordinates.vectors is None:
        raise ValueError("`coordinates.vectors` is needed for `kind: polyspherical`")
    try:
        internal = Polyspherical(config.coordinates.vectors)
    except ValueError as error:
        raise ValueError(f"`coordinates.vectors`: {error}") from None
    if internal.atoms != len(molecule.symbols):
        raise ValueError(
            f"`coordinates.vectors`: {len(config.coordinates.vectors)} vectors join "
            f"{internal.atoms} atoms, the molecule has {len(molecule.symbols)}"
        )
    return internal


def _normal_modes(
    config: Vibration, molecule: Molecule, surface: Loaded, potential: Potential
) -> NormalModes:
    """Of the minimum of this very surface, for these isotopes."""
    x = optimum(potential, _geometry(config, surface, molecule))
    centred = x - x.mean(0)
    if torch.linalg.svdvals(centred)[1] < 1e-3 * torch.linalg.svdvals(centred)[0]:
        raise ValueError(
            "`coordinates.kind` normal_modes takes a molecule that is bent at its minimum; this "
            "one is linear: use valence, jacobi or radau, or a zmatrix"
        )
    return normal_modes(x, hessian(potential, x), molecule.masses)


def _geometry(config: Vibration, surface: Loaded, molecule: Molecule) -> Tensor:
    """Positions (N, 3) near the minimum: as given, or the lowest that the surface knows."""
    if config.coordinates.reference is not None:
        given = torch.tensor(config.coordinates.reference, dtype=torch.float64) * ANGSTROM
        if given.shape != (len(molecule.symbols), 3):
            raise ValueError(
                f"`coordinates.reference` holds {len(given)} positions, the molecule has "
                f"{len(molecule.symbols)} atoms"
            )
        return given
    if surface.record is not None:
        x = surface.record.training_positions
        with torch.no_grad():
            return x[surface.potential(x).argmin()]
    ranges = getattr(surface.potential, "ranges", None)
    if ranges is None or len(molecule.symbols) != 3:
        raise ValueError(
            "`coordinates.reference` is needed: this surface does not say where its minimum is"
        )
    q = torch.tensor([(low + high) / 2 for low, high in ranges], dtype=torch.float64)
    return Valence().to_positions(q * torch.tensor([ANGSTROM, ANGSTROM, DEGREE]))


def _mapped(
    config: Vibration, internal: Internal, start: Tensor, ranges: Sequence[tuple[float, float]]
) -> tuple[Mapped, Tensor, list[tuple[float, float]]]:
    """Coordinates, start and ranges with the maps asked for."""
    kinds = dict(zip(internal.names, internal.kinds, strict=True))
    maps: dict[str, Map] = {}
    for name, wanted in config.coordinates.maps.items():
        if name not in kinds:
            raise ValueError(
                f"`coordinates.maps.{name}`: no such coordinate; there are {', '.join(kinds)}"
            )
        suits = "length" if isinstance(wanted, Morse) else "angle"
        if kinds[name] != suits:
            raise ValueError(
                f"`coordinates.maps.{name}`: {wanted.kind} is for a coordinate of the kind "
                f"{suits}, not {kinds[name]}"
            )
        if isinstance(wanted, Morse):
            maps[name] = MAPS["morse"](wanted.steepness / ANGSTROM, wanted.centre * ANGSTROM)
        else:
            maps[name] = MAPS["cos"]()
    mapped = Mapped(internal, maps)
    ends = mapped.forward(torch.tensor(ranges, dtype=torch.float64).T).T.tolist()
    return mapped, mapped.forward(start), [(low, high) for low, high in ends]


def _zmatrix(
    config: Vibration, molecule: Molecule, surface: Loaded, potential: Potential
) -> ZMatrix:
    rows = config.coordinates.rows
    if rows is None:
        x = optimum(potential, _geometry(config, surface, molecule))
        rows = automatic_rows(molecule.symbols, x)
    free = ZMatrix(rows, config.coordinates.fixed)
    if Molecule(free.symbols).elements != molecule.elements:
        raise ValueError(
            f"`coordinates.rows` has the atoms {' '.join(free.symbols)}, the molecule is "
            f"{' '.join(molecule.symbols)}; order and elements must agree"
        )
    fixed = {
        name: value * (ANGSTROM if name.startswith("r") else DEGREE)
        for name, value in config.coordinates.fixed.items()
    }
    return ZMatrix(rows, fixed)


def _ranges(
    config: Vibration, surface: Loaded, internal: Internal, masses: Tensor, system: System
) -> tuple[Tensor, list[tuple[float, float]]]:
    """A point near the bottom and the ends of each coordinate, bohr and radians."""
    units = [unit(kind)[1] for kind in internal.kinds]
    wanted = config.coordinates.ranges
    if not isinstance(wanted, str):
        ranges = _given_ranges(wanted, internal, units)
        return minimum(system, ranges)[0], ranges
    start = _start(config, surface, internal, masses, system)
    limits = _limits(surface, internal, masses)
    if isinstance(internal, NormalModes | Curvilinear):
        return start, reach(system, start, limits, config.coordinates.energy * CM1)
    bottom, _ = minimum(system, limits, near=start)
    bottom, special = _straightened(bottom, internal)
    ranges = reach(system, bottom, limits, config.coordinates.energy * CM1)
    # About a special angle both sides are alike already.
    return bottom, [
        ends if right else _outward(ends, limit)
        for ends, limit, right in zip(ranges, limits, special, strict=True)
    ]


def _straightened(bottom: Tensor, internal: Internal) -> tuple[Tensor, list[bool]]:
    """Angles that the search left next to a multiple of π/2 put there, and which these are."""
    whole = (bottom / (pi / 2)).round() * (pi / 2)
    angles = torch.tensor([kind in ("angle", "dihedral") for kind in internal.kinds])
    special = angles & ((bottom - whole).abs() < STRAIGHT)
    return torch.where(special, whole, bottom), special.tolist()


def _outward(ends: tuple[float, float], limit: tuple[float, float]) -> tuple[float, float]:
    """Ends rounded: those of like coordinates, the same but for the search, become equal."""
    low, high = floor(ends[0] / ROUNDED) * ROUNDED, ceil(ends[1] / ROUNDED) * ROUNDED
    return max(low, limit[0]), min(high, limit[1])


def _limits(surface: Loaded, internal: Internal, masses: Tensor) -> list[tuple[float, float]]:
    """Ends that auto never passes: lengths go as far out as the training points do.

    Inwards the repulsive wall itself is the end, points or not; angles go on to linearity.
    """
    limits = [LIMITS[kind] for kind in internal.kinds]
    if isinstance(internal, Curvilinear):
        ends = zip(limits, internal.ends(), strict=True)
        return [(max(a, low), min(b, high)) for (a, b), (low, high) in ends]
    if surface.record is not None:
        farthest = sampled(surface.record, internal, masses).amax(0).tolist()
    elif isinstance(internal, NormalModes | Curvilinear):
        return limits
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
        if kind in ("length", "angle") and (low < 0 or (kind == "length" and low == 0)):
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


def _start(
    config: Vibration, surface: Loaded, internal: Internal, masses: Tensor, system: System
) -> Tensor:
    """The reference given, the lowest of the training points, or of an analytic surface's range."""
    if isinstance(internal, NormalModes | Curvilinear):
        return torch.zeros(len(internal.names), dtype=torch.float64)
    if config.coordinates.reference is not None:
        count = len(masses)
        given = torch.tensor(config.coordinates.reference, dtype=torch.float64) * ANGSTROM
        if given.shape != (count, 3):
            raise ValueError(
                f"`coordinates.reference` holds {len(given)} positions for {count} atoms"
            )
        return internal.from_positions(given, masses)
    if surface.record is not None:
        q = internal.from_positions(surface.record.training_positions, masses)
        with torch.no_grad():
            return q[system.potential(q).argmin()]
    ranges = getattr(surface.potential, "ranges", None)
    if ranges is None:
        raise ValueError(
            "`coordinates.ranges` is needed: auto takes a surface file, whose training points "
            "say where to start, or `coordinates.reference`"
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
        if kind == "normal" and len(ranges) in NORMAL_SIZES:
            functions, many = NORMAL_SIZES[len(ranges)]
            ratio = many / functions
        size = config.basis.get(name, config.basis.get("all"))
        if size is not None:
            basis, functions = size.kind or basis, size.functions or functions
            primitives = size.primitives or max(primitives, ceil(3 * functions))
        points = size.points if size is not None and size.points else ceil(ratio * functions)
        found.append(Coordinate(basis, low, high, functions, points, max(primitives, points), name))
    return tuple(found)
