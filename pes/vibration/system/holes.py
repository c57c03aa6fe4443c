"""Search for the holes of a surface, and the passes by which they are reached.

With V(q) above the minimum and

    H(q) = min over paths from the minima to q of the highest V on the path,

V lies below H behind a pass. Where such a place is deeper than the minimum it is a hole, and V is
raised to 2 H: a wall stands behind the pass. All else stays as it is.
"""

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from scipy.ndimage import label, maximum_filter, minimum_filter
from torch import Tensor

from pes.vibration.system.filling import Filling
from pes.vibration.system.region import energies_or_infinite, passed
from pes.vibration.system.system import System

__all__ = ["hole_filling"]

HIGH = 0.5
"""Hartree above the minimum up to which V is looked at: no bound level gets there."""

DEEP = 1e-5
"""Hartree below the minimum from which a place behind a pass belongs to a hole."""

AXIS = 48
"""Points along each coordinate of the grid on which holes are looked for."""

DIGITS = 4
"""Digits of the ends of this grid, bohr or radians."""

WALL = 2.0
"""Height of V in a hole, in that of its pass above the minimum."""

AROUND = (3, 3, 3)
"""A point of the grid and its neighbours."""


def hole_filling(
    system: System, wells: Tensor, limits: Sequence[tuple[float, float]]
) -> Filling | None:
    """Filling of the holes of a surface of three coordinates; None if there are none.

    Args:
        system: supplies V(q).
        wells: the lowest minimum, and others that belong to the molecule, (W, 3).
        limits: ends that no coordinate passes.
    """
    lowest = float(energies_or_infinite(system, wells[:1])[0])
    box = [
        [passed(system, well, k, end, lowest + HIGH) for well in wells for end in pair]
        for k, pair in enumerate(limits)
    ]
    # Rounded: like coordinates whose ends differ by the search have the same axes.
    axes = tuple(
        torch.linspace(round(min(e), DIGITS), round(max(e), DIGITS), AXIS, dtype=torch.float64)
        for e in box
    )
    grid = torch.cartesian_prod(*axes)
    v = (energies_or_infinite(system, grid) - lowest).clamp(max=HIGH).reshape([AXIS] * 3).numpy()
    bottoms = [
        tuple(int((axis - x).abs().argmin()) for axis, x in zip(axes, well, strict=True))
        for well in wells
    ]
    heights = _passes(v, bottoms)
    places, count = cast("tuple[np.ndarray, int]", label(heights > v, np.ones(AROUND)))
    deepest = np.array([v[places == n].min() for n in range(1, count + 1)])
    holes = np.isin(places, 1 + np.flatnonzero(deepest < -DEEP))
    if not holes.any():
        return None
    passes = np.where(holes, heights, 0.0)
    # No neighbour is lower than the pass, and the grid may miss the edge of a hole.
    raised = np.where(holes, WALL * passes, maximum_filter(passes, size=AROUND))
    lowest_pass = heights[holes].min()
    # H is V somewhere on each path.
    place = np.unravel_index((v == lowest_pass).argmax(), v.shape)
    at = torch.stack([axis[int(n)] for axis, n in zip(axes, place, strict=True)])
    return Filling(axes, lowest + torch.from_numpy(raised), float(lowest_pass), at)


def _passes(v: np.ndarray, bottoms: Sequence[tuple[int, ...]]) -> np.ndarray:
    """Lowest possible height of the highest place on a path from a minimum to each point."""
    heights = np.full_like(v, np.inf)
    while True:
        for bottom in bottoms:
            heights[bottom] = -np.inf
        lower = np.maximum(v, minimum_filter(heights, size=AROUND, mode="nearest"))
        if np.array_equal(np.minimum(lower, heights), heights):
            return heights
        heights = np.minimum(lower, heights)
