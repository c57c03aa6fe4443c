"""V and G on the points of a grid where the surface may have holes."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from pes.places import Places
from pes.setup.automatic.request import Target
from pes.units import CM1
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.basis.truncation import Truncation
from pes.vibration.hamiltonian.build import build_hamiltonian
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.symmetry.invariance import invariant
from pes.vibration.symmetry.operations import commuting, symmetry_operations
from pes.vibration.system.minimum import HOLE, OuterSurfaceError
from pes.vibration.system.system import System, potential_in_chunks

__all__ = ["filled_hamiltonian", "hole_depth", "refuse_holes"]


def filled_hamiltonian(
    bases: Sequence[BasisSpec], truncation: Truncation, target: Target
) -> tuple[Hamiltonian, list[str]]:
    """V and G on a product grid, a wall in holes; symmetries that the surface does not have."""
    group = commuting(symmetry_operations(target.system, bases)) if target.symmetry else []
    ceiling = target.lowest_energy + target.cap
    h = build_hamiltonian(
        _filled(target.system, target.lowest_energy, ceiling), bases, target.wells[0],
        truncation=truncation, ceiling=ceiling, operations=group,
    )  # fmt: skip
    return invariant(h, target.system.places)


def hole_depth(h: Hamiltonian, target: Target) -> Tensor:
    """Depth below the minimum at each point of a product grid, (P,) in hartree."""
    depth = torch.zeros_like(h.potential)
    high = h.potential >= target.lowest_energy + target.cap
    v = potential_in_chunks(target.system, h.basis.points[high])
    depth[high] = (target.lowest_energy - HOLE - v).clamp(min=0.0)
    return depth


def _filled(system: System, lowest: float, ceiling: float) -> System:
    """The system with a wall where the surface falls below its minimum."""

    def potential(q: Tensor) -> Tensor:
        v = system.potential(q)
        return torch.where(v < lowest - HOLE, ceiling, v)

    return replace(system, potential=potential)


def refuse_holes(h: Hamiltonian, lowest: float, places: Places) -> None:
    """Refuse a surface that falls below its minimum: no rule could integrate the edge of a wall.

    Raises:
        OuterSurfaceError: with the deepest point.
    """
    depth = lowest - float(h.potential.min())
    if depth > HOLE:
        at = places.text(h.basis.points[int(h.potential.argmin())])
        raise OuterSurfaceError(
            f"the surface falls {depth / CM1:.0f} cm-1 below its minimum at {at}: a hole, or "
            "another well; fit it to points there, or start from the lower minimum "
            "(`coordinates.reference`)"
        )
