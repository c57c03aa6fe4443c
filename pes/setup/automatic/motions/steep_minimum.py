"""A minimum in a hole of the surface: steeper than any bond holds an atom."""

import torch

from pes.coordinates import hessian
from pes.molecule import isotope_mass
from pes.setup.problem.problem import Problem
from pes.units import AMU, ANGSTROM, CM1

__all__ = ["refuse_steep_minimum"]

HYDROGEN = isotope_mass("H", nuclear=True)
"""Electron masses; no nucleus is lighter."""

STIFFEST = 4401 * CM1
"""Hartree. Largest harmonic frequency of a molecule, that of H2."""

STEEPEST = 8000 * CM1
"""Hartree. Holes in surfaces, a tenth of an ångström wide and some 10,000 cm⁻¹ deep, have 10,000
and more."""

STEP = 0.05
"""Bohr that the atom which moves most is moved to either side of the minimum."""


def refuse_steep_minimum(task: Problem) -> None:
    """Refuse a calculation about a minimum whose highest harmonic frequency no molecule has.

    Masses below that of H, such as muonium's, raise frequencies by the inverse of their root at
    most, and the limit with them.

    Args:
        task: surface, molecule and coordinates.

    Raises:
        ValueError: naming the frequency and the place.
    """
    device = task.masses.device
    x = task.minimum

    def potential(y: torch.Tensor) -> torch.Tensor:
        return task.surface.potential(y.to(device)).to(y.device)

    masses = task.molecule.masses
    weights = masses.rsqrt().repeat_interleave(3)
    curvatures = hessian(potential, x) * weights[:, None] * weights
    if not bool(curvatures.isfinite().all()):
        return
    steepest = torch.linalg.eigh((curvatures + curvatures.mT) / 2)[1][:, -1]
    step = (weights * steepest).reshape(x.shape)
    step = step * STEP / step.norm(dim=1).max()
    # Over a step as wide as this noise of the surface is no curvature.
    with torch.no_grad():
        there, back, here = potential(torch.stack((x + step, x - step, x))).tolist()
    square = (there + back - 2 * here) / float((masses[:, None] * step.square()).sum())
    highest = max(square, 0.0) ** 0.5
    lightest = float(masses.min())
    scale = max(HYDROGEN / lightest, 1.0) ** 0.5
    if highest > STEEPEST * scale:
        light = f" with atoms of {lightest / AMU:.3g} u" if scale > 1 else ""
        raise ValueError(
            f"the lowest minimum lies in a hole of the surface: its highest harmonic frequency is "
            f"{highest / CM1:.0f} cm-1, that of H2{light} {STIFFEST * scale / CM1:.0f}. "
            f"Interatomic distances there: {_distances(task)}. Give positions near the minimum "
            "of the molecule (`coordinates.reference`) and narrower `coordinates.ranges`, or mend "
            "the surface"
        )


def _distances(task: Problem) -> str:
    """Distances of all pairs of atoms at the minimum, such as O1-H2 0.96 A."""
    names = [f"{element}{k + 1}" for k, element in enumerate(task.molecule.elements)]
    apart = torch.cdist(task.minimum, task.minimum) / ANGSTROM
    pairs = torch.combinations(torch.arange(len(names))).tolist()
    return ", ".join(f"{names[a]}-{names[b]} {float(apart[a, b]):.3f} A" for a, b in pairs)
