"""Quanta of levels of three coordinates by ladders of displacements.

No bond length is a normal mode, and a combination of two is none of the functions of the basis.
One coordinate that hardly mixes with the others is kept alone. Each level is compared with products
of eigenstates of H in the other two, with the first in its self-consistent ground function, and
the self-consistent functions of the first. The quanta of these states are counted by ladders: of
all states without a number, the one with v + 1 quanta has most of Q|v⟩, where Q is the displacement
from the ground state to the fundamental. The numbers of states by energy are no quanta: 2ν1 of OCS
lies below ν3, and the bend of HCN has functions of HNC among its own.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations

import torch
from torch import Tensor

from pes.vibration.analysis.assignment import FIRM, by_modals
from pes.vibration.basis.basis import Basis
from pes.vibration.basis.product_tree import unraveled
from pes.vibration.grid.product_basis import ProductBasis
from pes.vibration.hamiltonian.modals import self_consistent
from pes.vibration.levels.result import Levels

__all__ = ["quanta_by_ladders"]

Quanta = tuple[int, ...]

MARGIN, LEAST = 2.0, 6
"""Energy of the modals in that of the highest level, and modals that are taken in any case."""

SEARCHED = 12
"""Lowest excited states of the pair among which its two fundamentals are looked for."""


def quanta_by_ladders(
    levels: Levels, alone: int, *, turning: bool = False, exchanged: bool = False
) -> tuple[list[Quanta | None], Tensor]:
    """Quanta of each level, and the share of the level in the product with these quanta, (S,).

    The quanta are those of the lower fundamental of the pair of coordinates, of the higher one, and
    of the coordinate alone. None where no product of known quanta holds half of a level.

    Args:
        levels: levels in three coordinates, on the CPU.
        alone: number of the coordinate that hardly mixes with the others.
        turning: whether this is the angle of a linear molecule, whose displacement is its cosine.
        exchanged: whether an operation of the molecule exchanges the other coordinates; the first
            quanta are then those of the symmetric fundamental.
    """
    modals = self_consistent(levels.hamiltonian)
    pair = [k for k in range(3) if k != alone]
    a, b = (_low(modals[k], float(levels.excitations[-1])) for k in pair)
    states = _pair_states(levels, {pair[0]: a, pair[1]: b, alone: modals[alone].first(1)})
    moved = torch.stack([
        torch.einsum("abm,ac,cbn->mn", states, _matrix(a), states),
        torch.einsum("bam,ac,bcn->mn", states, _matrix(b), states),
    ])  # fmt: skip
    both = min(a.size, b.size) > 1
    of_pair = _ladder(_normal(moved, exchanged=exchanged)) if both else {}
    of_alone = _ladder(_matrix(modals[alone], turning=turning)[None])
    amounts = by_modals(levels, modals).movedim(alone + 1, -1)[:, : a.size, : b.size]
    shares = torch.einsum("sabn,abm->smn", amounts, states).square()
    weights, index = shares.flatten(1).max(1)
    quanta: list[Quanta | None] = []
    for weight, m, n in zip(weights.tolist(), *unraveled(index, shares.shape[1:]), strict=True):
        v, w = of_pair.get(int(m)), of_alone.get(int(n))
        quanta.append(None if weight < FIRM or v is None or w is None else (*v, *w))
    return quanta, weights


def _low(modals: Basis, highest: float) -> Basis:
    """The modals that states up to the highest level, in hartree, are made of, and some more."""
    low = modals.energies - modals.energies[0] <= MARGIN * highest
    return modals.first(min(modals.size, max(int(low.sum()), LEAST)))


def _pair_states(levels: Levels, modals: Mapping[int, Basis]) -> Tensor:
    """States of the pair by products of the modals of both coordinates, (n1, n2, n1 n2)."""
    bases = tuple(modals[k] for k in range(3))
    h = replace(levels.hamiltonian, basis=ProductBasis(bases), elements=None)
    sizes = [basis.size for basis in modals.values()][:2]
    _, states = torch.linalg.eigh(h.dense())
    return states.reshape(*sizes, -1)


def _matrix(basis: Basis, *, turning: bool = False) -> Tensor:
    """Matrix of a coordinate among its functions, or of its cosine."""
    q = basis.points.cos() if turning else basis.points
    functions = basis.scaled_values
    return functions.T @ (q[:, None] * functions)


def _normal(moved: Tensor, *, exchanged: bool) -> Tensor:
    """Displacements along both fundamentals, (2, m, m), from those of both coordinates.

    The fundamentals are the two states whose displacements from the ground state span the largest
    area.
    """
    first = moved[:, 0]
    states = range(1, min(SEARCHED, first.shape[1] - 1) + 1)
    pair = max(
        combinations(states, 2), key=lambda pair: abs(float(torch.det(first[:, list(pair)])))
    )
    if exchanged and float(first[:, pair[0]].prod()) < 0:
        pair = pair[::-1]
    return torch.einsum("kl,lmn->kmn", torch.linalg.inv(first[:, list(pair)]), moved)


def _ladder(displacements: Tensor) -> dict[int, Quanta]:
    """Quanta of states by their numbers, as far as the ladders of displacements (k, m, m) tell."""
    modes = len(displacements)
    known: dict[Quanta, int] = {(0,) * modes: 0}
    layer = list(known)
    while layer:
        free = torch.ones(displacements.shape[-1], dtype=torch.bool)
        free[list(known.values())] = False
        places: dict[Quanta, int] = {}
        for quanta in {_raised(q, k) for q in layer for k in range(modes)}:
            below = [(k, known.get(_raised(quanta, k, -1))) for k in range(modes)]
            parts = [displacements[k, :, n].square() * free for k, n in below if n is not None]
            share = torch.stack([part / part.sum() for part in parts]).mean(0)
            if float(share.max()) >= FIRM:
                places[quanta] = int(share.argmax())
        often = Counter(places.values())
        layer = [quanta for quanta, n in places.items() if often[n] == 1]
        known |= {quanta: places[quanta] for quanta in layer}
    return {n: quanta for quanta, n in known.items()}


def _raised(quanta: Quanta, mode: int, by: int = 1) -> Quanta:
    return *quanta[:mode], quanta[mode] + by, *quanta[mode + 1 :]
