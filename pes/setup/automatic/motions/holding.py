"""Coordinates that hold a motion of large amplitude of four atoms: all wells, or a whole turn."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from math import pi

import torch
from torch import Tensor

from pes.coordinates import Internal
from pes.coordinates.curvilinear_modes import BESIDE
from pes.coordinates.internal import zero_at_minimum
from pes.setup.coordinates.coordinate_request import CoordinateRequest
from pes.setup.minima.wells import LargeAmplitude, bonded
from pes.setup.problem.problem import Problem, problem
from pes.units import ANGSTROM

__all__ = ["held", "holding"]


def holding(one: LargeAmplitude, task: Problem, minimum: Tensor) -> Problem | None:
    """The problem in coordinates that hold a motion; None if there are none.

    The inversion of a centre with three bonds takes umbrella coordinates. The torsion of a chain
    takes its dihedral beside normal coordinates of its bonds and the angles between them: vectors
    along the middle bond and the outer ones. Of two wells the lower one is where they start.

    Args:
        one: a torsion or an inversion.
        task: surface and molecule.
        minimum: positions (N, 3) in bohr.
    """
    well = one.other
    start = well.positions if well is not None and well.energy < 0 else minimum
    request = _request(one, bonded(task.molecule, start), start)
    if request is None or task.perturbations:
        return None
    device = task.masses.device
    # Forces half a turn on may be such that there are no normal coordinates.
    for each in (request, replace(request, normal=False)):
        with suppress(ValueError):
            other = problem(task.surface, task.molecule, coordinates=each, device=device)
            if held(one, other.internal, other.limits, task.masses.detach().cpu()):
                return other
    return None


def _request(one: LargeAmplitude, bonds: Tensor, minimum: Tensor) -> CoordinateRequest | None:
    """Kind of coordinates for a molecule with such bonds (N, N), if there is one."""
    reference = (minimum / ANGSTROM).tolist()
    if len(minimum) != 4:
        return None
    if one.what == "inversion":
        centres = (bonds.sum(1) == 3).nonzero().flatten().tolist()
        if len(centres) != 1:
            return None
        return CoordinateRequest(kind="umbrella", centre=centres[0], reference=reference)
    if one.what == "torsion" and bonds[list(one.atoms)].sum(1).tolist() == [2, 2]:
        a, b = one.atoms
        first, last = (_neighbour(bonds, here, there) for here, there in ((a, b), (b, a)))
        # The last vector points inwards, so that both angles are those between bonds.
        vectors = ((a, b), (a, first), (last, b))
        return CoordinateRequest(
            kind="polyspherical", vectors=vectors, normal=BESIDE, reference=reference
        )
    return None


def _neighbour(bonds: Tensor, a: int, b: int) -> int:
    """The atom bonded to a beside b."""
    return next(c for c in bonds[a].nonzero().flatten().tolist() if c != b)


def held(
    one: LargeAmplitude,
    internal: Internal,
    ranges: Sequence[tuple[float, float]],
    masses: Tensor,
) -> bool:
    """Whether coordinates describe a whole motion; normal coordinates, for one well, do not."""
    if zero_at_minimum(internal.kinds):
        return False
    with torch.no_grad():
        q = internal.from_positions(one.geometries, masses)
    low, high = torch.tensor(ranges, dtype=torch.float64).T
    for k, kind in enumerate(internal.kinds):
        if kind == "dihedral":
            q[:, k] = low[k] + (q[:, k] - low[k]) % (2 * pi)
    return bool(((q > low - 1e-6) & (q < high + 1e-6)).all())
