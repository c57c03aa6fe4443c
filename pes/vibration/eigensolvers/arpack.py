"""Lowest eigenpairs by the Lanczos iterations of ARPACK, on the CPU, none of them missed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg
import torch
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from pes.vibration.eigensolvers.eigenpairs import GAP, Eigenpairs, Operator, SolverError, of_matrix
from pes.vibration.eigensolvers.memory import check_matrix

__all__ = ["iterative", "shift_invert"]

Product = Callable[[np.ndarray], np.ndarray]


def shift_invert(hamiltonian: Operator, count: int) -> Eigenpairs:
    """Lanczos on (H − σ)⁻¹ with σ the lowest V, then proof that no state was missed.

    The kinetic part is never negative, so H − min V has a Cholesky factor. A second factor,
    of H with the found states lifted away and shifted to the highest of them, exists only
    if no other eigenvalue lies below (Sylvester's law of inertia).
    """
    check_matrix(hamiltonian, copies=3)
    matrix = hamiltonian.dense()
    h = matrix.numpy()
    shift = float(hamiltonian.potential.min()) - 1e-6
    factor = scipy.linalg.cho_factor(h - shift * np.eye(len(h)), overwrite_a=True, lower=True)
    inverse = _operator(len(h), lambda v: scipy.linalg.cho_solve(factor, v, check_finite=False))
    options: dict[str, Any] = {"v0": _start(len(h)), "tol": 1e-13}
    energies, vectors = eigsh(h, count, sigma=shift, OPinv=inverse, **options)
    order = np.argsort(energies)
    energies, vectors = energies[order], vectors[:, order]
    _prove_complete(h, energies, vectors)
    return of_matrix(matrix, torch.from_numpy(energies), torch.from_numpy(vectors), "shift_invert")


def iterative(
    hamiltonian: Operator, count: int, *, tolerance: float = 1e-10, restarts: int = 300
) -> Eigenpairs:
    """Matrix-free Lanczos (ARPACK) from a fixed start vector.

    A Krylov space holds one vector of each degenerate level, others enter by rounding: with
    the levels found lifted away, Lanczos looks for more below the highest until there is none.

    Raises:
        SolverError: if the eigenpairs do not converge.

    References:
        R. B. Lehoucq, D. C. Sorensen, C. Yang, ARPACK Users' Guide (SIAM, 1998),
        doi:10.1137/1.9780898719628
    """
    products = 0

    def product(vector: np.ndarray) -> np.ndarray:
        nonlocal products
        products += 1
        return hamiltonian.apply(torch.from_numpy(vector).reshape(1, -1).clone())[0].numpy()

    def lanczos(operator: Product, count: int) -> tuple[np.ndarray, np.ndarray]:
        return _lanczos(operator, hamiltonian.size, count, tolerance, restarts)

    try:
        energies, vectors = lanczos(product, count)
        while True:
            missed, vector = lanczos(_lifted(product, energies, vectors), 1)
            if missed[0] > energies[-1] - GAP:
                break
            energies, vectors = np.append(energies, missed), np.hstack((vectors, vector))
            order = np.argsort(energies)[:count]
            energies, vectors = energies[order], vectors[:, order]
    except ArpackNoConvergence as failure:
        raise SolverError(
            f"only {len(failure.eigenvalues)} of {count} levels converged after {products} "
            "products H·v; lower the potential cap or ask for fewer levels"
        ) from None
    c, e = torch.from_numpy(vectors.T.copy()), torch.from_numpy(energies)
    residuals = (hamiltonian.apply(c) - e[:, None] * c).norm(dim=1)
    return Eigenpairs(e, c, residuals, "iterative", products)


def _prove_complete(h: np.ndarray, energies: np.ndarray, vectors: np.ndarray) -> None:
    lifted = h + (vectors * (2 * (energies[-1] - energies) + 1.0)) @ vectors.T
    np.fill_diagonal(lifted, lifted.diagonal() - (energies[-1] - GAP))
    try:
        scipy.linalg.cholesky(lifted.T, lower=True, overwrite_a=True, check_finite=False)
    except scipy.linalg.LinAlgError:
        raise SolverError(
            "Lanczos missed a state (degenerate levels?); use `solver: dense` for these levels"
        ) from None


def _lanczos(
    product: Product, size: int, count: int, tolerance: float, restarts: int
) -> tuple[np.ndarray, np.ndarray]:
    krylov = min(size, max(2 * count + 20, 40))
    options: dict[str, Any] = {"v0": _start(size), "tol": tolerance, "maxiter": restarts}
    operator = _operator(size, product)
    energies, vectors = eigsh(operator, count, which="SA", ncv=krylov, **options)
    order = np.argsort(energies)
    return energies[order], vectors[:, order]


def _lifted(product: Product, energies: np.ndarray, vectors: np.ndarray) -> Product:
    """H with the found levels moved above the highest of them."""
    lift = 2 * (energies[-1] - energies) + 1.0
    return lambda v: product(v) + vectors @ (lift * (vectors.T @ v))


def _operator(size: int, product: Product) -> LinearOperator:
    # The constructor picks a subclass by its arguments, which type checkers cannot follow.
    shape: Any = (size, size)
    return LinearOperator(shape, matvec=product, dtype=np.float64)  # pyright: ignore


def _start(size: int) -> np.ndarray:
    """A fixed start vector that has every symmetry."""
    return np.random.default_rng(1).standard_normal(size)
