"""Lowest eigenvectors by the block Davidson method, on whatever device the vectors live.

The space grows by the residuals of the levels not yet converged, divided by H − E as a
zero-order Hamiltonian has it: exact in the block of the lowest product functions, diagonal
beyond. When it has grown too large it is cut back to the best vectors.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor

__all__ = ["Progress", "Steps", "ZeroOrder", "davidson", "driven", "zero_order"]

BLOCK = 16
"""Residuals followed in one step: enough for matrix products, few enough to be all useful."""

Product = Callable[[Tensor], Tensor]
R = TypeVar("R")
Steps = Generator[Tensor, Tensor, R]
"""Asks for H times the vectors it yields, so that several calculations may share products."""


@dataclass(frozen=True)
class Progress:
    """State after a step.

    Attributes:
        converged: levels whose residual is small enough.
        requested: number of levels asked for.
        residual: largest residual norm of them, hartree.
        matvecs: products of H with a vector so far.
        vectors: best vectors so far, (requested, N): enough to go on from.
    """

    converged: int
    requested: int
    residual: float
    matvecs: int
    vectors: Tensor


@dataclass(frozen=True)
class ZeroOrder:
    """H in the block of some functions, its diagonal elsewhere.

    Attributes:
        block: numbers of the functions, (B,).
        energies: eigenvalues in the block, (B,).
        vectors: eigenvectors, (B, B), columns.
        diagonal: (N,).
    """

    block: Tensor
    energies: Tensor
    vectors: Tensor
    diagonal: Tensor

    def divide(self, residuals: Tensor, energies: Tensor) -> Tensor:
        """(H₀ − E)⁻¹ r for each row, (S, N)."""
        divided = residuals / _off_zero(self.diagonal - energies[:, None])
        inner = (residuals[:, self.block] @ self.vectors) / _off_zero(
            self.energies - energies[:, None]
        )
        divided[:, self.block] = inner @ self.vectors.T
        return divided

    def above(self, energy: Tensor, least: Tensor) -> "ZeroOrder":
        """H₀ − E with its eigenvalues raised to `least`, so that dividing by it is positive."""
        energies, diagonal = ((x - energy).clamp(min=least) for x in (self.energies, self.diagonal))
        return replace(self, energies=energies, diagonal=diagonal)

    def start(self, count: int) -> Tensor:
        """Lowest eigenvectors of H₀, and a vector with parts of every symmetry, (count + 1, N)."""
        count = min(count, len(self.block))
        vectors = self.diagonal.new_zeros(count + 1, len(self.diagonal))
        vectors[:count, self.block] = self.vectors[:, :count].T
        generator = torch.Generator().manual_seed(1)
        noise = torch.randn(len(self.diagonal), generator=generator, dtype=torch.float64)
        # Small where H is large, or its residual would be nothing but high levels.
        vectors[count] = noise.to(vectors) / (self.diagonal - self.energies[0] + 1e-3).clamp(1e-3)
        return vectors


def zero_order(block: Tensor, matrix: Tensor, diagonal: Tensor) -> ZeroOrder:
    """Zero-order Hamiltonian from H in the block, (B, B), and the diagonal."""
    energies, vectors = torch.linalg.eigh(matrix)
    return ZeroOrder(block, energies, vectors, diagonal)


def driven(steps: Steps[R], product: Product) -> R:
    """Result of the Davidson generator, run with a given product of H with vectors."""
    try:
        vectors = next(steps)
        while True:
            vectors = steps.send(product(vectors))
    except StopIteration as end:
        return end.value


def davidson(
    preconditioner: ZeroOrder,
    count: int,
    *,
    start: Tensor | None = None,
    tolerance: float = 2e-9,
    most: int = 20000,
    watch: Callable[[Progress], None] = lambda _: None,
) -> Steps[tuple[Tensor, Tensor, Tensor, Progress]]:
    """The lowest `count` eigenpairs; yields rows (S, N) and is to be sent H times them.

    Args:
        preconditioner: zero-order Hamiltonian.
        count: at most N.
        start: vectors to begin with, (S, N), such as those of an earlier calculation.
        tolerance: tolerance of each residual norm, hartree; the error of a level is its square over
            the distance to the next.
        most: vectors H is applied to before giving up.
        watch: called after each step.

    Returns:
        Energies (count,), orthonormal vectors (count, N), residual norms (count,) and what the last
        step was like; the caller must look whether all have converged.

    References:
        E. R. Davidson, J. Comput. Phys. 17, 87 (1975), doi:10.1016/0021-9991(75)90065-0
    """
    size = len(preconditioner.diagonal)
    v = preconditioner.start(min(size, count + 4))
    if start is not None:
        # They stand for as many of the lowest zero-order vectors; the last has every symmetry.
        v = torch.cat((start.to(v), v[min(len(start), len(v) - 1) :]))
    v = _orthonormal(v)
    hv = yield v
    used, largest = len(v), min(size, 3 * count + 6 * BLOCK)
    while True:
        energies, mixture = torch.linalg.eigh(_symmetric(v @ hv.T))
        energies, ritz = energies[:count], mixture[:, :count].T
        vectors = ritz @ v
        residuals = ritz @ hv - energies[:, None] * vectors
        norms = residuals.norm(dim=1)
        left = (norms > tolerance).nonzero().flatten()
        now = Progress(count - len(left), count, float(norms.max()), used, vectors)
        watch(now)
        if not len(left) or used >= most or len(v) == size:
            return energies, vectors, norms, now
        chosen = left[:BLOCK]
        new = preconditioner.divide(residuals[chosen], energies[chosen])
        if len(v) + len(new) > largest:
            keep = mixture[:, : min(len(v), count + count // 2 + BLOCK)].T
            v, hv = keep @ v, keep @ hv
        new = _orthonormal(new, v)
        if not len(new):
            return energies, vectors, norms, now
        more = yield new
        v, hv, used = torch.cat((v, new)), torch.cat((hv, more)), used + len(new)


def _orthonormal(vectors: Tensor, against: Tensor | None = None) -> Tensor:
    """Orthonormal rows that span what `vectors` add to `against`."""
    new = vectors / vectors.norm(dim=1, keepdim=True)
    for _ in range(3):
        if against is not None:
            new = new - (new @ against.T) @ against
        q, r = torch.linalg.qr(new.T)
        sizes = r.diagonal().abs()
        new = q.T[sizes > 1e-10 * sizes.max().clamp(min=1e-300)]
    return new


def _symmetric(matrix: Tensor) -> Tensor:
    return (matrix + matrix.T) / 2


def _off_zero(gaps: Tensor) -> Tensor:
    """A level in resonance with a zero-order one would be divided by nothing."""
    least = 1e-4
    return torch.where(gaps.abs() < least, torch.where(gaps < 0, -least, least), gaps)
