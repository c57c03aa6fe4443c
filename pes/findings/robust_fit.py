"""Robust least squares: polynomials of the best degree, which a few wrong labels cannot bend."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pes.chunks import in_chunks
from pes.data import Dataset
from pes.descriptors import Descriptor, Invariants

__all__ = ["RobustFit", "features", "ridge_factors", "robust_fit"]

BEND = 4.0
"""Standardised residual beyond which a point loses its weight."""

LEAST = 1e-11
"""Ridge in units of the size of the matrix: features that depend on others get no large numbers."""


@dataclass(frozen=True, eq=False)
class RobustFit:
    """One weighted fit: scaled features, coefficients, residuals of labels left out, scale."""

    descriptor: Invariants
    matrix: Tensor
    lengths: Tensor
    numbers: Tensor
    directions: Tensor
    residuals: Tensor
    scale: Tensor
    deviation: float

    @property
    def typical(self) -> float:
        """Median of |residuals|, hartree."""
        return float(self.residuals.abs().median())

    def weights(self, base: Tensor) -> Tensor:
        """Weights (S,) of the next fit."""
        far = self.residuals / (BEND * self.scale.clamp(min=1e-300))
        return base / (1 + far.square()) ** 2


def robust_fit(
    degrees: Sequence[Invariants],
    some: Dataset,
    base: Tensor,
    steps: int,
    fit: RobustFit | None = None,
) -> RobustFit:
    """Iteratively reweighted least squares; a label far off the best degree loses its weight.

    Args:
        degrees: polynomials, each degree with those of the one before.
        some: points.
        base: weights (S,) before any is lost.
        steps: number of fits.
        fit: what an earlier call returned, to go on from.
    """
    matrix = features(degrees[-1], some.positions)
    lengths = matrix.square().mean(0).sqrt()
    for _ in range(steps):
        weights = base if fit is None else fit.weights(base)
        fit = _weighted(degrees, matrix / lengths, lengths, some.energies, base, weights)
    assert fit is not None
    return fit


def _weighted(
    degrees: Sequence[Invariants], matrix: Tensor, lengths: Tensor, energies: Tensor, base: Tensor,
    weights: Tensor,
) -> RobustFit:  # fmt: skip
    """Weighted least squares of the best degree, and what fits without a point leave of its label.

    The polynomials of each degree are the first ones of the next, so a single matrix is factorised
    for all. The size expected of a residual is (1/base + x (XᵀWX)⁻¹ xᵀ/(1 − h))^½ times a common
    deviation, h being the leverage of the point.
    """
    root, height = weights.sqrt(), energies.median()
    q, r = ridge_factors(root[:, None] * matrix)
    along = q.mT @ (root * (energies - height))

    def typical(degree: Invariants) -> float:
        own = slice(1 + degree.size)
        rest = 1 - q[:, own].square().sum(1).clamp(max=1 - 1e-6)
        return float(((energies - height - q[:, own] @ along[own] / root) / rest).abs().median())

    best = min(degrees, key=typical)
    own = slice(1 + best.size)
    matrix, lengths = matrix[:, own], lengths[own]
    one = torch.eye(len(lengths), dtype=lengths.dtype)
    directions = torch.linalg.solve_triangular(r[own, own], one, upper=True)
    numbers = directions @ along[own]
    spread = (matrix @ directions).square().sum(1)
    rest = 1 - (weights * spread).clamp(max=1 - 1e-6)
    residuals = (energies - height - matrix @ numbers) / rest
    expected = (1 / base + spread / rest).sqrt()
    deviation = 1.4826 * float((residuals / expected).abs().median())
    numbers[0] += height * lengths[0]
    return RobustFit(
        best, matrix, lengths, numbers, directions, residuals, expected * deviation, deviation
    )


def features(descriptor: Descriptor, positions: Tensor) -> Tensor:
    """One and the features (B, F + 1) of positions (B, N, 3)."""
    with torch.no_grad():
        own = in_chunks(descriptor, positions, 512)
    return torch.cat((torch.ones_like(own[:, :1]), own), 1)


def ridge_factors(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Q (S, F) and R (F, F) of a matrix over a small ridge."""
    one = torch.eye(rows.shape[1], dtype=rows.dtype)
    q, r = torch.linalg.qr(torch.cat((rows, LEAST * rows.norm() * one)))
    return q[: len(rows)], r
