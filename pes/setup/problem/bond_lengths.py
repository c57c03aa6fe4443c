"""Distances of atoms at the minimum of a surface, compared with usual bonds."""

import torch

from pes.bonds import in_another_order, likely_order
from pes.setup.minima.geometry import covalent_distances
from pes.setup.problem.problem import Problem
from pes.units import ANGSTROM

__all__ = ["strange_bonds"]

SHORT, LONG = 0.65, 1.6
"""Distance over the sum of the covalent radii: triple bonds have 0.77, complexes held together by
weak forces 1.8."""


def strange_bonds(task: Problem) -> list[str]:
    """Warning, if any, about distances that the atoms as they are named do not have.

    Bohr and angstrom differ by a factor of 1.89: in a surface that mixes them up nearest atoms are
    no usual bond apart. Atoms named in another order than the surface takes them are told by bonds
    that two hydrogen atoms cannot have, and the like.

    Args:
        task: what the levels are of.
    """
    molecule, x = task.molecule, task.minimum
    share = covalent_distances(molecule, x).fill_diagonal_(torch.inf)
    a, b = divmod(int(share.argmin()), len(x))
    if SHORT < share[a, b] < LONG:
        return _other_order(task)
    weak = " (right for a complex that weak forces hold together)" if share[a, b] > 1 else ""
    return [
        f"at the minimum the nearest atoms, {molecule.elements[a]} and {molecule.elements[b]}, are "
        f"{float((x[a] - x[b]).norm()) / ANGSTROM:.3f} angstrom apart, {float(share[a, b]):.2f} "
        f"times a usual bond{weak}: check that the surface takes positions in bohr"
    ]


def _other_order(task: Problem) -> list[str]:
    elements = task.molecule.elements
    if not bool(in_another_order(task.minimum[None], elements)):
        return []
    order = " ".join(likely_order(task.minimum, elements))
    return [
        f"the distances at the minimum are those of {order}, but `molecule` names "
        f"{' '.join(elements)}: name the atoms in the order in which the surface takes them"
    ]
