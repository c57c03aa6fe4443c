"""The Hamiltonian of one J in a contracted basis, and its levels."""

import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from pes.rovibration.coupling import Coupling
from pes.rovibration.multiplets import solve_by_species
from pes.rovibration.rotor import angular_momentum
from pes.rovibration.solved import Solved
from pes.rovibration.truncation import second_order

__all__ = ["eigenpairs", "hamiltonian", "solve"]

ZERO = 1e-10
"""Hartree. Matrix elements below it couple nothing: what no others join is another block."""


def solve(basis: Coupling, j: int) -> Solved:
    """Levels, with vectors by J = 0 state, then function of the rotor."""
    if basis.multiplets is not None:
        return solve_by_species(hamiltonian(basis, j), basis.multiplets, j, eigenpairs)
    if basis.axial is None:
        return Solved(*eigenpairs(hamiltonian(basis, j)))
    size = 2 * j + 1
    rotor = (torch.arange(size) + 1) // 2
    own = (basis.axial[:, None] == rotor).flatten().nonzero().flatten()
    energies, inner = eigenpairs(_axial_hamiltonian(basis, j, own))
    vectors = inner.new_zeros(len(basis.energies) * size, len(own))
    vectors[own] = inner
    return Solved(energies, vectors)


def _axial_hamiltonian(basis: Coupling, j: int, own: Tensor) -> Tensor:
    """H of a linear molecule among products of states with functions of the rotor of their K."""
    turns = angular_momentum(j).to(basis.energies)
    state, rotor = own // (2 * j + 1), own % (2 * j + 1)
    rows, columns = (rotor[:, None], rotor), (state[:, None], state)
    matrix = torch.diag(basis.energies[state])
    for a in range(3):
        matrix -= basis.coriolis[a][columns] * turns[a][rows]
        for b in range(3):
            matrix -= basis.rotation[a, b][columns] * (turns[a] @ turns[b])[rows] / 2
    return (matrix + matrix.T) / 2


def hamiltonian(basis: Coupling, j: int) -> Tensor:
    """H in products of J = 0 states and rotor functions, (n (2J + 1), n (2J + 1)) in hartree.

    With J_α = i L_α: H = E − ½ Σ_αβ G_αβ L_α L_β − Σ_α A^α L_α, real and symmetric, less what
    states that are left out do to second order.
    """
    turns = angular_momentum(j).to(basis.energies)
    n, size = len(basis.energies), 2 * j + 1
    pairs = torch.einsum("aij,bjk->abik", turns, turns)
    matrix = -torch.einsum("abmn,abij->minj", basis.rotation, pairs) / 2
    matrix = matrix - torch.einsum("amn,aij->minj", basis.coriolis, turns)
    if basis.missing is not None:
        count = basis.missing.shape[-1]
        matrix[:count, :, :count] -= second_order(basis.missing, j)
    matrix = matrix.reshape(n * size, n * size)
    return (matrix + matrix.T) / 2 + torch.diag(basis.energies.repeat_interleave(size))


def eigenpairs(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues, ascending, and vectors (columns), block by block.

    Parity and the symmetry of the molecule leave elements that are zero: what they do not join
    makes a block.
    """
    joined = coo_array((matrix.abs() > ZERO).cpu().numpy())
    number, block = connected_components(joined, directed=False)
    energies, vectors = matrix.new_empty(len(matrix)), torch.zeros_like(matrix)
    for b in range(number):
        own = torch.from_numpy((block == b).nonzero()[0]).to(matrix.device)
        energies[own], inner = torch.linalg.eigh(matrix[own][:, own])
        vectors[own[:, None], own] = inner
    order = energies.argsort()
    return energies[order], vectors[:, order]
