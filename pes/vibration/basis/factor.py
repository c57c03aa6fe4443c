"""Functions of one coordinate, or of a group of them, as one factor of the product basis.

A group is given the lowest eigenfunctions of its own Hamiltonian instead of all products of
its one-dimensional functions.
"""

from dataclasses import dataclass

from torch import Tensor

__all__ = ["Factor", "Group"]


@dataclass(frozen=True)
class Group:
    """Functions of several coordinates, contracted from products of theirs.

    Attributes:
        coordinates: their numbers, ascending, (K,).
        expansion: columns in the products of their functions, last fastest, (n₁n₂…, n).
        energies: energies of the group's own Hamiltonian, (n,) in hartree.
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
