"""Places where a force field has no lower bound, and the barrier on the way there.

A polynomial is unbounded below along a direction in which its leading coefficient is negative.
Quartic fields often are: truncated after the fourth degree they turn down far from the minimum.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from scipy.optimize import minimize

from pes.force_fields.field import ForceField, along
from pes.units import CM1

__all__ = ["Escape", "escape"]

RANDOM = 500
"""Directions tried besides the axes and the planes of two modes."""

BEST = 4
"""Directions that are turned to the lowest barrier."""

WALL = 1e6
"""Height in hartree that a way without an end counts with."""

EQUAL = 1e-4
"""Relative difference of frequencies within which modes are degenerate."""

NOTHING = 1e-9
"""Leading coefficient, relative to ω/2, that counts as none."""


@dataclass(frozen=True)
class Escape:
    """A way from the minimum to where V falls without end.

    Attributes:
        barrier: highest V on the straight way, hartree above the minimum.
        top: q there, (Q,).
        frequency: mean ω along the way, hartree.
    """

    barrier: float
    top: np.ndarray
    frequency: float

    def beyond(self, quanta: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
        """Product functions whose classical motion passes the top of the barrier, (N,).

        The mean of 2 q² over the functions, 2n + 1 in each mode, is weighted by how much the way
        goes along the mode. Modes of equal frequency have the largest weight of any of them, for
        symmetry makes other ways of this one.

        Args:
            quanta: (Q, N).
            frequencies: ω, (Q,).
        """
        squares = self.top**2
        equal = abs(frequencies[:, None] - frequencies) < EQUAL * frequencies
        share = np.where(equal, squares, 0.0).max(1) / squares.sum()
        return share @ (2 * quanta + 1) > squares.sum()

    def __str__(self) -> str:
        large = np.flatnonzero(abs(self.top) > 0.1)
        large = sorted(large[np.argsort(-abs(self.top[large]))][:4])
        place = ", ".join(f"q{k + 1} = {self.top[k]:.1f}" for k in large)
        return f"beyond a barrier of {self.barrier / CM1:.0f} cm-1 at {place} it falls without end"


def escape(field: ForceField) -> Escape | None:
    """The lowest way found to where V has no lower bound; None where none was found.

    Straight ways along the axes, in the planes of two modes and in random directions are tried,
    and the best of them turned until their barriers are lowest.
    """
    directions = _directions(len(field.frequencies))
    rows = zip(directions, along(field, directions), strict=True)
    ways = sorted((w for u, c in rows if (w := _way(u, c))), key=lambda way: way.barrier)
    for way in ways[:BEST]:
        turned = minimize(
            _barrier_and_slope, way.top / np.linalg.norm(way.top), args=(field,), jac=True,
            method="L-BFGS-B",
        ).x  # fmt: skip
        u = turned / np.linalg.norm(turned)
        if better := _way(u, along(field, u[None])[0]):
            ways.append(better)
    return min(ways, key=lambda way: way.barrier, default=None)


def _directions(size: int) -> np.ndarray:
    """Unit vectors along the axes, between two of them, and in random directions, (B, Q)."""
    axes = np.eye(size)
    planes = [a * axes[i] + b * axes[j] for i, j in combinations(range(size), 2) for a, b in PLANE]
    random = np.random.default_rng(1).standard_normal((RANDOM, size))
    vectors = np.concatenate((axes, -axes, np.array(planes).reshape(-1, size), random))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


PLANE = ((1, 1), (1, -1), (-1, 1), (-1, -1), (1, 2), (1, -2), (-1, 2), (2, 1), (-2, 1), (2, -1))
"""Directions in the plane of two modes."""


def _way(direction: np.ndarray, c: np.ndarray) -> Escape | None:
    """The straight way along a unit vector, if V = Σ c_d t^d falls without end on it."""
    t = _top(c)
    if t is None:
        return None
    return Escape(float(np.polynomial.polynomial.polyval(t, c)), t * direction, 2 * float(c[2]))


def _top(c: np.ndarray) -> float | None:
    """Barrier at t > 0 before V falls to minus infinity; None if it does not fall."""
    scale = abs(c[2]) * NOTHING
    degree = max((d for d in range(len(c)) if abs(c[d]) > scale), default=0)
    if degree < 1 or c[degree] > 0:
        return None
    roots = np.polynomial.polynomial.polyroots(np.polynomial.polynomial.polyder(c[: degree + 1]))
    at = roots[(abs(roots.imag) < 1e-8 * (1 + abs(roots))) & (roots.real > 0)].real
    values = np.polynomial.polynomial.polyval(at, c)
    return float(at[values.argmax()]) if len(at) else None


def _barrier_and_slope(u: np.ndarray, field: ForceField) -> tuple[float, np.ndarray]:
    """Height of the barrier along u and its slope; a wall where V does not fall.

    The barrier is V(t u) where t makes it highest, so that t needs no derivative.
    """
    direction = u / np.linalg.norm(u)
    c = along(field, direction[None])[0]
    t = _top(c)
    if t is None:
        return WALL, np.zeros_like(u)
    q = torch.from_numpy(t * direction)[None].requires_grad_(True)
    (slope,) = torch.autograd.grad(field.potential(q).sum(), q)
    turning = t * (slope[0].numpy() - (slope[0].numpy() @ direction) * direction)
    return float(np.polynomial.polynomial.polyval(t, c)), turning / np.linalg.norm(u)
