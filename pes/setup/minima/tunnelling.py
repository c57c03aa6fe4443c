"""Splittings by tunnelling, as large as a barrier and the way across it make them."""

from math import pi

import torch
from torch import Tensor

from pes.geometry import nearest_rotation

__all__ = ["largest_splitting", "way_across"]

POINTS = 240
"""Points of the double well, all equally far apart."""

REACH = 2.0
"""End of the points, in units of the distance from the top of the barrier to a minimum."""


def way_across(x: Tensor, y: Tensor, masses: Tensor) -> float:
    """Mass-weighted distance √(Σ m |Δx|²) of two geometries that lie as near as turns allow.

    The straight way is the shortest: splittings are overestimated by it.

    Args:
        x: positions (N, 3), bohr.
        y: likewise.
        masses: (N,) in electron masses.
    """
    weights = masses[:, None]
    x, y = (z - (weights * z).sum(0) / weights.sum() for z in (x, y))
    turned = y @ nearest_rotation((weights * y).mT @ x)
    return float((weights * (turned - x).square()).sum().sqrt())


def largest_splitting(barrier: float, distance: float, excitation: float) -> float:
    """Largest splitting of the levels of V = B ((s/d)² − 1)² up to an excitation, hartree.

    Infinite where levels lie above the barrier. All of the excitation is taken to be in this
    motion, so that other levels split less.

    Args:
        barrier: B, hartree.
        distance: d from a minimum to the top of the barrier, mass-weighted.
        excitation: energy above the ground state, hartree.

    Example:
        A barrier like that of ammonia, where the ground state splits by 0.8 cm⁻¹ and two quanta
        lie near the top:

        >>> from pes.units import CM1
        >>> 0.3 < largest_splitting(2000 * CM1, 50.0, 100 * CM1) / CM1 < 3
        True
        >>> largest_splitting(2000 * CM1, 50.0, 3000 * CM1)
        inf
    """
    s = torch.linspace(-REACH * distance, REACH * distance, POINTS, dtype=torch.float64)
    step = float(s[1] - s[0])
    n = torch.arange(POINTS, dtype=torch.float64)
    apart = n[:, None] - n
    # Kinetic energy of sinc functions (Colbert and Miller, doi:10.1063/1.462100).
    kinetic = (-1.0) ** apart / (step * apart).square()
    kinetic.fill_diagonal_(pi**2 / (6 * step**2))
    energies = torch.linalg.eigvalsh(kinetic + torch.diag(barrier * ((s / distance) ** 2 - 1) ** 2))
    if float(energies[0]) + excitation > barrier:
        return float("inf")
    lower, upper = energies[0 : POINTS - 1 : 2], energies[1::2]
    reached = lower - lower[0] <= excitation
    return float((upper - lower)[reached].max())
