"""Distances of atoms at the minimum of a surface, compared with usual bonds."""

from torch import Tensor

from pes.bonds import bond_sums, in_another_order, likely_order
from pes.geometry import atom_pairs, distances
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
    elements = molecule.elements
    a, b, share = _nearest(elements, x)
    if bool(in_another_order(x[None], elements)):
        order = likely_order(x, elements)
        if SHORT < _nearest(order, x)[2] < LONG:
            return [
                f"the distances at the minimum are those of {' '.join(order)}, but `molecule` "
                f"names {' '.join(elements)}: name the atoms in the order in which the surface "
                "takes them"
            ]
    if SHORT < share < LONG:
        return []
    weak = " (right for a complex that weak forces hold together)" if share > 1 else ""
    return [
        f"at the minimum the nearest atoms, {elements[a]} and {elements[b]}, are "
        f"{float((x[a] - x[b]).norm()) / ANGSTROM:.3f} angstrom apart, {share:.2f} "
        f"times a usual bond{weak}: check that the surface takes positions in bohr"
    ]


def _nearest(elements: tuple[str, ...], x: Tensor) -> tuple[int, int, float]:
    """The two nearest atoms, and their distance in sums of covalent radii."""
    shares = distances(x) / bond_sums(elements)
    a, b = atom_pairs(len(elements))[:, shares.argmin()].tolist()
    return a, b, float(shares.min())
