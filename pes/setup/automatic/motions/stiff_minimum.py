"""A minimum as stiff as no bond is: in a hole of the surface, or energies in another unit."""

import torch

from pes.coordinates import hessian
from pes.setup.problem.bond_lengths import strange_bonds
from pes.setup.problem.problem import Problem
from pes.stiffness import Stiffness
from pes.units import ANGSTROM, ENERGY_UNITS

__all__ = ["refuse_stiff_minimum", "stiffness_at_minimum", "unusual_stiffness"]

STEP = 0.05
"""Bohr that the atom which moves most is moved to either side of the minimum."""


def stiffness_at_minimum(task: Problem) -> Stiffness | None:
    """Highest harmonic frequency at the minimum, and what bonds of these lengths have.

    None where the surface has no finite second derivatives.
    """
    device = task.masses.device
    x = task.minimum

    def potential(y: torch.Tensor) -> torch.Tensor:
        return task.surface.potential(y.to(device)).to(y.device)

    masses = task.molecule.masses
    weights = masses.rsqrt().repeat_interleave(3)
    curvatures = hessian(potential, x) * weights[:, None] * weights
    if not bool(curvatures.isfinite().all()):
        return None
    steepest = torch.linalg.eigh((curvatures + curvatures.mT) / 2)[1][:, -1]
    step = (weights * steepest).reshape(x.shape)
    step = step * STEP / step.norm(dim=1).max()
    # Over a step as wide as this noise of the surface is no curvature.
    with torch.no_grad():
        there, back, here = potential(torch.stack((x + step, x - step, x))).tolist()
    square = (there + back - 2 * here) / float((masses[:, None] * step.square()).sum())
    return Stiffness.of(max(square, 0.0) ** 0.5, task.molecule, x) if square > 0 else None


def refuse_stiff_minimum(task: Problem, known: Stiffness | None) -> None:
    """Refuse a calculation about a minimum that is stiffer than that of any molecule.

    Args:
        task: surface, molecule and coordinates.
        known: frequency at the minimum.

    Raises:
        ValueError: naming the frequency and the place.
    """
    if known is None or known.ratio() <= 1 or known.plausible():
        return
    unit, strange = _unit(known), strange_bonds(task)
    if strange:
        raise ValueError(
            f"the highest harmonic frequency at the lowest minimum is {known}, and {strange[0]} "
            "and returns hartree"
        )
    cause = (
        f"The energies look like {unit}; a surface must return hartree. If they are hartree, the "
        "minimum lies in a hole of the surface: give"
        if unit
        else "The minimum lies in a hole of the surface, or energies are not in hartree: give"
    )
    raise ValueError(
        f"the highest harmonic frequency at the lowest minimum is {known}. {cause} positions "
        "near the minimum of the molecule (`coordinates.reference`) and narrower "
        "`coordinates.ranges`, or mend the surface. Interatomic distances there: "
        f"{_distances(task)}"
    )


def unusual_stiffness(known: Stiffness | None) -> tuple[str, ...]:
    """A sentence where bonds are softer or stiffer than those of any molecule."""
    if known is None or known.plausible():
        return ()
    unit = _unit(known)
    cause = f": the energies may be in {unit}" if unit else ""
    return (
        f"the highest harmonic frequency at the minimum is {known}{cause}; a surface must return "
        "hartree for positions in bohr",
    )


def _unit(known: Stiffness) -> str | None:
    """Unit of energies that explains the frequency."""
    return known.nearest({name: 1 / size for name, size in ENERGY_UNITS.items() if size != 1})


def _distances(task: Problem) -> str:
    """Distances of all pairs of atoms at the minimum, such as O1-H2 0.96 A."""
    names = [f"{element}{k + 1}" for k, element in enumerate(task.molecule.elements)]
    apart = torch.cdist(task.minimum, task.minimum) / ANGSTROM
    pairs = torch.combinations(torch.arange(len(names))).tolist()
    return ", ".join(f"{names[a]}-{names[b]} {float(apart[a, b]):.3f} A" for a, b in pairs)
