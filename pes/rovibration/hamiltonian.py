"""The Hamiltonian of one J in a contracted basis, and its levels."""

import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from pes.rovibration.coupling import Coupling
from pes.rovibration.multiplets import solve_by_species
from pes.rovibration.rotor import angular_momentum
from pes.rovibration.second_order import second_order
from pes.rovibration.solved import Solved

__all__ = ["eigenpairs", "hamiltonian", "lowering", "own_products", "solve"]

LARGEST = 0.5
"""Part of the rotational energy by which states that are left out may lower it. Where a molecule
can be linear G diverges, and the second order with it: it reached 100,000 cm⁻¹ for K = 10."""

SMALL = 1e-3
"""Part below which no second order needs a limit."""

HIGHER_ORDERS = 0.1
"""Error of the second order by states that are left out, relative to it."""

ZERO = 1e-10
"""Hartree. Matrix elements below it couple nothing: what no others join is another block."""


def solve(basis: Coupling, j: int) -> Solved:
    """Levels, with vectors by J = 0 state, then function of the rotor."""
    if basis.multiplets is not None:
        return solve_by_species(hamiltonian(basis, j), basis.multiplets, j, eigenpairs)
    if basis.axial is None:
        return Solved(*eigenpairs(hamiltonian(basis, j)))
    size = 2 * j + 1
    state, rotor = own_products(basis.axial, size)
    own = state * size + rotor
    energies, inner = eigenpairs(_axial_hamiltonian(basis, j, own))
    vectors = inner.new_zeros(len(basis.energies) * size, len(own))
    vectors[own] = inner
    return Solved(energies, vectors)


def own_products(axial: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """States of each K with the functions of the rotor of that K: numbers of both, (p,) each.

    Args:
        axial: K of each state, (n,).
        size: functions of the rotor, 2J + 1.
    """
    state, rotor = (axial[:, None] == (torch.arange(size) + 1) // 2).nonzero().unbind(1)
    return state, rotor


def _axial_hamiltonian(basis: Coupling, j: int, own: Tensor) -> Tensor:
    """H of a linear molecule among products of states with functions of the rotor of their K."""
    turns = angular_momentum(j).to(basis.energies)
    state, rotor = own // (2 * j + 1), own % (2 * j + 1)
    rows, columns = (rotor[:, None], rotor), (state[:, None], state)
    matrix = torch.diag(basis.energies[state])
    for a in range(3):
        if bool(basis.coriolis[a].any()):
            matrix -= basis.coriolis[a][columns] * turns[a][rows]
        for b in range(3):
            if bool(basis.rotation[a, b].any()):
                matrix -= basis.rotation[a, b][columns] * (turns[a] @ turns[b])[rows] / 2
    if basis.missing:
        products, less, _ = lowering(basis, j)
        places = torch.searchsorted(own, products)
        matrix[places[:, None], places] -= less
    return (matrix + matrix.T) / 2


def hamiltonian(basis: Coupling, j: int) -> Tensor:
    """H in products of J = 0 states and rotor functions, (n (2J + 1), n (2J + 1)) in hartree.

    With J_α = i L_α: H = E − ½ Σ_αβ G_αβ L_α L_β − Σ_α A^α L_α, real and symmetric, less what
    states that are left out do to second order.
    """
    turns = angular_momentum(j).to(basis.energies)
    size = 2 * j + 1
    matrix = _rotational_energy(basis.rotation, turns)
    matrix = matrix - torch.einsum("amn,aij->minj", basis.coriolis, turns)
    matrix = matrix.flatten(2).flatten(0, 1)
    if basis.missing:
        products, less, _ = lowering(basis, j)
        matrix[products[:, None], products] -= less
    return (matrix + matrix.T) / 2 + torch.diag(basis.energies.repeat_interleave(size))


def _rotational_energy(rotation: Tensor, turns: Tensor) -> Tensor:
    """½ Σ_αβ G_αβ J_α J_β, (n, 2J + 1, n, 2J + 1) in hartree."""
    pairs = torch.einsum("aij,bjk->abik", turns, turns)
    return -torch.einsum("abmn,abij->minj", rotation, pairs) / 2


def lowering(basis: Coupling, j: int) -> tuple[Tensor, Tensor, Tensor]:
    """Second order L of states that are left out, and its error.

    With S the rotational energy and L = S^½ q S^½, eigenvalues of q beyond `LARGEST` mean that the
    second order is not small. They become `LARGEST`, so that rotation never lowers an energy, and
    the error is all of S.

    Returns:
        Numbers (p,) of the products of a state and a function of the rotor; L and its error, (p, p)
        in hartree.

    Raises:
        ValueError: if the rotational energy is not positive: a quadrature whose weights have either
            sign is too coarse, and nothing would limit the second order.
    """
    products, total = second_order(basis.missing, basis.axial, j)
    own = _own_energies(basis, j, products)
    least = float(own.min())
    if j == 0 or (least > 0 and float((total.diagonal() / own).max()) < SMALL):
        return products, total, HIGHER_ORDERS * total
    if basis.axial is None:
        inverse, axes = _inverse_energy(basis, j, products)
    else:
        inverse, axes = 1 / own, torch.eye(len(own)).to(own)
        _check_positive(least, j)
    ratios, directions = eigenpairs(
        (axes * inverse.sqrt()).T @ (total + total.T) @ (axes * inverse.sqrt()) / 2
    )
    if float(ratios[-1]) <= LARGEST:
        return products, total, HIGHER_ORDERS * total
    along = (axes / inverse.sqrt()) @ directions
    errors = torch.where(ratios > LARGEST, 1.0, HIGHER_ORDERS * ratios)
    return products, (along * ratios.clamp(max=LARGEST)) @ along.T, (along * errors) @ along.T


def _own_energies(basis: Coupling, j: int, products: Tensor) -> Tensor:
    """Rotational energies ½ Σ_αβ G_αβ J_α J_β of products, (p,) in hartree."""
    turns = angular_momentum(j).to(basis.energies)
    state, rotor = products // (2 * j + 1), products % (2 * j + 1)
    pairs = torch.einsum("aij,bji->abi", turns, turns)[..., rotor]
    return -(basis.rotation[..., state, state] * pairs).sum((0, 1)) / 2


def _inverse_energy(basis: Coupling, j: int, products: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues and vectors of 1/S: the least energy S of products when they mix with others."""
    turns = angular_momentum(j).to(basis.energies)
    energy = _rotational_energy(basis.rotation, turns).flatten(2).flatten(0, 1)
    values, vectors = eigenpairs((energy + energy.T) / 2)
    _check_positive(float(values[0]), j)
    # The inverse of S is a part of the inverse of all.
    return eigenpairs((vectors[products] / values) @ vectors[products].T)


def _check_positive(least: float, j: int) -> None:
    if not least > 0:
        raise ValueError(
            f"the rotational energy of the J = 0 states is not positive (J = {j}): the sparse grid "
            "is too coarse for the highest of them; raise `grid_level`, or contract fewer states "
            "with `rotation.states`"
        )


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
