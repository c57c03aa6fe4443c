"""Linear least squares as accurate as QR, in memory that does not grow with the rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["RIDGES", "Decomposition", "decomposition", "triangular_factor"]

RIDGES = (0.0, *(10.0**k for k in range(-15, -3)))
"""Regularisations that `auto` tries."""

SMALLEST = 1e-14
"""Singular values below this share of the largest are rounding."""


def triangular_factor(blocks: Iterable[Tensor]) -> Tensor:
    """R (≤ K, K) of A = QR for a matrix A given as blocks of rows (m, K).

    Each block is appended to the factor of those before it and the two are factorised
    together: as stable as one factorisation of A, while AᵀA would square its condition.

    References:
        J. Demmel et al., SIAM J. Sci. Comput. 34, A206 (2012), doi:10.1137/080731992

    Raises:
        ValueError: if there is no row.
    """
    factor: Tensor | None = None
    for block in blocks:
        rows = block if factor is None else torch.cat((factor, block))
        factor = torch.linalg.qr(rows, mode="r").R
    if factor is None:
        raise ValueError("a matrix of no rows has no factor")
    return factor


@dataclass(frozen=True)
class Decomposition:
    """Decomposition of A D⁻¹ that gives the solution for any ridge.

    Attributes:
        values: singular values s (K,), the largest first.
        projections: uᵀ Qᵀ b (K,).
        directions: right singular vectors (K, F), divided by the lengths D of the columns.
    """

    values: Tensor
    projections: Tensor
    directions: Tensor

    def coefficients(self, ridges: Sequence[float], *, smallest: float = SMALLEST) -> Tensor:
        """c (F, R) for each of R ridges: Σ_k v_k s_k (u_k·b) / (s_k² + ridge² s₁²).

        Directions whose s_k is below `smallest` s₁ are left out.
        """
        s = self.values[:, None]
        damping = s.new_tensor(list(ridges))[None] * s[0]
        kept = s > smallest * s[0]
        filtered = torch.where(kept, s / torch.where(kept, s**2 + damping**2, 1.0), 0.0)
        return self.directions.mT @ (filtered * self.projections[:, None])

    def filters(self, ridges: Sequence[float], *, smallest: float = SMALLEST) -> Tensor:
        """Share s_k²/(s_k² + ridge² s₁²) with which each direction is fitted, (K, R)."""
        s = self.values[:, None]
        damping = s.new_tensor(list(ridges))[None] * s[0]
        kept = s > smallest * s[0]
        return torch.where(kept, s**2 / torch.where(kept, s**2 + damping**2, 1.0), 0.0)

    def leverages(self, rows: Tensor, ridges: Sequence[float]) -> Tensor:
        """Leverage of the label of each row of A (M, F) on its own fit, for R ridges (M, R).

        h_i = Σ_k U_ik² s_k²/(s_k² + ridge² s₁²) with U_ik = a_i·v_k/s_k. The residual at point i
        of a fit without it is r_i/(1 − h_i): one decomposition gives them all.

        References:
            D. M. Allen, Technometrics 16, 125 (1974), doi:10.1080/00401706.1974.10489157
        """
        scaled = self.directions / self.values.clamp(min=1e-300)[:, None]
        return (rows @ scaled.mT).square() @ self.filters(ridges)


def decomposition(
    matrix: Tensor, values: Tensor, *, lengths: Tensor | None = None
) -> Decomposition:
    """Singular values of A (M, F) and what they leave of b (M,).

    A and b may be the triangular factor of a larger problem, its right-hand side the last column.

    Args:
        matrix: A (M, F).
        values: b (M,).
        lengths: D (F,), by which the columns are divided; their own by default.
    """
    if lengths is None:
        own = matrix.norm(dim=0)
        lengths = torch.where(own > 0, own, 1.0)
    u, s, vh = torch.linalg.svd(matrix / lengths, full_matrices=False)
    return Decomposition(s, u.mT @ values, vh / lengths)
