"""New points that reduce the error bars of levels most."""

import torch
from torch import Tensor

from pes.potential.holes.coverage import Coverage

__all__ = ["level_proposals"]

DRAWS = 4096
"""Points that the sums over the grid are drawn with."""

REACH = 0.3
"""Distance, in units of the largest gap between training points, over which errors of the surface
go together."""

EXHAUSTED = 1e-9
"""Share of its first variance below which a point has nothing more to tell."""


def level_proposals(
    coverage: Coverage,
    positions: Tensor,
    deviations: Tensor,
    weights: Tensor,
    count: int,
    *,
    seed: int = 0,
    reach: float = REACH,
) -> list[int]:
    """Rows of a grid whose labels would reduce the error bars of levels most.

    To first order a level moves by Σ_q w_n(q) e(q), e being the error of the surface at the points
    of the grid and w_n the density |ψ_n|². The errors have the covariance

        C(q, x) = Σ_k d_k(q) d_k(x)/(M − 1) · exp(−|z(q) − z(x)|²/2ℓ²)

    of the members of an ensemble, damped with the distance in z (standardised invariants) because
    few members go together everywhere by chance. A label at x removes
    Σ_n [Σ_q w_n(q) C(q, x)]²/C(x, x) from the sum of the squared error bars. One after the other,
    the point that removes most is taken, and C is replaced by what is left of it.

    Args:
        coverage: coverage of the training points.
        positions: positions of the grid, (P, N, 3) in bohr.
        deviations: members' energies from their mean, (M, P) in hartree.
        weights: w_n at each point of the grid, (S, P); differences of densities for energies above
            the ground state.
        count: number of rows; fewer are returned where nothing is left to remove.
        seed: seed of the points that the sums are drawn with.
        reach: ℓ in units of the largest gap between training points.

    References:
        P. L. Houtekamer, H. L. Mitchell, Mon. Weather Rev. 129, 123 (2001),
        doi:10.1175/1520-0493(2001)129<0123:ASEKFF>2.0.CO;2
    """
    rows, drawn = _drawn(weights.abs().sum(0), seed)
    d = deviations[:, rows] / max(1, len(deviations) - 1) ** 0.5
    z = coverage.standardised(positions[rows]) / (reach * coverage.spacing)
    # A draw stands for 1/p of its density.
    w = weights[:, rows] * drawn
    damping = torch.exp(-torch.cdist(z, z).square() / 2)
    covariance = (d.T @ d) * damping
    moved, variance = w @ covariance, covariance.diagonal().clone()
    least = EXHAUSTED * variance
    columns: list[Tensor] = []
    taken: list[int] = []
    for _ in range(count):
        gain = torch.where(variance > least, moved.square().sum(0) / variance, 0.0)
        best = int(gain.argmax())
        if not gain[best] > 0:
            break
        taken.append(int(rows[best]))
        column = covariance[:, best] - sum((c * c[best] for c in columns), torch.zeros(()))
        column = column / variance[best].sqrt()
        columns.append(column)
        moved = moved - torch.outer(moved[:, best] / variance[best].sqrt(), column)
        variance = variance - column.square()
    return taken


def _drawn(density: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """Rows drawn with a density, each once, and the weight of each in sums over all."""
    p = density / density.sum()
    if int((p > 0).sum()) <= DRAWS:
        rows = p.nonzero()[:, 0]
        return rows, torch.ones_like(p[rows])
    generator = torch.Generator().manual_seed(seed)
    draws = torch.multinomial(p, DRAWS, replacement=True, generator=generator)
    rows, times = draws.unique(return_counts=True)
    return rows, times / (DRAWS * p[rows])
