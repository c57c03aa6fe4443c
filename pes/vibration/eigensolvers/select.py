"""Lowest eigenpairs of a Hamiltonian: dense, by shift and invert, or by iterations.

Iterations need products of H with vectors: from the matrix where it fits into memory and is
built sooner than the products are made, else on the grid.
"""

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

from pes.units import CM1
from pes.vibration.eigensolvers.arpack import shift_invert
from pes.vibration.eigensolvers.davidson import (
    Progress,
    Steps,
    ZeroOrder,
    davidson,
    driven,
    zero_order,
)
from pes.vibration.eigensolvers.eigenpairs import GAP, Eigenpairs, SolverError, of_matrix
from pes.vibration.eigensolvers.memory import check_matrix, matrix_pays
from pes.vibration.eigensolvers.operator import Operator

__all__ = [
    "SOLVERS",
    "by_davidson",
    "chosen",
    "davidson_steps",
    "dense",
    "exact_below",
    "lowest_eigenpairs",
    "multiplied",
    "unlike",
]

DENSE_LIMIT = 2500
"""Functions up to which the matrix is factorised."""

LONG = 3e9
"""Multiplications of a matrix that take seconds: iterations may then be the sooner done."""

BLOCK = 600
"""Functions in which the zero-order Hamiltonian of the Davidson method is exact."""

TIGHT = 2e-9
"""Residual norm (hartree) of a level; the error of its energy is the square over the gap."""

LOOSE = 1e-5
"""Residual norm (hartree) of the state searched for below them: its energy is then 1e-7 off."""

UNLIKE = 0.5
"""Part of a start vector outside the known levels from which it may lead to a missed one."""

ON_CPU = ("shift_invert",)
"""Solvers by ARPACK, which knows no other device."""

REPLACED = {"iterative": "davidson"}
"""Solvers of earlier versions and what to use instead."""

Watch = Callable[[Progress], None]
R = TypeVar("R")


def lowest_eigenpairs(
    hamiltonian: Operator,
    count: int,
    *,
    solver: str = "auto",
    start: Tensor | None = None,
    tolerance: float = TIGHT,
    watch: Watch = lambda _: None,
) -> Eigenpairs:
    """The `count` lowest eigenpairs, with no use of symmetry; see `lowest_blockwise`.

    Args:
        hamiltonian: N functions.
        count: at most N.
        solver: a key of `SOLVERS`, or `auto`: shift and invert (off the CPU the whole matrix)
            up to 2,500 functions, Davidson beyond and where the matrix takes longer.
        start: vectors near the eigenvectors, (S, N); only the Davidson method uses them.
        tolerance: tolerance of residual norms, hartree; likewise.
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
        return by_davidson(hamiltonian, count, start=start, tolerance=tolerance, watch=watch)
    return SOLVERS[solver](hamiltonian, count)


def chosen(hamiltonian: Operator, count: int, solver: str) -> str:
    """The solver itself, or for `auto` the one that suits the size.

    Raises:
        ValueError: for an unknown solver, or one that does not work on this device.
    """
    if solver in REPLACED:
        raise ValueError(f"solver {solver!r} was removed; use {REPLACED[solver]!r} instead")
    if solver != "auto" and solver not in SOLVERS:
        raise ValueError(f"solver {solver!r} is not one of auto, {', '.join(SOLVERS)}")
    size, device = hamiltonian.size, hamiltonian.device
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
    few = size > 300 and count <= size // 4
    if size > DENSE_LIMIT or (few and _long(hamiltonian)):
        return "davidson"
    return "shift_invert" if few and device.type == "cpu" else "dense"


def _long(hamiltonian: Operator) -> bool:
    """Whether building the matrix takes seconds, and longer than iterations would."""
    return hamiltonian.matrix_cost > LONG and not matrix_pays(hamiltonian)


def dense(hamiltonian: Operator, count: int) -> Eigenpairs:
    """All eigenpairs of the matrix by `torch.linalg.eigh`, on any device."""
    check_matrix(hamiltonian, copies=3)
    matrix = hamiltonian.dense()
    energies, vectors = torch.linalg.eigh(matrix)
    return of_matrix(matrix, energies[:count], vectors[:, :count], "dense")


def by_davidson(
    hamiltonian: Operator,
    count: int,
    *,
    start: Tensor | None = None,
    tolerance: float = TIGHT,
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
    tolerance: float = TIGHT,
    most: int = 20000,
    watch: Watch = lambda _: None,
) -> Steps[Eigenpairs]:
    """Steps of `by_davidson`, whose products with H on the grid are left to others.

    Raises:
        SolverError: if a level does not converge.
    """
    matrix = hamiltonian.dense() if matrix_pays(hamiltonian) else None
    zero = exact_below(hamiltonian, max(BLOCK, 2 * count), matrix, least=2 * count)
    # Vectors of another basis are no beginning.
    same = start is not None and start.shape[1] == len(zero.diagonal)
    used, vectors = 0, start if same else None
    while True:
        levels, vectors, residuals, end = yield from multiplied(
            davidson(zero, count, start=vectors, tolerance=tolerance, most=most, watch=watch),
            matrix,
        )
        used += end.matvecs
        if end.converged < count:
            raise SolverError(
                f"only {end.converged} of {count} levels converged after {used} products H·v, "
                f"largest residual {end.residual / CM1:.2g} cm-1; ask for fewer levels, lower the "
                "potential cap or resume the calculation"
            )
        begin = unlike(zero.start(count + 8), vectors)
        search = davidson(zero, 1, start=begin, tolerance=LOOSE, most=most)
        lift = 2 * (levels[-1] - levels) + 1.0
        missed, other, _, end = yield from multiplied(search, matrix, vectors, lift)
        used += end.matvecs
        if float(missed[0]) > float(levels[-1]) - GAP:
            break
        vectors = torch.cat((vectors, other))
    return Eigenpairs(levels, vectors, residuals, "davidson", used)


def exact_below(
    hamiltonian: Operator, size: int, matrix: Tensor | None = None, *, least: int = 0
) -> ZeroOrder:
    """H₀ that is H in functions of low zero-order energy, `size` of them or what costs little.

    Args:
        hamiltonian: N functions.
        size: size of the block, at most N.
        matrix: matrix of H, if there is one.
        least: size of the block at any cost.
    """
    energies = hamiltonian.zero_order_energies
    if matrix is None:
        block = hamiltonian.simplest(size, least).sort().values
        part = hamiltonian.submatrix(block)
    else:
        block = energies.argsort()[:size].sort().values
        part = matrix[block][:, block]
    # Product energies know nothing of the mean coupling; the block says what it is.
    diagonal = energies + (part.diagonal() - energies[block]).mean()
    diagonal = diagonal if matrix is None else matrix.diagonal().clone()
    return zero_order(block, part, diagonal)


def multiplied(
    steps: Steps[R], matrix: Tensor | None, known: Tensor | None = None, lift: Tensor | None = None
) -> Steps[R]:
    """Steps that meet the matrix where there is one, and levels found lifted."""
    try:
        v = next(steps)
        while True:
            product = (yield v) if matrix is None else v @ matrix
            if known is not None and lift is not None:
                product = product + ((v @ known.T) * lift) @ known
            v = steps.send(product)
    except StopIteration as end:
        return end.value


def unlike(vectors: Tensor, known: Tensor) -> Tensor:
    """Vectors without their part among known levels, where enough of them is left."""
    left = vectors - (vectors @ known.T) @ known
    return left[left.norm(dim=1) > UNLIKE * vectors.norm(dim=1)]


SOLVERS: dict[str, Callable[[Operator, int], Eigenpairs]] = {
    "dense": dense,
    "shift_invert": shift_invert,
    "davidson": by_davidson,
}
