"""Assignment of observed levels to calculated ones by quanta, symmetry and order of energies."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pes.units import CM1
from pes.vibration.basis.basis import Basis
from pes.vibration.basis.product_tree import unraveled
from pes.vibration.hamiltonian.modals import modal_rotations, self_consistent
from pes.vibration.levels.result import Levels

__all__ = ["Assignment", "Label", "assigned", "by_modals", "leading_modals", "quantum_labels"]

FIRM = 0.5
"""Weight of a label from which it names a level."""

CLEAR = 0.5
"""Distance to the chosen level over that to the next of its kind: smaller ones are safe choices."""


@dataclass(frozen=True)
class Label:
    """Label of a level.

    Attributes:
        kind: for an XY₂ molecule the quanta v1 + v3 and v2 and the parity of v3 (±1); for any other
            the quanta of each coordinate, or of each mode with the species of the level.
        weight: share of the functions with these quanta.
    """

    kind: tuple[int | str, ...]
    weight: float


@dataclass(frozen=True)
class Assignment:
    """Number of the level of each observed one, None where it was refused, and why."""

    numbers: list[int | None]
    reasons: list[str]


def quantum_labels(levels: Levels, *, symmetric: bool) -> list[Label]:
    """A label for every level.

    Args:
        levels: levels of a triatomic in two lengths and an angle if `symmetric`.
        symmetric: the lengths are those of two like atoms, given the same basis. The quanta of
            both together and the parity under their exchange are then good labels, where
            those of one bond are not.

    Raises:
        ValueError: if `symmetric` and the two lengths have different bases.
    """
    if not symmetric:
        # Functions on a sparse grid are those of normal modes: their numbers are quanta.
        sparse = levels.hamiltonian.basis.grid_shape is None
        quanta, weights = levels.leading if sparse else leading_modals(levels)
        rows = zip(quanta.tolist(), weights.tolist(), strict=True)
        return [Label(tuple(q), w) for q, w in rows]
    c = by_modals(levels, self_consistent(levels.hamiltonian))
    first, second = levels.hamiltonian.basis.bases[:2]
    alike = c.ndim == 4 and first.values.shape == second.values.shape
    if not alike or not torch.allclose(first.values, second.values, atol=1e-8):
        raise ValueError("the two bonds need the same range and basis to distinguish v1 from v3")
    parity = (c * c.transpose(1, 2)).flatten(1).sum(1)
    n = c.shape[1]
    stretch = torch.arange(n)[:, None] + torch.arange(n)
    by_quanta = c.new_zeros(len(c), 2 * n - 1, c.shape[3])
    by_quanta.index_add_(1, stretch.flatten(), (c**2).flatten(1, 2))
    weights, index = by_quanta.flatten(1).max(1)
    total, bend = unraveled(index, by_quanta.shape[1:])
    rows = zip(total.tolist(), bend.tolist(), parity.tolist(), weights.tolist(), strict=True)
    return [Label((t, b, 1 if p > 0 else -1), w) for t, b, p, w in rows]


def leading_modals(levels: Levels) -> tuple[Tensor, Tensor]:
    """Quanta (S, Q) of the leading product of modals of each level, and its weight (S,).

    The modals are those of the vibrational self-consistent field of the ground state. Levels of
    three atoms are labelled by them: the functions of the basis are made for all levels
    together, and their numbers need not be quanta of any.
    """
    c = by_modals(levels, self_consistent(levels.hamiltonian))
    weights, index = (c.flatten(1) ** 2).max(1)
    return torch.stack(unraveled(index, c.shape[1:]), -1), weights


def by_modals(levels: Levels, modals: Sequence[Basis]) -> Tensor:
    """Coefficients by the products of modals of each coordinate, (S, n_1, …, n_Q)."""
    c = levels.hamiltonian.basis.unpruned(levels.eigenpairs.coefficients)
    for k, rotation in enumerate(modal_rotations(levels.hamiltonian.basis.bases, modals)):
        c = (c.movedim(k + 1, -1) @ rotation.to(c)).movedim(-1, k + 1)
    return c


def assigned(
    levels: Levels,
    quanta: Sequence[tuple[int | str, ...]],
    energies: Tensor,
    *,
    symmetric: bool,
    labels: Sequence[Label] | None = None,
) -> Assignment:
    """The level of each observed one; a doubtful one is refused, not guessed.

    Observed and calculated levels of the same kind are matched in the order of their energies, so
    that the sum of their distances is smallest. A level is doubtful if it is more than half as
    far from the assigned level as from another one of the same kind.

    Args:
        levels: calculated, ground state included.
        quanta: (v1, v2, v3) of XY₂, else kinds as those of `labels`.
        energies: observed, above the ground state, (O,) in hartree.
        symmetric: see `quantum_labels`.
        labels: labels of all levels; default `quantum_labels`.
    """
    labels = labels or quantum_labels(levels, symmetric=symmetric)
    numbers: list[int | None] = [None] * len(quanta)
    reasons = []
    kinds = [_kind(q) if symmetric else tuple(q) for q in quanta]
    for kind in dict.fromkeys(kinds):
        observed = sorted((i for i, k in enumerate(kinds) if k == kind), key=lambda i: energies[i])
        there = [n for n, label in enumerate(labels) if label.kind == kind]
        firm = [n for n in there if labels[n].weight >= FIRM]
        if len(firm) < len(observed):
            names = ", ".join(_name(quanta[i]) for i in observed)
            weights = ", ".join(f"{labels[n].weight:.2f}" for n in there)
            reasons.append(
                f"{names}: no calculated level has these quanta with a weight of {FIRM:g} or more"
                + (f" (weights: {weights})" if weights else "")
            )
            continue
        chosen, doubtful = _fitted(levels.excitations[firm], energies[observed])
        for i, place, doubt in zip(observed, chosen, doubtful, strict=True):
            if doubt:
                reasons.append(
                    f"{_name(quanta[i])}: two calculated levels are about as near to "
                    f"{float(energies[i]) / CM1:.3f} cm-1"
                )
            else:
                numbers[i] = firm[place]
    return Assignment(numbers, reasons)


def _kind(quanta: tuple[int | str, ...]) -> tuple[int | str, ...]:
    v1, v2, v3 = map(int, quanta)
    return v1 + v3, v2, 1 if v3 % 2 == 0 else -1


def _name(quanta: tuple[int | str, ...]) -> str:
    return "(" + " ".join(map(str, quanta)) + ")"


def _fitted(calculated: Tensor, observed: Tensor) -> tuple[list[int], list[bool]]:
    """Places of the observed among the calculated, both ascending, and which are doubtful."""
    distances = (observed[:, None] - calculated).abs()
    if len(calculated) == len(observed):
        return list(range(len(observed))), [False] * len(observed)
    best = _in_order(distances)
    doubtful = []
    for row, place in zip(distances, best, strict=True):
        others = torch.cat((row[:place], row[place + 1 :]))
        doubtful.append(bool(row[place] > CLEAR * others.min()))
    return best, doubtful


def _in_order(distances: Tensor) -> list[int]:
    """Ascending columns, one for each row, of the least sum."""
    rows, columns = distances.shape
    cost = {-1: (0.0, [])}
    for r in range(rows):
        cost = {
            c: min(
                (total + float(distances[r, c]), [*path, c])
                for last, (total, path) in cost.items() if last < c
            )
            for c in range(r, columns)
        }  # fmt: skip
    return min(cost.values())[1]
