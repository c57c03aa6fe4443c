"""Lowest eigenpairs by shift and invert with ARPACK, on the CPU, none of them missed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import Tensor

from pes.vibration.eigensolvers.eigenpairs import GAP, Eigenpairs, of_matrix
from pes.vibration.eigensolvers.memory import check_matrix
from pes.vibration.eigensolvers.operator import Operator

__all__ = ["shift_invert"]

Product = Callable[[np.ndarray], np.ndarray]


def shift_invert(hamiltonian: Operator, count: int) -> Eigenpairs:
    """Lanczos on (H − σ)⁻¹ with σ the lowest V, then proof that no state was missed.

    The kinetic part is never negative, so H − min V has a Cholesky factor. A second factor,
    of H with the found states lifted away and shifted to the highest of them, exists only
    if no other eigenvalue lies below (Sylvester's law of inertia). Lanczos finds degenerate states
    by rounding alone: where it missed one, the whole matrix is diagonalised.

    Raises:
        LinAlgError: where H less the lowest V is not positive, as on a grid too coarse.
    """
    check_matrix(hamiltonian, copies=3)
    matrix = hamiltonian.dense()
    shift = hamiltonian.lower_bound - 1e-6
    shifted = matrix.clone()
    shifted.diagonal().sub_(shift)
    # Products with the inverse of the well-conditioned H − σ are as quick as triangular solves by
    # SciPy, whose library of linear algebra takes all threads, however few torch may use.
    factor, failed = torch.linalg.cholesky_ex(shifted)
    if int(failed):
        raise np.linalg.LinAlgError("H less the lowest V is not positive definite")
    inverse = torch.cholesky_inverse(factor)
    del shifted, factor
    product = _operator(len(matrix), lambda v: (inverse @ torch.from_numpy(v)).numpy())
    options: dict[str, Any] = {"v0": _start(len(matrix)), "tol": 1e-13}
    values, columns = eigsh(matrix.numpy(), count, sigma=shift, OPinv=product, **options)
    order = np.argsort(values)
    energies, vectors = torch.from_numpy(values[order]), torch.from_numpy(columns[:, order])
    if not _complete(matrix, energies, vectors):
        every, columns_of_all = torch.linalg.eigh(matrix)
        energies, vectors = every[:count], columns_of_all[:, :count]
    return of_matrix(matrix, energies, vectors, "shift_invert")


def _complete(matrix: Tensor, energies: Tensor, vectors: Tensor) -> bool:
    """Whether no other eigenvalue lies below the highest of those found."""
    lifted = matrix + (vectors * (2 * (energies[-1] - energies) + 1.0)) @ vectors.T
    lifted.diagonal().sub_(energies[-1] - GAP)
    return int(torch.linalg.cholesky_ex(lifted).info) == 0


def _operator(size: int, product: Product) -> LinearOperator:
    # The constructor picks a subclass by its arguments, which type checkers cannot follow.
    shape: Any = (size, size)
    return LinearOperator(shape, matvec=product, dtype=np.float64)  # pyright: ignore


def _start(size: int) -> np.ndarray:
    """A fixed start vector that has every symmetry."""
    return np.random.default_rng(1).standard_normal(size)
