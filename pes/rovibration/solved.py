"""Levels of one J in a contracted basis, each degenerate one once."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

__all__ = ["Solved", "counted_members", "mean_of_members"]


@dataclass(frozen=True, eq=False)
class Solved:
    """Energies and vectors.

    Attributes:
        energies: ascending, (S,) in hartree.
        vectors: columns by J = 0 state, then function of the rotor, (M, C).
        members: level of each column, ascending, (C,); None where each has one column.
        numbers: numbers of the species of each level, (S,); None without degenerate species.
    """

    energies: Tensor
    vectors: Tensor
    members: Tensor | None = None
    numbers: Tensor | None = None

    @property
    def species(self) -> Tensor:
        """Numbers of the species, (S,)."""
        assert self.numbers is not None
        return self.numbers

    @cached_property
    def degeneracies(self) -> Tensor:
        """Columns of each level, (S,)."""
        return counted_members(self.energies, self.members)

    @property
    def leading(self) -> Tensor:
        """First column of each level, (S,)."""
        return (self.degeneracies.cumsum(0) - self.degeneracies).cpu()

    def mean(self, values: Tensor) -> Tensor:
        """Means over the columns of each level, (..., C) to (..., S)."""
        return mean_of_members(values, self.members)

    def only(self, levels: Tensor) -> "Solved":
        """Some of the levels, by a mask (S,)."""
        if self.members is None or self.numbers is None:
            return Solved(self.energies[levels], self.vectors[:, levels])
        own = levels[self.members]
        number = levels.long().cumsum(0) - 1
        return Solved(
            self.energies[levels], self.vectors[:, own], number[self.members[own]],
            self.numbers[levels],
        )  # fmt: skip


def counted_members(energies: Tensor, members: Tensor | None) -> Tensor:
    """Number of columns of each level, (S,).

    Args:
        energies: energies of the levels, (S,).
        members: level of each column, ascending; None where each has one column.
    """
    if members is None:
        return torch.ones_like(energies, dtype=torch.long)
    return torch.bincount(members, minlength=len(energies))


def mean_of_members(values: Tensor, members: Tensor | None) -> Tensor:
    """Means of columns (..., C) that belong to one level, (..., S).

    Args:
        values: values of each column.
        members: level of each column, ascending; None where each has one column.
    """
    if members is None:
        return values
    counts = torch.bincount(members).to(values)
    total = values.new_zeros(*values.shape[:-1], len(counts))
    return total.index_add(-1, members, values) / counts
