"""Lowest eigenpairs by shift and invert with ARPACK, on the CPU, none of them missed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg
import torch
from scipy.sparse.linalg import LinearOperator, eigsh

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
    """
    check_matrix(hamiltonian, copies=3)
    matrix = hamiltonian.dense()
    h = matrix.numpy()
    shift = hamiltonian.lower_bound - 1e-6
    factor = scipy.linalg.cho_factor(h - shift * np.eye(len(h)), overwrite_a=True, lower=True)
    inverse = _operator(len(h), lambda v: scipy.linalg.cho_solve(factor, v, check_finite=False))
    options: dict[str, Any] = {"v0": _start(len(h)), "tol": 1e-13}
    energies, vectors = eigsh(h, count, sigma=shift, OPinv=inverse, **options)
    order = np.argsort(energies)
    energies, vectors = energies[order], vectors[:, order]
    if not _complete(h, energies, vectors):
        energies, vectors = scipy.linalg.eigh(h, subset_by_index=(0, count - 1))
    return of_matrix(matrix, torch.from_numpy(energies), torch.from_numpy(vectors), "shift_invert")


def _complete(h: np.ndarray, energies: np.ndarray, vectors: np.ndarray) -> bool:
    """Whether no other eigenvalue lies below the highest of those found."""
    lifted = h + (vectors * (2 * (energies[-1] - energies) + 1.0)) @ vectors.T
    np.fill_diagonal(lifted, lifted.diagonal() - (energies[-1] - GAP))
    try:
        scipy.linalg.cholesky(lifted.T, lower=True, overwrite_a=True, check_finite=False)
    except scipy.linalg.LinAlgError:
        return False
    return True


def _operator(size: int, product: Product) -> LinearOperator:
    # The constructor picks a subclass by its arguments, which type checkers cannot follow.
    shape: Any = (size, size)
    return LinearOperator(shape, matvec=product, dtype=np.float64)  # pyright: ignore


def _start(size: int) -> np.ndarray:
    """A fixed start vector that has every symmetry."""
    return np.random.default_rng(1).standard_normal(size)
