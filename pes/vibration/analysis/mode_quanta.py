"""Quanta of levels in normal coordinates, those of degenerate modes added up."""

from collections.abc import Sequence

import torch
from torch import Tensor

from pes.vibration.analysis.assignment import FIRM
from pes.vibration.levels.result import Levels

__all__ = ["summed_quanta"]


def summed_quanta(
    levels: Levels, sets: Sequence[Sequence[int]]
) -> tuple[list[tuple[int, ...] | None], Tensor]:
    """Quanta of each level, and the share of all functions with these quanta in it, (S,).

    None where no quanta hold half of a level.

    Args:
        levels: levels in normal coordinates, on the CPU.
        sets: numbers of the coordinates whose quanta are added up, for each quantum number.
    """
    basis, c = levels.hamiltonian.basis, levels.eigenpairs.coefficients
    single = basis.quanta(torch.arange(basis.size))
    sums = torch.stack([single[:, list(members)].sum(1) for members in sets], 1)
    quanta, place = sums.unique(dim=0, return_inverse=True)
    shares = c.new_zeros(len(c), len(quanta)).index_add_(1, place, c.square())
    weights, leading = shares.max(1)
    rows = zip(quanta[leading].tolist(), (weights >= FIRM).tolist(), strict=True)
    return [tuple(row) if firm else None for row, firm in rows], weights
