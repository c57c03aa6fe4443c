"""Coordinates for an atom that levels carry from one of two like atoms to the other, as in HO2.

In valence coordinates lengths and angle change together along the way, and far. In Jacobi
coordinates of the atom that moves the way is the angle, and both wells are one by symmetry.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from pes.coordinates import optimum
from pes.setup.automatic.motions.missing_wells import is_known
from pes.setup.coordinates.coordinate_request import CoordinateRequest
from pes.setup.coordinates.coupling import SHORT
from pes.setup.minima.harmonic_levels import frequencies, harmonic_level
from pes.setup.problem.chosen import description
from pes.setup.problem.problem import Problem, problem
from pes.units import CM1

__all__ = ["around_the_pair", "half_way"]

EQUAL = 0.2
"""Relative difference of two distances up to which an atom stands between two others."""

MIRROR = torch.tensor([-1.0, 1.0, 1.0], dtype=torch.float64)


def around_the_pair(
    task: Problem,
    count: int | None,
    energy: float | None,
    report: Callable[[str], None] = lambda _: None,
) -> Problem:
    """The problem in Jacobi coordinates of an atom that passes between two like ones.

    Any other problem is returned as it is: one whose levels do not reach the height where the atom
    is equally far from both, whose atom passes between these, where Jacobi coordinates are
    singular, or whose coordinates the user chose.

    Args:
        task: three atoms.
        count: number of levels; or else
        energy: energy of the highest level, cm⁻¹.
        report: called with a sentence if the coordinates change.
    """
    mover = _single(task)
    suits = getattr(task.internal, "settings", {}).get("kind") == "jacobi"
    if mover is None or suits or task.perturbations or not task.free:
        return task
    with torch.no_grad():
        minimum = task.internal.to_positions(task.start.cpu()[None], task.masses.detach().cpu())[0]
    pair = [k for k in range(3) if k != mover]
    if torch.allclose(*(minimum[pair] - minimum[mover]).norm(dim=1), rtol=EQUAL):
        return task

    def potential(x: Tensor) -> Tensor:
        return task.surface.potential(x.to(task.masses.device)).to(x.device)

    x = half_way(potential, minimum, mover)
    with torch.no_grad():
        there, lowest = potential(torch.stack((x, minimum))).cpu().tolist()
    w = frequencies(task.system, task.start, task.limits, task.internal.kinds)
    top = float(w.sum()) / 2 + (harmonic_level(w, count) if count else (energy or 0.0) * CM1)
    between = float((x[mover] - x[pair].mean(0)).norm()) < SHORT
    if between or not there - lowest < top or not is_known(task, x[None]):
        return task
    request = CoordinateRequest(kind="jacobi", centre=mover)
    other = problem(task.surface, task.molecule, coordinates=request, device=task.masses.device)
    report(
        f"levels can pass to an equal well across {(there - lowest) / CM1:.0f} cm-1: coordinates "
        f"{description(other)}"
    )
    return other


def half_way(potential: Callable[[Tensor], Tensor], minimum: Tensor, mover: int) -> Tensor:
    """The lowest geometry with one atom equally far from the two others, (3, 3) in bohr.

    Args:
        potential: positions (B, 3, 3) to energies (B,).
        minimum: positions (3, 3).
        mover: number of the atom.
    """
    first, second = (k for k in range(3) if k != mover)
    order = torch.arange(3)
    order[[first, second]] = order[[second, first]]
    half = (minimum[first] - minimum[second]).norm() / 2
    bond = (minimum[[first, second]] - minimum[mover]).norm(dim=1).min()
    x = torch.zeros(3, 3, dtype=torch.float64)
    x[first, 0], x[second, 0] = half, -half
    x[mover, 1] = (bond**2 - half**2).clamp(min=bond**2 / 4).sqrt()

    def symmetric(y: Tensor) -> Tensor:
        return (y + y[..., order, :] * MIRROR) / 2

    try:
        return symmetric(optimum(lambda y: potential(symmetric(y)), x))
    except (ValueError, FloatingPointError):
        return x


def _single(task: Problem) -> int | None:
    """Number of the atom without its like, if the two others are alike."""
    elements = task.molecule.elements
    alone = [k for k, e in enumerate(elements) if elements.count(e) == 1]
    return alone[0] if len(elements) == 3 and len(alone) == 1 else None
