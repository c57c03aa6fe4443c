"""The bottom of the well that the levels are counted from."""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from pes.vibration.system.region import energies_or_infinite
from pes.vibration.system.system import System, potential_in_chunks

__all__ = ["HOLE", "EdgeError", "OuterSurfaceError", "minimum", "reach"]

HOLE = 1e-7
"""A grid point this far (hartree) below the bottom of the well lies in a hole: above the
rounding of any surface, far below a level spacing."""

FALLING = 0.5
"""Slope one step from the end of a range over that three steps from it, a third where V is even."""


class OuterSurfaceError(ValueError):
    """The surface falls below its minimum where levels reach, or is not smooth enough there."""


class EdgeError(ValueError):
    """The lowest point of a surface lies at the end of the range of a coordinate.

    Attributes:
        coordinate: number of the coordinate, from 0.
        place: its value at the lowest point, atomic units.
        low, high: ends of its range.
    """

    def __init__(self, coordinate: int, place: float, low: float, high: float) -> None:
        """One sentence in atomic units."""
        super().__init__(self.sentence(f"coordinate {coordinate + 1}", place, low, high))
        self.coordinate, self.place, self.low, self.high = coordinate, place, low, high

    @staticmethod
    def sentence(name: str, place: float, low: float, high: float, unit: str = "a.u.") -> str:
        """The error as a sentence, with a name and a unit for the coordinate."""
        return (
            f"the lowest point of the surface lies at the end of the range of {name} "
            f"({place:.4f} of {low:.4f} to {high:.4f} {unit}): widen this range, or the surface "
            "has a hole there"
        )


def minimum(
    system: System, ranges: Sequence[tuple[float, float]], *, near: Tensor | None = None
) -> tuple[Tensor, float]:
    """Lowest point of the surface inside the ranges.

    Args:
        system: supplies V(q); derivatives are central differences, so any surface will do.
        ranges: (low, high) of each coordinate.
        near: start (Q,); None starts from the lowest point of a coarse grid.

    Returns:
        q (Q,) on the CPU, where the search runs, and V there in hartree.

    Raises:
        EdgeError: if the lowest point lies at the end of a range.
    """
    low, high = torch.tensor(ranges, dtype=torch.float64).T
    start = _coarse_lowest(system, low, high) if near is None else near.cpu()
    step = 1e-4 * (high - low)

    def value_and_slope(q: np.ndarray) -> tuple[float, np.ndarray]:
        centre = torch.from_numpy(q)
        shifts = torch.diag(step)
        points = torch.cat((centre[None], centre + shifts, centre - shifts))
        v = potential_in_chunks(system, points).cpu()
        count = len(q)
        return float(v[0]), ((v[1 : count + 1] - v[count + 1 :]) / (2 * step)).numpy()

    result = minimize(
        value_and_slope, start.numpy(), jac=True, method="L-BFGS-B",
        bounds=list(zip((low + step).tolist(), (high - step).tolist(), strict=True)),
        options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 500},
    )  # fmt: skip
    q = torch.from_numpy(result.x)
    edge = ((q - low) < 2 * step) | ((high - q) < 2 * step)
    # A linear molecule has its minimum at the end of the bending range: by symmetry no edge, for
    # the slope there falls to zero.
    inward = torch.where(q - low < 2 * step, 2 * step, -2 * step) * edge
    slope, before = (
        torch.from_numpy(value_and_slope(x)[1]) for x in (result.x, (q + inward).numpy())
    )
    falling = slope.abs() < FALLING * before.abs()
    if (beyond := edge & ~falling & (slope.abs() * (high - low) > 1e-3)).any():
        k = int(beyond.nonzero()[0])
        raise EdgeError(k, float(q[k]), float(low[k]), float(high[k]))
    # The search keeps a step away from the ends; linearity is one of them.
    snapped = torch.where(q - low < 2 * step, low, torch.where(high - q < 2 * step, high, q))
    energies = potential_in_chunks(system, torch.stack((q, snapped)))
    best = int(energies.argmin())
    return (q, snapped)[best], float(energies[best])


def _coarse_lowest(system: System, low: Tensor, high: Tensor) -> Tensor:
    """Lowest of about 20,000 grid points or fewer."""
    count = len(low)
    each = max(3, min(25, int(20000 ** (1 / count))))
    fractions = (torch.arange(each, dtype=torch.float64) + 0.5) / each
    grid = torch.cartesian_prod(*[fractions] * count).reshape(-1, count)
    q = low + (high - low) * grid
    return q[int(potential_in_chunks(system, q).argmin())]


def reach(
    system: System,
    bottom: Tensor,
    limits: Sequence[tuple[float, float]],
    energy: float,
    *,
    samples: int = 400,
) -> list[tuple[float, float]]:
    """Ranges of the coordinates, along cuts through the bottom, up to where V passes an energy.

    Args:
        system: supplies V(q).
        bottom: bottom of the well, (Q,).
        limits: ends never passed, such as (0, π) for an angle.
        energy: energy above the bottom, hartree.
        samples: points of each cut.

    Returns:
        (low, high) for each coordinate.
    """
    lowest = float(potential_in_chunks(system, bottom[None])[0])
    ranges = []
    for k, (low, high) in enumerate(limits):
        ends = []
        for limit in (low, high):
            cut = bottom.cpu().repeat(samples, 1)
            cut[:, k] = torch.linspace(float(bottom[k]), limit, samples, dtype=torch.float64)
            above = (energies_or_infinite(system, cut) - lowest > energy).nonzero()
            ends.append(float(cut[above[0, 0], k]) if len(above) else limit)
        ranges.append((ends[0], ends[1]))
    return ranges
