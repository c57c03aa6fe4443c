"""Rovibrational levels by contraction: J = 0 states times functions of the orientation."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import torch
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from pes.rovibration.coupling import Coupling, coupling, reference_geometry
from pes.rovibration.rotor import angular_momentum
from pes.rovibration.symmetry import equivalent_turns, rovibrational_characters, with_inversion
from pes.vibration.analysis.characters import characters
from pes.vibration.eigensolvers.blockwise import lowest_blockwise
from pes.vibration.levels.result import Levels
from pes.vibration.symmetry.representations import symmetry_labels

__all__ = ["Rovibrational", "contracted_states", "hamiltonian", "rovibrational_levels"]

HALF = 1 / 2
"""Share of the J = 0 states in the run to compare with. For water up to J = 10 and 20 to 200 states
doubling them changes a level by at least four times what is then left. Half as many more do not
always: the states that matter come in groups."""

FEWER = 2 / 3
"""Share of the functions that the J = 0 states are made of in the other run to compare with."""

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
        changes: with fewer J = 0 states and with fewer functions in these, (2, S) in hartree.
        convergence: estimated error of the energy above the J = 0 ground state, (S,) in hartree:
            the changes and the estimate of the J = 0 level.
        symmetry: irreducible representation of each, empty without symmetry.
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
    symmetry: tuple[str, ...] = ()


def rovibrational_levels(
    levels: Levels, j: Iterable[int], *, states: int | None = None, frame: str = "eckart"
) -> list[Rovibrational]:
    """Levels with J > 0 that belong to the J = 0 levels of a calculation.

    The kinetic energy is exact. H is diagonalised among products of the lowest J = 0 states and
    functions of the orientation; what the number of states leaves undone, and what the functions
    do that the states are made of, is estimated by leaving out half of the states and a third of
    the functions.

    Args:
        levels: J = 0, of a molecule that is not linear.
        j: values of J.
        states: J = 0 states contracted; default three times the levels, 60 at least.
        frame: axes of the body, see `pes.rovibration.frames`; levels do not depend on them, how
            many states they need does.

    Returns:
        For each J the 2J + 1 levels of each J = 0 level.

    Raises:
        ValueError: for a linear molecule, a J below zero, or fewer states than levels.

    References:
        J. Tennyson, B. T. Sutcliffe, J. Chem. Phys. 77, 4061 (1982), doi:10.1063/1.444316, for
        levels in two steps
    """
    count = len(levels.energies)
    asked = tuple(dict.fromkeys(j))
    if bad := [one for one in asked if one < 0 or one != int(one)]:
        raise ValueError(f"`J` must be whole numbers from 0 on, got {bad[0]}")
    whole = _with_states(levels, contracted_states(states, count, levels.hamiltonian.size))
    basis = coupling(whole, frame)
    others = (
        basis.first(max(1, int(HALF * len(basis.energies)))),
        coupling(_with_fewer_functions(whole), frame),
    )
    found = [_levels(levels, basis, others, one) for one in asked]
    reference = reference_geometry(levels)
    operations = with_inversion(levels.hamiltonian.operations, len(reference))
    turns = equivalent_turns(operations, reference)
    if not operations or turns is None:
        return found
    signs = characters(whole, operations)
    return [
        replace(one, symmetry=tuple(symmetry_labels(
            operations, rovibrational_characters(one.vectors, one.j, signs, turns)
        )))
        for one in found
    ]  # fmt: skip


def hamiltonian(basis: Coupling, j: int) -> Tensor:
    """H in products of J = 0 states and rotor functions, (n (2J + 1), n (2J + 1)) in hartree.

    With J_α = i L_α: H = E − ½ Σ_αβ G_αβ L_α L_β − Σ_α A^α L_α, real and symmetric.
    """
    turns = angular_momentum(j).to(basis.energies)
    n, size = len(basis.energies), 2 * j + 1
    pairs = torch.einsum("aij,bjk->abik", turns, turns)
    matrix = -torch.einsum("abmn,abij->minj", basis.rotation, pairs) / 2
    matrix = matrix - torch.einsum("amn,aij->minj", basis.coriolis, turns)
    matrix = matrix.reshape(n * size, n * size)
    return (matrix + matrix.T) / 2 + torch.diag(basis.energies.repeat_interleave(size))


def contracted_states(asked: int | None, count: int, most: int) -> int:
    """Number of J = 0 states that are contracted for the rotation of some levels.

    Args:
        asked: by the user; None for the default, three for each level, 60 at least.
        count: J = 0 levels to rotate.
        most: functions of the basis.

    Raises:
        ValueError: for fewer states than levels or more than functions.
    """
    if asked is None:
        return min(most, max(60, 3 * count))
    if not count <= asked <= most:
        raise ValueError(
            f"the J = 0 states contracted must be between the {count} levels and the {most} "
            f"functions of the basis, got {asked}"
        )
    return asked


def _with_states(levels: Levels, count: int) -> Levels:
    """The same calculation with more of its states."""
    if count <= len(levels.energies):
        return levels
    pairs = lowest_blockwise(levels.hamiltonian, count, start=levels.eigenpairs.coefficients)
    return replace(levels, eigenpairs=pairs, estimated_changes=None)


def _with_fewer_functions(levels: Levels) -> Levels:
    """As many states of the functions with the lowest zero-order energies; whole multiplets."""
    h, count = levels.hamiltonian, len(levels.energies)
    order = h.zero_order_energies.sort().values
    last = order[max(count, int(FEWER * len(order))) - 1]
    kept = (h.zero_order_energies <= last + 1e-9).nonzero().flatten()
    fewer = h.only(kept)
    pairs = lowest_blockwise(fewer, min(count, fewer.size))
    return replace(levels, hamiltonian=fewer, eigenpairs=pairs)


def _levels(levels: Levels, basis: Coupling, others: Sequence[Coupling], j: int) -> Rovibrational:
    count, size = len(levels.energies), 2 * j + 1
    energies, vectors = _eigenpairs(hamiltonian(basis, j))
    vibration, share = _vibrations(vectors, count, size)
    mine = vibration >= 0
    energies, vectors = energies[mine], vectors[:, mine]
    vibration, share = vibration[mine], share[mine]
    ka, kc = _labels(vibration, energies, j)
    changes = torch.stack([_change(levels, energies, vectors, other, j) for other in others])
    known = levels.convergence.nan_to_num(0.0).clone()
    known[0] = 0.0
    return Rovibrational(
        j, energies, vectors, vibration, ka, kc, share, changes,
        changes.sum(0) + known[vibration],
    )  # fmt: skip


def _eigenpairs(matrix: Tensor) -> tuple[Tensor, Tensor]:
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


def _vibrations(vectors: Tensor, count: int, size: int) -> tuple[Tensor, Tensor]:
    """J = 0 level of each column, −1 for those of states beyond; share of that state in it.

    Each J = 0 state has 2J + 1 levels, no more: of all ways to give them out the one with the
    largest shares.
    """
    weights = vectors.square().reshape(-1, size, vectors.shape[1]).sum(1)
    places = weights.repeat_interleave(size, 0)
    rows, columns = linear_sum_assignment(-places.cpu().numpy())
    owner = torch.empty(vectors.shape[1], dtype=torch.long)
    owner[torch.from_numpy(columns)] = torch.from_numpy(rows) // size
    share = weights.cpu()[owner, torch.arange(len(owner))].to(vectors)
    return torch.where(owner < count, owner, -1).to(vectors.device), share


def _labels(vibration: Tensor, energies: Tensor, j: int) -> tuple[Tensor, Tensor]:
    """Ka and Kc by the order of the levels of each vibration: J_0J, J_1J, J_1J−1, and so on."""
    rank = torch.zeros_like(vibration)
    for v in vibration.unique():
        own = (vibration == v).nonzero().flatten()
        rank[own[energies[own].argsort()]] = torch.arange(len(own), device=rank.device)
    ka = (rank + 1) // 2
    return ka, j - rank // 2


def _change(levels: Levels, energies: Tensor, vectors: Tensor, other: Coupling, j: int) -> Tensor:
    """Absolute change of the energies above the J = 0 levels in another set of states, (S,).

    Levels are partners by the overlap of their vectors, with the states of both in one order.
    """
    values, columns = _eigenpairs(hamiltonian(other, j))
    overlap = (columns.T @ vectors[: len(columns)]).square()
    rows, places = linear_sum_assignment(-overlap.cpu().numpy())
    change = torch.full_like(energies, torch.inf)
    partner = torch.from_numpy(rows).to(energies.device)
    change[torch.from_numpy(places).to(energies.device)] = values[partner]
    ground = levels.energies[0]
    return ((change - other.energies[0]) - (energies - ground)).abs()
