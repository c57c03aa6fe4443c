"""One symmetry block of a force field: levels in a set of functions that grows where it matters."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
import torch

from pes.force_fields.hamiltonian import FieldHamiltonian
from pes.force_fields.second_order import SecondOrder, second_order_shifts
from pes.vibration.eigensolvers.davidson import davidson, driven, zero_order
from pes.vibration.eigensolvers.eigenpairs import SolverError

__all__ = ["BlockRequest", "FieldBlock", "Thresholds", "solved_block"]

DENSE = 1200
"""Functions up to which the matrix is diagonalised."""

ZERO_ORDER = 600
"""Functions in which the zero-order Hamiltonian of the Davidson method is exact."""

TYPICAL = 0.005
"""Hartree that the mean frequency is scaled to, for which the Davidson method has its limits."""

SAME = 0.8
"""Overlap from which a level is the one of the smaller set."""

SLOPES = (0.5, 2.5)
"""Change of a level by its change of second order within which the two may be extrapolated."""

LEAST_SHARE = 0.3
"""Share of the second-order shift that is always taken for an error: with it the estimates held
every one of fifty levels of oscillators whose exact levels are known, from 4,000 functions on."""

EXACT = 0.2
"""Share of the accuracy that the eigensolver and small couplings may take."""


@dataclass(frozen=True)
class Thresholds:
    """Limits of the numerical work, in hartree.

    Attributes:
        coupling: matrix element times coefficient that counts to second order.
        residual: norm of a converged level.
        error: error that both leave in a level.
        scale: factor that brings frequencies to the size of a molecule's.
    """

    coupling: float
    residual: float
    error: float
    scale: float

    @classmethod
    def of(cls, accuracy: float, frequencies: np.ndarray) -> "Thresholds":
        """Limits for an accuracy: errors go with the square of either."""
        mean, least = float(frequencies.mean()), float(frequencies.min())
        return cls(
            6e-4 * np.sqrt(accuracy * mean), 0.1 * np.sqrt(accuracy * least), EXACT * accuracy,
            TYPICAL / mean,
        )  # fmt: skip


@dataclass(frozen=True)
class FieldBlock:
    """Levels of one block.

    Attributes:
        label: quanta that represent its coset, (Q,).
        partners: number of blocks with the same levels, itself included.
        numbers: functions, ascending, (N,).
        variational: eigenvalues in these functions, (S,) in hartree.
        vectors: (N, S).
        outside: second-order shifts and where they come from.
        energies: variational, second order and extrapolation, (S,) in hartree.
        errors: estimates of what more functions do to them, (S,) in hartree.
        nonzero: elements of the matrix.
        products: number of products of H with vectors.
    """

    label: tuple[int, ...]
    partners: int
    numbers: np.ndarray
    variational: np.ndarray
    vectors: np.ndarray
    outside: SecondOrder
    energies: np.ndarray
    errors: np.ndarray
    nonzero: int
    products: int

    @property
    def size(self) -> int:
        """Number of functions."""
        return len(self.numbers)

    def grown(self, more: int) -> np.ndarray:
        """Numbers of the functions, and of the `more` others that matter most, ascending."""
        outside = self.outside
        if more < len(outside.numbers):
            added = outside.numbers[np.argpartition(-outside.largest, more)[:more]]
        else:
            added = outside.numbers
        return np.union1d(self.numbers, added)

    @property
    def memory(self) -> int:
        """Bytes that its calculation takes at most, roughly."""
        space = 2 * (3 * len(self.energies) + 96) * self.size * 8
        return 32 * self.nonzero + 60 * self.outside.elements + space


@dataclass(frozen=True)
class BlockRequest:
    """A block to be solved.

    Attributes:
        label: quanta that represent its coset, (Q,).
        partners: number of blocks with the same levels, itself included.
        numbers: functions, ascending, (N,).
        count: levels, as many as there are functions at most.
        before: the block in fewer functions, to start from and to extrapolate with.
        beyond: tells for quanta (Q, N) the functions beyond a barrier, if there is one.
    """

    label: tuple[int, ...]
    partners: int
    numbers: np.ndarray
    count: int
    before: FieldBlock | None = None
    beyond: Callable[[np.ndarray], np.ndarray] | None = None


def solved_block(h: FieldHamiltonian, request: BlockRequest, limits: Thresholds) -> FieldBlock:
    """Levels of a block in some functions, and what those outside add.

    Raises:
        SolverError: if a level does not converge.
    """
    numbers, before = request.numbers, request.before
    quanta = h.numbering.quanta(numbers)
    matrix = h.matrix(quanta, numbers)
    count = min(request.count, len(numbers))
    energies, vectors, products = _lowest(matrix, count, limits, _carried(before, numbers))
    strength = abs(vectors).max(1)
    couplings = h.couplings(quanta, numbers, strength, limits.coupling)
    outside = second_order_shifts(h, couplings, energies, vectors, request.beyond)
    levels, errors = _extrapolated(before, numbers, energies, vectors, outside.shifts)
    return FieldBlock(
        request.label, request.partners, numbers, energies, vectors, outside, levels,
        errors + limits.error, matrix.nnz, products,
    )  # fmt: skip


def _lowest(
    matrix: sparse.csr_matrix, count: int, limits: Thresholds, start: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, int]:
    """Energies (S,), vectors (N, S), products of H with vectors."""
    diagonal = matrix.diagonal() * limits.scale
    if len(diagonal) <= DENSE:
        energies, vectors = np.linalg.eigh(matrix.toarray())
        return energies[:count], vectors[:, :count], 0
    block = np.sort(np.argsort(diagonal)[:ZERO_ORDER])
    inner = matrix[block][:, block].toarray() * limits.scale
    preconditioner = zero_order(*map(torch.from_numpy, (block, inner, diagonal)))
    energies, vectors, _, end = driven(
        davidson(
            preconditioner, count, tolerance=limits.residual * limits.scale,
            start=None if start is None else torch.from_numpy(start),
        ),
        lambda v: torch.from_numpy(np.ascontiguousarray((matrix @ v.numpy().T).T) * limits.scale),
    )  # fmt: skip
    if end.converged < count:
        raise SolverError(
            f"only {end.converged} of {count} levels of a block converged after {end.matvecs} "
            "products; ask for fewer levels"
        )
    return energies.numpy() / limits.scale, vectors.numpy().T.copy(), end.matvecs


def _carried(before: FieldBlock | None, numbers: np.ndarray) -> np.ndarray | None:
    """Vectors of a smaller set in a larger one, (S, N)."""
    if before is None:
        return None
    vectors = np.zeros((before.vectors.shape[1], len(numbers)))
    vectors[:, np.searchsorted(numbers, before.numbers)] = before.vectors.T
    return vectors


def _extrapolated(
    before: FieldBlock | None,
    numbers: np.ndarray,
    variational: np.ndarray,
    vectors: np.ndarray,
    shifts: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Levels where the second-order shift would vanish, by two sets, and how far to trust them."""
    levels, errors = variational + shifts, abs(shifts)
    if before is None:
        return levels, errors
    overlaps = abs(vectors[np.searchsorted(numbers, before.numbers)].T @ before.vectors)
    same = overlaps.argmax(1)
    fall = before.variational[same] - variational
    less = shifts - before.outside.shifts[same]
    slope = fall / np.where(less > 0, less, np.inf)
    safe = (overlaps.max(1) > SAME) & (slope > SLOPES[0]) & (slope < SLOPES[1])
    slope = np.where(safe, slope, 1.0)
    beyond = (slope - 1) * shifts
    return levels + beyond, np.where(safe, np.maximum(abs(beyond), LEAST_SHARE * errors), errors)
