"""Rovibrational levels by contraction: J = 0 states times functions of the orientation."""

from dataclasses import dataclass

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from pes.rovibration.assignment import ka_and_kc, vibrations_of
from pes.rovibration.contraction import Contraction
from pes.rovibration.coupling import Coupling
from pes.rovibration.hamiltonian import lowering, own_products, solve
from pes.rovibration.rotor import angular_momentum
from pes.rovibration.solved import Solved, counted_members, mean_of_members
from pes.rovibration.symmetry import rovibrational_characters
from pes.vibration.symmetry.representations import symmetry_labels

__all__ = ["Rovibrational", "first_order_shifts", "levels_of"]

SHARE = 0.25
"""Part of a level in one J = 0 level from which it belongs to that."""


@dataclass(frozen=True)
class Rovibrational:
    """Levels of one J.

    Attributes:
        j: total angular momentum.
        energies: energies of the surface's scale, ascending, (S,) in hartree.
        vectors: columns by J = 0 state, then function of the rotor, (n (2J + 1), S).
        vibration: number of the J = 0 state that a level belongs to, (S,).
        ka: projection K_a on the axis of least inertia, (S,).
        kc: projection on the axis of largest inertia, (S,).
        share: share of the J = 0 state in the level, (S,).
        changes: with fewer J = 0 states, the error of what all left out do to second order
            included, and with fewer functions in the states, (2, S) in hartree.
        convergence: estimated error of the energy above the J = 0 ground state, (S,) in hartree:
            the changes and the estimate of the J = 0 level.
        characters: characters of the operations of the contraction, (S, operations).
        symmetry: irreducible representation of each, empty without symmetry.
        left_out: number of levels that are left out because they mix several J = 0 levels.
        members: level that each column of the vectors belongs to, where the group of the molecule
            has degenerate species; None where each has a column of its own.
        projection: K on the axis of a symmetric top, (S,); None for others.
        axial: K of each J = 0 state, (n,), where each K has states of its own; None for others.
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
    members: Tensor | None = None
    projection: Tensor | None = None
    axial: Tensor | None = None

    @property
    def degeneracies(self) -> Tensor:
        """Members of each level, (S,)."""
        return counted_members(self.energies, self.members)


def levels_of(basis: Contraction, j: int) -> Rovibrational:
    """Levels of one J that belong to the J = 0 levels asked for.

    Raises:
        ValueError: for a J below zero.
    """
    if j < 0 or j != int(j):
        raise ValueError(f"`J` must be whole numbers from 0 on, got {j}")
    every = solve(basis.coupling, j)
    vibration, share = vibrations_of(every, basis, j)
    ka, kc = ka_and_kc(vibration, every, basis, j)
    own = vibration >= 0
    mine = own & (share >= SHARE)
    solved = every.only(mine)
    vibration, share, ka, kc = (column[mine] for column in (vibration, share, ka, kc))
    values, names = _symmetry(solved, basis, j)
    names = tuple(basis.species[k] for k in vibration.tolist()) if basis.species else names
    ground = float(basis.levels.energies[0])
    axial = basis.coupling.axial
    changes = torch.stack([_change(ground, solved, axial, other, j) for other in basis.others])
    changes[0] += _second_order_errors(basis.coupling, solved, j)
    known = _known_estimates(basis)
    return Rovibrational(
        j, solved.energies, solved.vectors, vibration, ka, kc, share, changes,
        changes.sum(0) + known[vibration], values, names, int((own & ~mine).sum()),
        solved.members, _projection(solved, basis.coupling, j), basis.coupling.axial,
    )  # fmt: skip


def _symmetry(solved: Solved, basis: Contraction, j: int) -> tuple[Tensor, tuple[str, ...]]:
    """Characters (S, operations) and representations of levels."""
    if (of := basis.coupling.multiplets) is not None:
        species = solved.species.tolist()
        return of.group.characters[species, 1:], tuple(of.group.species[k] for k in species)
    values = rovibrational_characters(solved.vectors, j, basis.characters, basis.turns)
    return values, tuple(symmetry_labels(basis.operations, values)) if basis.operations else ()


def _projection(solved: Solved, basis: Coupling, j: int) -> Tensor | None:
    """K of a symmetric top: the root of ⟨J_a²⟩ of the unique axis a, (S,)."""
    if basis.multiplets is None or (axis := basis.multiplets.group.axis) is None:
        return None
    turn = angular_momentum(j)[axis].to(solved.vectors)
    moved = solved.vectors.reshape(-1, 2 * j + 1, solved.vectors.shape[1])
    squares = torch.einsum("ij,njc->nic", turn, moved).square().sum((0, 1))
    return solved.mean(squares).sqrt().round().long()


def first_order_shifts(level: Rovibrational, integrals: Tensor) -> Tensor:
    """⟨Ψ|f_k|Ψ⟩ of scalars of the body, (K, S): by how much δV = f_k moves each level.

    Args:
        level: levels of one J.
        integrals: ⟨a|f_k|b⟩ of the J = 0 states, (K, n, n).
    """
    n = integrals.shape[-1]
    own = level.vectors.reshape(n, 2 * level.j + 1, -1)
    each = torch.stack([torch.einsum("nis,nm,mis->s", own, one, own) for one in integrals])
    return mean_of_members(each, level.members)


def _second_order_errors(basis: Coupling, solved: Solved, j: int) -> Tensor:
    """Errors of the second order by states that are left out, (S,) in hartree."""
    if not basis.missing:
        return torch.zeros_like(solved.energies)
    products, _, error = lowering(basis, j)
    vectors = solved.vectors[products]
    return solved.mean((vectors * (error @ vectors)).sum(0))


def _known_estimates(basis: Contraction) -> Tensor:
    """Estimates of the states, (n,) in hartree; of those without, the largest of the levels."""
    levels = basis.levels.convergence.nan_to_num(0.0).clone()
    levels[0] = 0.0
    known = levels.max().repeat(len(basis.coupling.energies))
    if basis.species:
        own = torch.cat([one.convergence for one in basis.states])
        known = own.where(~own.isnan(), known)
    known[: len(levels)] = levels
    return known


def _overlaps(
    columns: Tensor, other: Coupling, vectors: Tensor, axial: Tensor | None, size: int
) -> Tensor:
    """Overlaps of vectors of some states with those of all, (columns, vectors)."""
    if other.axial is None or axial is None:
        return columns.T @ vectors[: len(columns)]
    every, most = torch.bincount(axial), torch.bincount(other.axial).tolist()
    first = (every.cumsum(0) - every).tolist()
    place = torch.cat([first[k] + torch.arange(n) for k, n in enumerate(most)])
    state, rotor = own_products(other.axial, size)
    return columns[state * size + rotor].T @ vectors[place[state] * size + rotor]


def _change(ground: float, solved: Solved, axial: Tensor | None, other: Coupling, j: int) -> Tensor:
    """Absolute change of the energies above the J = 0 levels in another set of states, (S,).

    Levels are partners by the overlap of their vectors, with the states of both in one order.
    """
    there = solve(other, j)
    overlap = _overlaps(there.vectors, other, solved.vectors, axial, 2 * j + 1).square()
    overlap = there.mean(solved.mean(overlap).T).T
    rows, places = linear_sum_assignment(-overlap.cpu().numpy())
    change = torch.full_like(solved.energies, torch.inf)
    partner = torch.from_numpy(rows).to(change.device)
    change[torch.from_numpy(places).to(change.device)] = there.energies[partner]
    return ((change - other.energies[0]) - (solved.energies - ground)).abs()
