"""Functions of one coordinate, or of a group of them, as one factor of the product basis.

A group is given the lowest eigenfunctions of its own Hamiltonian instead of all products of
its one-dimensional functions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pes.vibration.basis.contraction import Basis

__all__ = ["Factor", "Group", "factor"]


@dataclass(frozen=True)
class Group:
    """Functions of several coordinates, contracted from products of theirs.

    Attributes:
        coordinates: their numbers, ascending, (K,).
        expansion: columns in the products of their functions, last fastest, (n₁n₂…, n).
        energies: of the group's own Hamiltonian, (n,) in hartree.
    """

    coordinates: tuple[int, ...]
    expansion: Tensor
    energies: Tensor


@dataclass(frozen=True)
class Factor:
    """n functions on the product grid of K coordinates, m points in all.

    Attributes:
        coordinates: numbers of the coordinates, (K,).
        values: times √weight, (m, n).
        derivatives: ∂ along each coordinate, times √weight, (K, m, n).
        energies: reference energies, (n,) in hartree.
    """

    coordinates: tuple[int, ...]
    values: Tensor
    derivatives: Tensor
    energies: Tensor

    @property
    def size(self) -> int:
        """Number of functions n."""
        return self.values.shape[1]

    def along(self, coordinate: int | None) -> Tensor:
        """Derivatives along one of its coordinates, values for any other, (m, n)."""
        if coordinate not in self.coordinates:
            return self.values
        return self.derivatives[self.coordinates.index(coordinate)]


def factor(bases: Sequence[Basis], what: int | Group) -> Factor:
    """Of a single coordinate, by its number, or of a group."""
    if isinstance(what, int):
        b = bases[what]
        return Factor((what,), b.scaled_values, b.scaled_derivatives[None], b.energies)
    picked = [bases[k] for k in what.coordinates]
    slopes = [
        _product(
            [b.scaled_derivatives if j == k else b.scaled_values for j, b in enumerate(picked)]
        )
        @ what.expansion
        for k in range(len(picked))
    ]
    values = _product([b.scaled_values for b in picked]) @ what.expansion
    return Factor(what.coordinates, values, torch.stack(slopes), what.energies)


def _product(tables: Sequence[Tensor]) -> Tensor:
    """Kronecker product of (m, n) tables."""
    whole = tables[0]
    for table in tables[1:]:
        whole = torch.kron(whole, table)
    return whole
