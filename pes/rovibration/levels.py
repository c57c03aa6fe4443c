"""Rovibrational levels by contraction: J = 0 states times functions of the orientation."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from pes.rovibration.contraction import Contraction, contract_states
from pes.rovibration.coupling import Coupling
from pes.rovibration.rotor import angular_momentum, half_turns
from pes.rovibration.symmetry import rovibrational_characters
from pes.rovibration.truncation import second_order
from pes.vibration.levels.result import Levels
from pes.vibration.symmetry.representations import symmetry_labels

__all__ = [
    "Rovibrational",
    "eigenpairs",
    "first_order_shifts",
    "hamiltonian",
    "levels_of",
    "rovibrational_levels",
]

SHARE = 0.25
"""Part of a level in one J = 0 level from which it belongs to that."""

HIGHER_ORDERS = 0.1
"""Error of the second order by states that are left out, relative to it."""

ZERO = 1e-10
"""Hartree. Matrix elements below it couple nothing: what no others join is another block."""


@dataclass(frozen=True)
class Rovibrational:
    """Levels of one J.

    Attributes:
        j: total angular momentum.
        energies: of the surface's scale, ascending, (S,) in hartree.
        vectors: columns by J = 0 state, then function of the rotor, (n (2J + 1), S).
        vibration: number of the J = 0 state that a level belongs to, (S,).
        ka: projection on the axis of least inertia, (S,).
        kc: projection on the axis of largest inertia, (S,).
        share: of the J = 0 state in the level, (S,).
        changes: with fewer J = 0 states, a tenth of what all left out do to second order included,
            and with fewer functions in the states, (2, S) in hartree.
        convergence: estimated error of the energy above the J = 0 ground state, (S,) in hartree:
            the changes and the estimate of the J = 0 level.
        characters: of the operations of the contraction, (S, operations).
        symmetry: irreducible representation of each, empty without symmetry.
        left_out: levels that are not among these, for no J = 0 level has a quarter of them.
    """

    j: int
    energies: Tensor
    vectors: Tensor
    vibration: Tensor
    ka: Tensor
    kc: Tensor
    share: Tensor
    changes: Tensor
    convergence: Tensor
    characters: Tensor
    symmetry: tuple[str, ...]
    left_out: int


def rovibrational_levels(
    levels: Levels, j: Iterable[int], *, states: int | None = None, frame: str = "eckart"
) -> list[Rovibrational]:
    """Levels with J > 0 that belong to the J = 0 levels of a calculation.

    Args:
        levels: J = 0.
        j: values of J.
        states: J = 0 states contracted; default three times the levels, 60 at least.
        frame: axes of the body, see `pes.rovibration.frames`; levels do not depend on them, how
            many states they need does.

    Returns:
        For each J the 2J + 1 levels of each J = 0 level.

    Raises:
        ValueError: for a linear molecule of more than three atoms, a J below zero, or fewer states
            than levels.
    """
    asked = list(dict.fromkeys(j))
    basis = contract_states(levels, states=states, frame=frame, highest=max([*asked, 0]))
    return [levels_of(basis, one) for one in asked]


def levels_of(basis: Contraction, j: int) -> Rovibrational:
    """Levels of one J that belong to the J = 0 levels asked for.

    Raises:
        ValueError: for a J below zero.
    """
    if j < 0 or j != int(j):
        raise ValueError(f"`J` must be whole numbers from 0 on, got {j}")
    energies, vectors = _solved(basis.coupling, j)
    vibration, share = _vibrations(vectors, basis, j)
    ka, kc = _labels(vibration, energies, vectors, basis.coupling, j)
    own = vibration >= 0
    mine = own & (share >= SHARE)
    energies, vectors = energies[mine], vectors[:, mine]
    vibration, share, ka, kc = (column[mine] for column in (vibration, share, ka, kc))
    values = rovibrational_characters(vectors, j, basis.characters, basis.turns)
    ground = float(basis.levels.energies[0])
    changes = torch.stack([_change(ground, energies, vectors, other, j) for other in basis.others])
    changes[0] += HIGHER_ORDERS * _second_order_energies(basis.coupling, vectors, j)
    known = _known_estimates(basis)
    return Rovibrational(
        j, energies, vectors, vibration, ka, kc, share, changes,
        changes.sum(0) + known[vibration], values,
        tuple(symmetry_labels(basis.operations, values)) if basis.operations else (),
        int((own & ~mine).sum()),
    )  # fmt: skip


def first_order_shifts(level: Rovibrational, integrals: Tensor) -> Tensor:
    """⟨Ψ|f_k|Ψ⟩ of scalars of the body, (K, S): by how much δV = f_k moves each level.

    Args:
        level: levels of one J.
        integrals: ⟨a|f_k|b⟩ of the J = 0 states, (K, n, n).
    """
    n = integrals.shape[-1]
    own = level.vectors.reshape(n, 2 * level.j + 1, -1)
    return torch.stack([torch.einsum("nis,nm,mis->s", own, one, own) for one in integrals])


def _second_order_energies(basis: Coupling, vectors: Tensor, j: int) -> Tensor:
    """Amounts by which states that are left out lower the levels, (S,) in hartree."""
    if basis.missing is None:
        return vectors.new_zeros(vectors.shape[1])
    size = basis.missing.shape[-1] * (2 * j + 1)
    lowering = second_order(basis.missing, j).reshape(size, size)
    return (vectors[:size] * (lowering @ vectors[:size])).sum(0)


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


def _known_estimates(basis: Contraction) -> Tensor:
    """Estimates of the J = 0 levels, (n,) in hartree; of states with K ≠ 0 the largest of them."""
    levels = basis.levels.convergence.nan_to_num(0.0).clone()
    levels[0] = 0.0
    known = levels.max().repeat(len(basis.coupling.energies))
    known[: len(levels)] = levels
    return known


def _vibrations(vectors: Tensor, basis: Contraction, j: int) -> tuple[Tensor, Tensor]:
    """J = 0 level of each column, −1 for those of states beyond; share of that state in it.

    Each J = 0 state has 2J + 1 levels, no more, and of a linear molecule one for K = 0 and two for
    others: of all ways to give them out the one with the largest shares.
    """
    size, axial = 2 * j + 1, basis.coupling.axial
    weights = vectors.square().reshape(-1, size, vectors.shape[1]).sum(1)
    number = torch.full((len(weights),), size) if axial is None else 1 + (axial > 0).long()
    number = number if axial is None else number.where(axial <= j, 0)
    state = torch.arange(len(weights)).repeat_interleave(number)
    rows, columns = linear_sum_assignment(-weights[state].cpu().numpy())
    owner = torch.empty(vectors.shape[1], dtype=torch.long)
    owner[torch.from_numpy(columns)] = state[torch.from_numpy(rows)]
    share = weights.cpu()[owner, torch.arange(len(owner))].to(vectors)
    return torch.where(basis.asked[owner], owner, -1).to(vectors.device), share


def _labels(
    vibration: Tensor, energies: Tensor, vectors: Tensor, basis: Coupling, j: int
) -> tuple[Tensor, Tensor]:
    """Ka and Kc by the order of the levels of each vibration: J_0J, J_1J, J_1J−1, and so on.

    Of a linear molecule Ka is the K of the state, and Kc, which is even where half a turn about y
    leaves the level as it is, follows from that.
    """
    if basis.axial is not None:
        ka = basis.axial[vibration.clamp(min=0)]
        signs = half_turns(j)[1].to(vectors)
        weights = vectors.square().reshape(-1, 2 * j + 1, vectors.shape[1]).sum(0)
        odd = (signs @ weights) < 0
        kc = j - ka
        return ka, kc + ((kc % 2 == 1) != odd).long()
    rank = torch.zeros_like(vibration)
    for v in vibration.unique():
        own = (vibration == v).nonzero().flatten()
        rank[own[energies[own].argsort()]] = torch.arange(len(own), device=rank.device)
    ka = (rank + 1) // 2
    return ka, j - rank // 2


def _solved(basis: Coupling, j: int) -> tuple[Tensor, Tensor]:
    """Energies and vectors by J = 0 state, then function of the rotor."""
    if basis.axial is None:
        return eigenpairs(hamiltonian(basis, j))
    size = 2 * j + 1
    rotor = (torch.arange(size) + 1) // 2
    own = (basis.axial[:, None] == rotor).flatten().nonzero().flatten()
    energies, inner = eigenpairs(_axial_hamiltonian(basis, j, own))
    vectors = inner.new_zeros(len(basis.energies) * size, len(own))
    vectors[own] = inner
    return energies, vectors


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


def _overlaps(columns: Tensor, other: Coupling, vectors: Tensor, size: int) -> Tensor:
    """Overlaps of vectors of some states with those of all, (columns, vectors)."""
    if other.axial is None:
        return columns.T @ vectors[: len(columns)]
    most = torch.bincount(other.axial)
    every = len(vectors) // size // len(most)
    place = torch.cat([k * every + torch.arange(n) for k, n in enumerate(most.tolist())])
    kept = vectors.reshape(-1, size, vectors.shape[1])[place].flatten(0, 1)
    return columns.T @ kept


def _change(ground: float, energies: Tensor, vectors: Tensor, other: Coupling, j: int) -> Tensor:
    """Absolute change of the energies above the J = 0 levels in another set of states, (S,).

    Levels are partners by the overlap of their vectors, with the states of both in one order.
    """
    values, columns = _solved(other, j)
    overlap = _overlaps(columns, other, vectors, 2 * j + 1).square()
    rows, places = linear_sum_assignment(-overlap.cpu().numpy())
    change = torch.full_like(energies, torch.inf)
    partner = torch.from_numpy(rows).to(energies.device)
    change[torch.from_numpy(places).to(energies.device)] = values[partner]
    return ((change - other.energies[0]) - (energies - ground)).abs()
