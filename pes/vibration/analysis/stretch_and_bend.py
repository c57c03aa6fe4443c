"""Quanta v1 v2 v3 of a linear triatomic in two lengths and an angle.

No length is a normal mode, and a combination of two lengths is none of the functions of the basis.
Each level is compared with products of stretching and bending states: the eigenstates of H
with the bend in its self-consistent ground function, and the self-consistent functions of the bend
themselves. The quanta of these states are counted by ladders: of all states without a number, the
one with v + 1 quanta has most of Q|v⟩, where Q is the displacement from the ground state to the
fundamental. The numbers of states by energy are no quanta: 2ν1 of OCS lies below ν3, and the bend
of HCN has functions of HNC among its own.
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

__all__ = ["stretch_and_bend_quanta"]

Quanta = tuple[int, ...]

MARGIN, LEAST = 2.0, 6
"""Energy of the modals in that of the highest level, and modals that are taken in any case."""

SEARCHED = 12
"""Lowest excited stretching states among which the two fundamentals are looked for."""


def stretch_and_bend_quanta(
    levels: Levels, bend: int, momentum: int = 0, *, exchanged: bool
) -> tuple[list[Quanta | None], Tensor]:
    """v1, v2, v3 of each level, and the share of the level in the product with these quanta, (S,).

    ν1 is the symmetric stretch, or else the one of lower frequency; v2 counts the quanta of the
    two-dimensional bend. None where no product of known quanta holds half of a level.

    Args:
        levels: levels of a linear molecule in two lengths and an angle, on the CPU.
        bend: number of the angle among the coordinates.
        momentum: K = l of the levels.
        exchanged: whether an operation of the molecule exchanges the lengths.
    """
    modals = self_consistent(levels.hamiltonian)
    lengths = [k for k in range(3) if k != bend]
    a, b = (_low(modals[k], float(levels.excitations[-1])) for k in lengths)
    stretches = _stretches(levels, {lengths[0]: a, lengths[1]: b, bend: modals[bend].first(1)})
    moved = torch.stack([
        torch.einsum("abm,ac,cbn->mn", stretches, _matrix(a), stretches),
        torch.einsum("bam,ac,bcn->mn", stretches, _matrix(b), stretches),
    ])  # fmt: skip
    both = min(a.size, b.size) > 1
    of_stretches = _ladder(_normal(moved, exchanged=exchanged)) if both else {}
    of_bend = _ladder(_matrix(modals[bend], turning=True)[None])
    amounts = by_modals(levels, modals).movedim(bend + 1, -1)[:, : a.size, : b.size]
    shares = torch.einsum("sabn,abm->smn", amounts, stretches).square()
    weights, index = shares.flatten(1).max(1)
    quanta: list[Quanta | None] = []
    for weight, m, n in zip(weights.tolist(), *unraveled(index, shares.shape[1:]), strict=True):
        v, w = of_stretches.get(int(m)), of_bend.get(int(n))
        if weight < FIRM or v is None or w is None:
            quanta.append(None)
        else:
            quanta.append((v[0], 2 * w[0] + momentum, v[1]))
    return quanta, weights


def _low(modals: Basis, highest: float) -> Basis:
    """The modals that states up to the highest level, in hartree, are made of, and some more."""
    low = modals.energies - modals.energies[0] <= MARGIN * highest
    return modals.first(min(modals.size, max(int(low.sum()), LEAST)))


def _stretches(levels: Levels, modals: Mapping[int, Basis]) -> Tensor:
    """Stretching states by products of the modals of both lengths, (n1, n2, n1 n2)."""
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
    """Displacements along ν1 and ν3, (2, m, m), from those of both lengths.

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
