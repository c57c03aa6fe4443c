"""From a configuration to coordinates, bases and the system that levels are computed for."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import torch
from torch import Tensor

from pes.config import Vibration
from pes.coordinates import Internal
from pes.molecule import Molecule
from pes.potential import Surface
from pes.run.internal import internal_coordinates, mapped
from pes.run.ranges import start_and_ranges, unit
from pes.units import CM1
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.system.perturbation import gaussian, perturbed
from pes.vibration.system.system import System, molecular

__all__ = ["Problem", "problem"]

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
"""Functions and points of each normal coordinate by their number; six take minutes, nine long."""


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
    coordinates: tuple[BasisSpec, ...]
    system: System
    masses: Tensor
    strengths: Tensor
    start: Tensor


def problem(config: Vibration, surface: Surface, device: torch.device) -> Problem:
    """Join surface, molecule, coordinates and basis.

    Raises:
        ValueError: if they do not fit together; the message names the key.
    """
    molecule = _molecule(config, surface)
    masses = molecule.masses
    on_device = surface.potential

    def potential(positions: Tensor) -> Tensor:
        return on_device(positions.to(device)).to(positions.device)

    internal = internal_coordinates(config, molecule, surface, potential)
    system = molecular(potential, internal.to_positions, masses)
    start, ranges = start_and_ranges(config, surface, internal, masses, system)
    if config.coordinates.maps:
        internal, start, ranges = mapped(config, internal, start, ranges)
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


def _molecule(config: Vibration, surface: Surface) -> Molecule:
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
) -> tuple[BasisSpec, ...]:
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
        found.append(BasisSpec(basis, low, high, functions, points, max(primitives, points), name))
    return tuple(found)
