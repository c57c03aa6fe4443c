"""Distances of atoms at the minimum of a surface, compared with usual bonds."""

import torch

from pes.setup.minima.geometry import covalent_distances
from pes.setup.problem.problem import Problem
from pes.units import ANGSTROM

__all__ = ["strange_bonds"]

SHORT, LONG = 0.65, 1.6
"""Distance over the sum of the covalent radii: triple bonds have 0.77, complexes held together by
weak forces 1.8."""


def strange_bonds(task: Problem) -> list[str]:
    """Warning, if any, about nearest atoms that are no usual bond apart.

    Bohr and angstrom differ by a factor of 1.89: a surface that mixes them up has such a minimum.

    Args:
        task: what the levels are of.
    """
    molecule, x = task.molecule, task.minimum
    share = covalent_distances(molecule, x).fill_diagonal_(torch.inf)
    a, b = divmod(int(share.argmin()), len(x))
    if SHORT < share[a, b] < LONG:
        return []
    weak = " (right for a complex that weak forces hold together)" if share[a, b] > 1 else ""
    return [
        f"at the minimum the nearest atoms, {molecule.elements[a]} and {molecule.elements[b]}, are "
        f"{float((x[a] - x[b]).norm()) / ANGSTROM:.3f} angstrom apart, {float(share[a, b]):.2f} "
        f"times a usual bond{weak}: check that the surface takes positions in bohr"
    ]
