"""Geometries to compute: evenly spread, and fewer at higher energies."""

from collections.abc import Sequence

import numpy as np
import scipy
import torch
from torch import Tensor

__all__ = ["acceptance", "sobol_sequence"]


def sobol_sequence(ranges: Sequence[tuple[float, float]], exponent: int, seed: int) -> Tensor:
    """2^exponent points of a scrambled Sobol sequence, with one more column in [0, 1).

    Args:
        ranges: (low, high) for each of Q coordinates.
        exponent: logarithm of the number of points to base two.
        seed: seed of the scrambling; the same seed gives the same points.

    Returns:
        (2^exponent, Q + 1); the last column decides acceptance.

    References:
        A. B. Owen, J. Complexity 14, 466 (1998), doi:10.1006/jcom.1998.0487
    """
    low, high = np.array(ranges, dtype=float).T
    # `scipy.stats` is loaded here: it takes as long as the rest of SciPy.
    sobol = scipy.stats.qmc.Sobol(len(ranges) + 1, rng=np.random.default_rng(seed))
    unit = sobol.random_base2(exponent)
    unit[:, :-1] = low + (high - low) * unit[:, :-1]
    return torch.from_numpy(unit)


def acceptance(energies: Tensor, energy_max: float, offset: float) -> Tensor:
    """Probability (E_max − V + Δ) / (E_max + Δ) to keep a geometry, zero above E_max.

    All in one unit, energies counted from the minimum of the surface.

    References:
        S. Manzhos, T. Carrington, J. Chem. Phys. 125, 084109 (2006), doi:10.1063/1.2336223
    """
    probability = (energy_max - energies + offset) / (energy_max + offset)
    return torch.where(energies > energy_max, 0.0, probability.clamp(0.0, 1.0))
