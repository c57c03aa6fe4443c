"""Matrices of a Hamiltonian that is solved several times, in fewer and fewer of its functions."""

from dataclasses import replace

import torch

from pes.vibration.eigensolvers.memory import matrix_pays
from pes.vibration.eigensolvers.select import chosen
from pes.vibration.hamiltonian.known_elements import KnownElements
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.symmetry.axial import AxialBlock, axial_blocks

__all__ = ["by_matrix", "with_elements"]

MOST = 3000
"""Products of a block whose matrix is kept, 72 MB; many more are left to iterations."""


def with_elements(hamiltonian: Hamiltonian, count: int) -> Hamiltonian:
    """The same Hamiltonian of a linear molecule with the matrices that its levels are solved by.

    The grid takes as long for the elements of few functions as for those of many: a calculation in
    fewer functions, or of the ground state alone, is to find them in these.

    Args:
        hamiltonian: hamiltonian on a sparse grid.
        count: number of levels.
    """
    parts = [part for part in axial_blocks(hamiltonian) if by_matrix(part, count)]
    products = [torch.sort(part.functions.products.cpu()).values for part in parts]
    matrices = [hamiltonian.submatrix(places) for places in products]
    numbers = [hamiltonian.basis.numbers[places] for places in products]
    known = KnownElements(tuple(hamiltonian.basis.shape), tuple(numbers), tuple(matrices))
    return replace(hamiltonian, elements=known)


def by_matrix(part: AxialBlock, count: int) -> bool:
    """Whether the matrix of a block is made: it must be small enough, and quicker than products."""
    if len(part.functions.products) > MOST:
        return False
    iterated = chosen(part, min(count, part.size), "auto") == "davidson"
    return not iterated or matrix_pays(part)
