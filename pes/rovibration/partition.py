"""Partition function of levels, and what the levels that are not among them would add.

References:
    G. Z. Whitten, B. S. Rabinovitch, J. Chem. Phys. 38, 2466 (1963), doi:10.1063/1.1733526, for the
    density of vibrational states
"""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from pes.vibration.analysis.intensities import BOLTZMANN_CM1

__all__ = ["SECOND", "above_highest_j", "above_highest_level", "partition_function"]

SECOND = 1 / BOLTZMANN_CM1
"""hc/k, K cm."""

MOST = 10_000
"""Values of J that an extrapolation adds up, at most."""

NODES = 32
"""Points of the Laguerre rule, exact for molecules of up to 22 atoms."""


def partition_function(energies: Tensor, degeneracies: Tensor, temperatures: Tensor) -> Tensor:
    """Q(T) = Σ g exp(−hcE/kT), (T,).

    Args:
        energies: energies of the levels above the ground state, (S,) in cm⁻¹.
        degeneracies: g = g_ns (2J + 1), (S,).
        temperatures: (T,) in kelvin, above zero.
    """
    return torch.exp(-SECOND * energies / temperatures[:, None]) @ degeneracies


def above_highest_j(shares: Mapping[int, Tensor]) -> Tensor:
    """Estimate (T,) of the contribution of higher J to Q; NaN if there is none.

    The part of one J falls as q_J = C (2J + 1)² exp(−b J (J + 1)); two of the highest J, two apart
    for the sake of nuclear spins, give C and b.

    Args:
        shares: J → q_J (T,); all J from 0 on.

    Example:
        A rigid sphere with B = 10 cm⁻¹ at 296 K, levels up to J = 9:

        >>> q = {j: (2 * j + 1) ** 2 * torch.tensor([np.exp(-10 * j * (j + 1) / 205.73)])
        ...      for j in range(60)}
        >>> missing = above_highest_j({j: q[j] for j in range(10)})
        >>> torch.allclose(missing, sum(q[j] for j in range(10, 60)))
        True
    """
    highest = max(shares)
    size = shares[highest]
    if highest < 3 or len(shares) <= highest:
        return torch.full_like(size, torch.nan)
    reduced = {j: (shares[j] / (2 * j + 1) ** 2).log() for j in (highest - 2, highest)}
    steps = highest * (highest + 1) - (highest - 2) * (highest - 1)
    fall = (reduced[highest - 2] - reduced[highest]) / steps
    j = torch.arange(highest + 1, highest + MOST, dtype=size.dtype)[:, None]
    beyond = j * (j + 1) - highest * (highest + 1)
    total = ((2 * j + 1) ** 2 * torch.exp(reduced[highest] - fall * beyond)).sum(0)
    return torch.where(fall > 0, total, torch.inf)


def above_highest_level(
    energies: Tensor, zero_point_energy: float, modes: int, temperatures: Tensor
) -> Tensor:
    """Part of the vibrational Q that the levels above the highest would add, (T,), relative to it.

    The number of states grows as (E + E_z)^s, with the zero-point energy E_z and s modes: exact for
    classical oscillators, and nearly so for others. It is set to the number of levels at the
    highest of them.

    Args:
        energies: J = 0 levels above the ground state, (S,) in cm⁻¹, all up to the highest.
        zero_point_energy: E_z, cm⁻¹.
        modes: s.
        temperatures: (T,) in kelvin.
    """
    nodes, weights = (torch.from_numpy(a) for a in np.polynomial.laguerre.laggauss(NODES))
    warmth = temperatures / SECOND
    top = energies.max() + zero_point_energy
    growth = (1 + warmth[:, None] * nodes / top) ** (modes - 1) @ weights
    missing = len(energies) * modes * warmth / top * torch.exp(-energies.max() / warmth) * growth
    return missing / partition_function(energies, torch.ones_like(energies), temperatures)
