"""Lowest eigenpairs of a Hamiltonian: dense, by shift and invert, or by iterations.

Iterations need products of H with vectors: from the matrix where it fits into memory and is
built sooner than the products are made, else on the grid.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import scipy.linalg
import torch
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh
from torch import Tensor

from pes.units import CM1
from pes.vibration.blocks import Block
from pes.vibration.davidson import Progress, Steps, davidson, driven, zero_order
from pes.vibration.hamiltonian import Hamiltonian
from pes.vibration.memory import check_matrix, matrix_pays

__all__ = [
    "SOLVERS",
    "Eigenpairs",
    "SolverError",
    "by_davidson",
    "chosen",
    "davidson_steps",
    "dense",
    "iterative",
    "lowest",
    "shift_invert",
]

DENSE_LIMIT = 2500
"""Functions up to which the matrix is factorised."""

BLOCK = 600
"""Functions in which the zero-order Hamiltonian of the Davidson method is exact."""

GAP = 1e-9
"""A state this far (hartree) below the highest level found has been missed; nearer to it, it
makes no difference."""

LOOSE = 1e-6
"""Residual norm (hartree) of the state searched for below them: its energy is then 1e-9 off."""

ON_CPU = ("shift_invert", "iterative")
"""Solvers by ARPACK, which knows no other device."""

Operator = Hamiltonian | Block
Product = Callable[[np.ndarray], np.ndarray]
Watch = Callable[[Progress], None]
R = TypeVar("R")


class SolverError(RuntimeError):
    """Eigenpairs not found, or not all of them; the message says what to try."""


@dataclass(frozen=True)
class Eigenpairs:
    """Eigenpairs in ascending order.

    Attributes:
        energies: (S,) in hartree.
        coefficients: (S, N), orthonormal rows.
        residuals: ‖Hc − Ec‖ for each, (S,) in hartree.
        solver: name of the method.
        products: applications of H, 0 for dense methods.
        above: energy of the next level, hartree; infinity where it is not known.
        symmetry: representation of each, if they were found in blocks.
    """

    energies: Tensor
    coefficients: Tensor
    residuals: Tensor
    solver: str
    products: int = 0
    above: float = float("inf")
    symmetry: tuple[str, ...] = ()

    def first(self, count: int) -> "Eigenpairs":
        """The lowest `count` of them."""
        return replace(
            self, energies=self.energies[:count], coefficients=self.coefficients[:count],
            residuals=self.residuals[:count], symmetry=self.symmetry[:count],
            above=float(self.energies[count]) if count < len(self.energies) else self.above,
        )  # fmt: skip


def lowest(
    hamiltonian: Operator,
    count: int,
    *,
    solver: str = "auto",
    start: Tensor | None = None,
    watch: Watch = lambda _: None,
) -> Eigenpairs:
    """The `count` lowest eigenpairs, with no use of symmetry; see `union.lowest`.

    Args:
        hamiltonian: N functions.
        count: at most N.
        solver: a key of `SOLVERS`, or `auto`: shift and invert (off the CPU the whole matrix)
            up to 2,500 functions, Davidson beyond.
        start: vectors near those wanted, (S, N); only the Davidson method uses them.
        watch: called after each of its steps.

    Raises:
        ValueError: if more eigenpairs are asked for than there are functions.
        SolverError: if the solver does not converge or missed a state.
    """
    if not 0 < count <= hamiltonian.size:
        raise ValueError(
            f"{count} levels need more than the {hamiltonian.size} basis functions there are; "
            "raise the number of functions"
        )
    solver = chosen(hamiltonian, count, solver)
    if solver == "davidson":
        return by_davidson(hamiltonian, count, start=start, watch=watch)
    return SOLVERS[solver](hamiltonian, count)


def chosen(hamiltonian: Operator, count: int, solver: str) -> str:
    """The solver itself, or for `auto` the one that suits the size."""
    if solver != "auto" and solver not in SOLVERS:
        raise ValueError(f"solver {solver!r} is not one of auto, {', '.join(SOLVERS)}")
    size, device = hamiltonian.size, hamiltonian.potential.device
    if solver in ON_CPU and device.type != "cpu":
        raise ValueError(
            f"solver {solver!r} works on the CPU, the Hamiltonian is on {device}; take auto, dense "
            "or davidson"
        )
    # Iterations cannot give all eigenpairs.
    if count == size:
        return "dense"
    if solver != "auto":
        return solver
    if size > DENSE_LIMIT:
        return "davidson"
    few = size > 300 and count <= size // 4
    return "shift_invert" if few and device.type == "cpu" else "dense"


def dense(hamiltonian: Operator, count: int) -> Eigenpairs:
    """All eigenpairs of the matrix by `torch.linalg.eigh`, on any device."""
    check_matrix(hamiltonian, copies=3)
    matrix = hamiltonian.dense()
    energies, vectors = torch.linalg.eigh(matrix)
    return _eigenpairs(matrix, energies[:count], vectors[:, :count], "dense")


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
    return _eigenpairs(
        matrix, torch.from_numpy(energies), torch.from_numpy(vectors), "shift_invert"
    )


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


def by_davidson(
    hamiltonian: Operator,
    count: int,
    *,
    start: Tensor | None = None,
    tolerance: float = 2e-9,
    most: int = 20000,
    watch: Watch = lambda _: None,
) -> Eigenpairs:
    """Block Davidson iterations on any device, then a search for states they missed.

    A state can be missed that has no part in any start vector; with the levels found lifted
    away, a start vector without symmetry leads to it if it lies below the highest of them.

    Raises:
        SolverError: if a level does not converge within `most` products.
    """
    steps = davidson_steps(
        hamiltonian, count, start=start, tolerance=tolerance, most=most, watch=watch
    )
    return driven(steps, hamiltonian.apply)


def davidson_steps(
    hamiltonian: Operator,
    count: int,
    *,
    start: Tensor | None = None,
    tolerance: float = 2e-9,
    most: int = 20000,
    watch: Watch = lambda _: None,
) -> Steps[Eigenpairs]:
    """What `by_davidson` does, products with H on the grid left to others."""
    matrix = hamiltonian.dense() if matrix_pays(hamiltonian) else None
    energies = hamiltonian.zero_order_energies
    block = energies.argsort()[: max(BLOCK, 2 * count)].sort().values
    part = hamiltonian.only(block).dense() if matrix is None else matrix[block][:, block]
    # Product energies know nothing of the mean coupling; the block says what it is.
    diagonal = energies + (part.diagonal() - energies[block]).mean()
    diagonal = diagonal if matrix is None else matrix.diagonal().clone()
    zero = zero_order(block, part, diagonal)
    # Vectors of another basis are no beginning.
    used, vectors = 0, start if start is not None and start.shape[1] == len(energies) else None
    while True:
        levels, vectors, end = yield from _multiplied(
            davidson(zero, count, start=vectors, tolerance=tolerance, most=most, watch=watch),
            matrix,
        )
        used += end.products
        if end.converged < count:
            raise SolverError(
                f"only {end.converged} of {count} levels converged after {used} products H·v, "
                f"largest residual {end.residual / CM1:.2g} cm-1; ask for fewer levels, lower the "
                "potential cap or go on from the last state"
            )
        begin = _unlike(zero.start(count + 8), vectors)
        search = davidson(zero, 1, start=begin, tolerance=LOOSE, most=most)
        lift = 2 * (levels[-1] - levels) + 1.0
        missed, other, end = yield from _multiplied(search, matrix, vectors, lift)
        used += end.products
        if float(missed[0]) > float(levels[-1]) - GAP:
            break
        vectors = torch.cat((vectors, other))
    applied = (yield vectors) if matrix is None else vectors @ matrix
    residuals = (applied - levels[:, None] * vectors).norm(dim=1)
    return Eigenpairs(levels, vectors, residuals, "davidson", used)


def _multiplied(
    steps: Steps[R], matrix: Tensor | None, found: Tensor | None = None, lift: Tensor | None = None
) -> Steps[R]:
    """Steps that meet the matrix where there is one, and levels found lifted."""
    try:
        v = next(steps)
        while True:
            product = (yield v) if matrix is None else v @ matrix
            if found is not None:
                product = product + ((v @ found.T) * lift) @ found
            v = steps.send(product)
    except StopIteration as end:
        return end.value


def _unlike(vectors: Tensor, found: Tensor) -> Tensor:
    """What is left of vectors without the levels found."""
    left = vectors - (vectors @ found.T) @ found
    return left[left.norm(dim=1) > 0.1 * vectors.norm(dim=1)]


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


SOLVERS: dict[str, Callable[[Operator, int], Eigenpairs]] = {
    "dense": dense,
    "shift_invert": shift_invert,
    "iterative": iterative,
    "davidson": by_davidson,
}


def _eigenpairs(matrix: Tensor, energies: Tensor, vectors: Tensor, solver: str) -> Eigenpairs:
    residuals = (matrix @ vectors - energies * vectors).norm(dim=0)
    return Eigenpairs(energies, vectors.T.contiguous(), residuals, solver)


def _prove_complete(h: np.ndarray, energies: np.ndarray, vectors: np.ndarray) -> None:
    lifted = h + (vectors * (2 * (energies[-1] - energies) + 1.0)) @ vectors.T
    np.fill_diagonal(lifted, lifted.diagonal() - (energies[-1] - GAP))
    try:
        scipy.linalg.cholesky(lifted.T, lower=True, overwrite_a=True, check_finite=False)
    except scipy.linalg.LinAlgError:
        raise SolverError(
            "Lanczos missed a state (degenerate levels?); use `solver: dense` for these levels"
        ) from None


def _operator(size: int, product: Product) -> LinearOperator:
    # The constructor picks a subclass by its arguments, which type checkers cannot follow.
    shape: Any = (size, size)
    return LinearOperator(shape, matvec=product, dtype=np.float64)  # pyright: ignore


def _start(size: int) -> np.ndarray:
    """A fixed start vector that has every symmetry."""
    return np.random.default_rng(1).standard_normal(size)
