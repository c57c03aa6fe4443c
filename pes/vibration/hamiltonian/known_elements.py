"""Matrix elements that several calculations on one grid have in common."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pes.vibration.basis.product_tree import unraveled

__all__ = ["KnownElements"]


@dataclass(frozen=True, eq=False)
class KnownElements:
    """Matrices of a Hamiltonian in some sets of its product functions.

    A product of the same functions is known in other bases too, where it has another number.

    Attributes:
        shape: functions of each factor of the basis that the products are numbered in.
        products: numbers of the functions of each set, ascending, (n,) each.
        matrices: (n, n) of each set, hartree.
    """

    shape: tuple[int, ...]
    products: tuple[Tensor, ...]
    matrices: tuple[Tensor, ...]

    def cpu(self) -> "KnownElements":
        """The same with its arrays on the CPU."""
        return replace(self, matrices=tuple(matrix.cpu() for matrix in self.matrices))

    def among(self, numbers: Tensor, shape: Sequence[int]) -> Tensor | None:
        """Matrix among products by their numbers in another tree; None where no set holds all."""
        numbers = self._renumbered(numbers, shape)
        for products, matrix in zip(self.products, self.matrices, strict=True):
            at = torch.searchsorted(products, numbers).clamp(max=len(products) - 1)
            if bool((products[at] == numbers).all()):
                return matrix[at][:, at]
        return None

    def _renumbered(self, numbers: Tensor, shape: Sequence[int]) -> Tensor:
        """Numbers in the tree of `shape`; −1 for products that it has no room for."""
        own, room = torch.zeros_like(numbers), torch.ones_like(numbers, dtype=torch.bool)
        for n, size in zip(unraveled(numbers, shape), self.shape, strict=True):
            own, room = own * size + n, room & (n < size)
        return own.where(room, -1)
