"""Points moved to lower energies in some of their coordinates, the others held."""

from collections.abc import Sequence
from itertools import combinations

import torch
from torch import Tensor

from pes.vibration.system.region import energies_or_infinite
from pes.vibration.system.system import System

__all__ = ["relaxed_points"]


ROUNDING = 1e-15
"""Relative difference of energies that says nothing: near a minimum steps are below it."""

STILL = 1e-12
"""Bohr or radians below which no further step is taken."""


def relaxed_points(
    system: System,
    q: Tensor,
    others: Sequence[int],
    limits: Sequence[tuple[float, float]],
    *,
    step: Tensor,
    farthest: Tensor,
    steps: int,
) -> Tensor:
    """The points after some Newton steps in some coordinates that lower V, (M, Q).

    Directions of negative curvature are followed downhill, and a step that does not lower V is
    shortened, then left out.

    Args:
        system: supplies V(q).
        q: points (M, Q).
        others: numbers of the coordinates that are moved.
        limits: ends of all coordinates.
        step: step of differences, (Q,).
        farthest: longest step, (Q,).
        steps: number of steps.
    """
    low, high = torch.tensor(limits, dtype=torch.float64).T
    moved = torch.tensor(others)
    v = energies_or_infinite(system, q)
    for _ in range(steps):
        slope, curvature = _derivatives(system, q, v, moved, step)
        usable = slope.isfinite().all(1) & curvature.isfinite().flatten(1).all(1)
        slope, curvature = (
            slope.where(usable[:, None], 0.0),
            curvature.where(usable[:, None, None], torch.eye(len(moved), dtype=torch.float64)),
        )
        energies, modes = torch.linalg.eigh(curvature)
        along = (modes.mT @ slope[..., None]) / energies.abs().clamp(min=1e-6)[..., None]
        change = torch.zeros_like(q)
        change[:, moved] = -(modes @ along)[..., 0]
        change, before = change.clamp(-farthest, farthest), q
        for part in (1.0, 0.3, 0.1):
            trial = (q + part * change).clamp(low, high)
            energy = energies_or_infinite(system, trial)
            lower = energy - v < ROUNDING * v.abs()
            q, v = torch.where(lower[:, None], trial, q), torch.where(lower, energy, v)
            change = torch.where(lower[:, None], 0.0, change)
        if float((q - before).abs().max()) < STILL:
            break
    return q


def _derivatives(
    system: System, q: Tensor, v: Tensor, moved: Tensor, step: Tensor
) -> tuple[Tensor, Tensor]:
    """Slopes (M, K) and second derivatives (M, K, K) of V in some coordinates, by differences."""
    count = len(moved)
    h = step[moved]
    unit = torch.diag(step)[moved]
    pairs = list(combinations(range(count), 2))
    shifts = torch.stack([*unit, *-unit, *(unit[i] + unit[j] for i, j in pairs)])
    values = energies_or_infinite(system, (q[:, None] + shifts).flatten(0, 1))
    plus, minus, both = values.reshape(len(q), -1).split((count, count, len(pairs)), 1)
    curvature = torch.diag_embed((plus + minus - 2 * v[:, None]) / h**2)
    for c, (i, j) in enumerate(pairs):
        mixed = (both[:, c] - plus[:, i] - plus[:, j] + v) / (h[i] * h[j])
        curvature[:, i, j] = curvature[:, j, i] = mixed
    return (plus - minus) / (2 * h), curvature
