"""Levels of a triatomic by an independent small program: a DVR in Radau or Jacobi coordinates.

It shares nothing with the package's own levels but the surface: other functions (points instead of
contracted products), another order of contraction, the kinetic energy in closed form. With J = 0

    H = −1/(2μ₁) ∂²/∂R₁² − 1/(2μ₂) ∂²/∂R₂² + (1/(2μ₁R₁²) + 1/(2μ₂R₂²)) L² + V(R₁, R₂, cos θ),

where Radau coordinates have μ = m₁, m₂ and Jacobi ones 1/μ₁ = 1/m_b + 1/m_c and
1/μ₂ = 1/m_a + 1/(m_b + m_c). Even points with sinc functions serve R₁ and R₂, Gauss–Legendre
points cos θ. At each of these the problem in R₁, R₂ is solved and solutions above a cutoff are left
out; L² couples the rest. (A potential-optimised DVR of the lengths with as many points was tried
first: it leaves 0.4 cm⁻¹ in the zero-point energy of the floppy molecule.)

References:
    J. C. Light, T. Carrington, Adv. Chem. Phys. 114, 263 (2000), doi:10.1002/9780470141731.ch4;
    D. T. Colbert, W. H. Miller, J. Chem. Phys. 96, 1982 (1992), doi:10.1063/1.462100
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from pes.units import ANGSTROM, CM1

Array = np.ndarray
CEILING = 120000 * CM1


@dataclass(frozen=True)
class Grid:
    """How far and how finely.

    Attributes:
        first, second: ends of R₁ and R₂ in Å.
        points: of R₁, R₂ and θ.
        cutoff: of the solutions at each angle, cm⁻¹ above the minimum of V.
    """

    first: tuple[float, float]
    second: tuple[float, float]
    points: tuple[int, int, int]
    cutoff: float


Positions = Callable[[Array, Array, Array], Array]


def radau(masses: Array) -> tuple[tuple[float, float], Positions]:
    """Reduced masses, and positions (P, 3, 3) of (R₁, R₂, cos θ); the first atom is the centre."""
    m0, m1, m2 = masses
    alpha = np.sqrt(m0 / masses.sum())

    def positions(r1: Array, r2: Array, c: Array) -> Array:
        a, b = _two_vectors(r1, r2, c)
        # The canonical point is the origin; from there to the centre and to the ends' mean.
        middle = (1 - 1 / alpha) * (m1 * a + m2 * b) / (m1 + m2)
        return np.stack((middle, a, b), 1)

    return (m1, m2), positions


def jacobi(masses: Array) -> tuple[tuple[float, float], Positions]:
    """The same with R₁ from the second atom to the third, R₂ from their centre to the first."""
    m0, m1, m2 = masses

    def positions(r1: Array, r2: Array, c: Array) -> Array:
        pair, far = _two_vectors(r1, r2, c)
        return np.stack((far, -m2 / (m1 + m2) * pair, m1 / (m1 + m2) * pair), 1)

    return (1 / (1 / m1 + 1 / m2), 1 / (1 / m0 + 1 / (m1 + m2))), positions


def _two_vectors(r1: Array, r2: Array, c: Array) -> tuple[Array, Array]:
    zero = np.zeros_like(r1)
    second = np.stack((r2 * c, r2 * np.sqrt(1 - c**2), zero), 1)
    return np.stack((r1, zero, zero), 1), second


def levels(
    surface: Callable[[torch.Tensor], torch.Tensor],
    system: tuple[tuple[float, float], Positions],
    grid: Grid,
    count: int,
) -> Array:
    """The lowest energies above the minimum of the surface's zero, cm⁻¹."""
    (mass1, mass2), positions = system

    def potential(r1: Array, r2: Array, c: Array) -> Array:
        mesh = np.meshgrid(r1, r2, c, indexing="ij")
        with torch.no_grad():
            v = surface(torch.from_numpy(positions(*(m.ravel() for m in mesh))))
        return np.minimum(v.numpy().reshape(mesh[0].shape), CEILING)

    cosines, weights = np.polynomial.legendre.leggauss(grid.points[2])
    (r1, t1), (r2, t2) = (
        sinc(ends, mass, points)
        for ends, mass, points in zip(
            (grid.first, grid.second), (mass1, mass2), grid.points[:2], strict=True
        )
    )
    v = potential(r1, r2, cosines)
    turning = (1 / (2 * mass1 * r1**2))[:, None] + (1 / (2 * mass2 * r2**2))[None, :]
    squared = _angular_momentum(cosines, weights)
    return np.linalg.eigvalsh(_contracted(t1, t2, v, turning, squared, grid.cutoff))[:count] / CM1


def sinc(ends: tuple[float, float], mass: float, points: int) -> tuple[Array, Array]:
    """Even points between the ends (Å) in bohr, and −1/(2μ) ∂²/∂R² there."""
    at = np.linspace(*ends, points) * ANGSTROM
    apart = np.subtract.outer(np.arange(points), np.arange(points)).astype(float)
    np.fill_diagonal(apart, 1)
    kinetic = 2 * (-1.0) ** np.abs(apart) / apart**2
    np.fill_diagonal(kinetic, np.pi**2 / 3)
    return at, kinetic / (2 * mass * (at[1] - at[0]) ** 2)


def _angular_momentum(cosines: Array, weights: Array) -> Array:
    """L² between the points of the angle."""
    size = len(cosines)
    orders = np.arange(size)
    values = np.polynomial.legendre.legvander(cosines, size - 1) * np.sqrt(orders + 0.5)
    values *= np.sqrt(weights)[:, None]
    return values @ np.diag(orders * (orders + 1.0)) @ values.T


def _contracted(
    t1: Array, t2: Array, v: Array, turning: Array, squared: Array, cutoff: float
) -> Array:
    """H between the solutions in R₁, R₂ at every angle that lie below the cutoff."""
    n1, n2, angles = v.shape
    radial = np.kron(t1, np.eye(n2)) + np.kron(np.eye(n1), t2)
    turning = turning.ravel()
    kept, energies = [], []
    for k in range(angles):
        # Without L², whose diagonal grows with the number of points and would use up the cutoff.
        e, states = np.linalg.eigh(radial + np.diag(v[:, :, k].ravel()))
        few = e < cutoff * CM1
        kept.append(states[:, few])
        energies.append(e[few])
    ends = np.cumsum([0, *(len(e) for e in energies)])
    h = np.diag(np.concatenate(energies))
    for i in range(angles):
        for j in range(i + 1):
            block = kept[i].T @ ((turning * squared[i, j])[:, None] * kept[j])
            h[ends[i] : ends[i + 1], ends[j] : ends[j + 1]] += block
            if i > j:
                h[ends[j] : ends[j + 1], ends[i] : ends[i + 1]] += block.T
    return h
