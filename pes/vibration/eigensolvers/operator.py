"""Interface of the eigensolvers to an operator: a Hamiltonian, or one of its blocks by symmetry."""

from typing import Protocol

import torch
from torch import Tensor

__all__ = ["Operator"]


class Operator(Protocol):
    """Symmetric operator on N functions, as a matrix or by its products with vectors.

    Multiplications are those of floating-point numbers; they decide whether its matrix is worth
    building.
    """

    @property
    def size(self) -> int:
        """Number of functions, N."""
        ...

    @property
    def device(self) -> torch.device:
        """Device of its vectors."""
        ...

    @property
    def lower_bound(self) -> float:
        """Energy that no eigenvalue lies below, hartree."""
        ...

    @property
    def zero_order_energies(self) -> Tensor:
        """Estimate of the diagonal, (N,) in hartree."""
        ...

    @property
    def shared_matrices(self) -> int:
        """Number of N × N matrices that `dense` keeps beside its result."""
        ...

    @property
    def product_cost(self) -> int:
        """Multiplications of one product with a vector."""
        ...

    @property
    def matrix_cost(self) -> float:
        """Multiplications of products that take as long as building the matrix."""
        ...

    def apply(self, coefficients: Tensor) -> Tensor:
        """Products with vectors, (S, N) -> (S, N)."""
        ...

    def dense(self) -> Tensor:
        """Matrix (N, N)."""
        ...

    def simplest(self, most: int, least: int) -> Tensor:
        """Places of at most so many functions of low energy whose matrix costs little."""
        ...

    def submatrix(self, functions: Tensor) -> Tensor:
        """Matrix in some of the functions, by their places, on as many points as they need."""
        ...
