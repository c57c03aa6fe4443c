"""Quanta of levels by ladders of displacements from the levels below.

The functions with one quantum more are displacements of those with one quantum less, X_k ψ, less
what they share with all functions of lower energy; the first is the ground state. Where all levels
of a set of quanta are known, they take the place of its functions, so that the next step of the
ladder starts from anharmonic states. Nothing is assumed of the coordinates of the basis.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from math import comb, prod

import torch
from torch import Tensor

from pes.vibration.analysis.assignment import FIRM
from pes.vibration.levels.result import Levels

__all__ = ["Motion", "quanta_by_level_ladders"]

Quanta = tuple[int, ...]
Displacement = Callable[[Tensor], Tensor]

MARGIN = 1.25
"""Energy of the highest functions in that of the highest level: harmonic ones lie too high."""

LOST = 1e-3
"""Length of what is left of a displacement below which it holds nothing new."""


@dataclass(frozen=True)
class Motion:
    """A mode, or modes of one frequency, whose quanta are one number.

    Attributes:
        displacements: X of each member, coefficients (M, N) to coefficients (M, N).
        energies: energy of 0, 1, 2, … quanta, hartree; more lie above all levels.
    """

    displacements: tuple[Displacement, ...]
    energies: tuple[float, ...]

    def functions(self, quanta: int) -> int:
        """Functions with so many quanta."""
        return comb(quanta + len(self.displacements) - 1, quanta)


def quanta_by_level_ladders(
    levels: Levels, motions: Sequence[Motion]
) -> tuple[list[Quanta | None], Tensor]:
    """Quanta of each level, and the share of the functions with these quanta in it, (S,).

    None where no set of quanta holds half of a level.

    Args:
        levels: levels on the CPU.
        motions: all modes.
    """
    psi, top = levels.eigenpairs.coefficients, MARGIN * float(levels.excitations[-1])
    quanta: list[Quanta | None] = [None] * len(psi)
    weights = psi.new_zeros(len(psi))
    spaces: dict[Quanta, Tensor] = {}
    below = psi[:0]
    for own in _sets(motions, top):
        functions = _functions(own, motions, spaces, below) if spaces else psi[:1]
        if functions is None:
            continue
        shares = (psi @ functions.mT).square().sum(1)
        free = torch.tensor([q is None for q in quanta])
        weights = weights.where(~free, weights.maximum(shares))
        named = (free & (shares >= FIRM)).nonzero().flatten().tolist()
        named = sorted(named, key=lambda n: -float(shares[n]))[: len(functions)]
        for n in named:
            quanta[n] = own
        spaces[own] = psi[named] if len(named) == len(functions) else functions
        below = torch.cat((below, _beside(spaces[own], below)))
    return quanta, weights


def _sets(motions: Sequence[Motion], top: float) -> list[Quanta]:
    """Sets of quanta up to an energy, from the lowest up."""
    ladders = [[e for e in one.energies if e <= top] for one in motions]
    energies = {
        own: sum(ladder[n] for ladder, n in zip(ladders, own, strict=True))
        for own in product(*(range(len(ladder)) for ladder in ladders))
    }
    return sorted((own for own, e in energies.items() if e <= top), key=energies.__getitem__)


def _functions(
    own: Quanta, motions: Sequence[Motion], spaces: dict[Quanta, Tensor], below: Tensor
) -> Tensor | None:
    """Orthonormal functions of a set of quanta, (d, N); None where nothing leads to them."""
    moved = [
        displacement(spaces[lower])
        for k, motion in enumerate(motions)
        if (lower := (*own[:k], own[k] - 1, *own[k + 1 :])) in spaces
        for displacement in motion.displacements
    ]
    if not moved:
        return None
    columns = torch.nn.functional.normalize(torch.cat(moved), dim=1)
    _, sizes, functions = torch.linalg.svd(_left(columns, below), full_matrices=False)
    count = prod(motion.functions(n) for motion, n in zip(motions, own, strict=True))
    count = min(count, int((sizes > LOST).sum()))
    return functions[:count] if count else None


def _left(functions: Tensor, below: Tensor) -> Tensor:
    """What functions do not share with orthonormal ones; twice, for rounding."""
    for _ in range(2):
        functions = functions - (functions @ below.mT) @ below
    return functions


def _beside(functions: Tensor, below: Tensor) -> Tensor:
    """Orthonormal functions that span, with those below, the same as the given ones do."""
    return torch.linalg.qr(_left(functions, below).mT).Q.mT
