"""Geometries to compute: evenly spread, and fewer at higher energies."""

from collections.abc import Callable, Sequence

import numpy as np
import scipy
import torch
from torch import Tensor

__all__ = ["acceptance", "accepted_samples", "sobol_sequence"]

_LARGEST_EXPONENT = 20


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


def accepted_samples(
    potential: Callable[[Tensor], Tensor],
    ranges: Sequence[tuple[float, float]],
    count: int,
    *,
    energy_max: float,
    offset: float,
    seed: int,
) -> Tensor:
    """The first `count` Sobol points that pass the acceptance draw.

    Args:
        potential: q (B, Q) to cheap energies (B,) in hartree above their minimum.
        ranges: (low, high) for each coordinate, bohr and radians.
        count: number of geometries.
        energy_max: E_max in hartree.
        offset: Δ in hartree; keeps a few points at E_max.
        seed: seed of the Sobol scrambling.

    Returns:
        (count, Q) in the order of the sequence, so a larger count extends a smaller one.

    Raises:
        ValueError: if a million Sobol points do not give `count` accepted ones, or for a
            count below one or an empty range.
    """
    if count < 1:
        raise ValueError(f"`count` must be at least 1, got {count}")
    if not all(low < high for low, high in ranges):
        raise ValueError(f"each of `ranges` must be (low, high) with low < high, got {ranges}")
    accepted = torch.empty(0)
    for exponent in range(10, _LARGEST_EXPONENT + 1):
        points = sobol_sequence(ranges, exponent, seed)
        energies = potential(points[:, :-1])
        accepted = points[points[:, -1] < acceptance(energies, energy_max, offset), :-1]
        if len(accepted) >= count:
            return accepted[:count]
    raise ValueError(
        f"only {len(accepted)} of {2**_LARGEST_EXPONENT} samples were accepted, "
        f"{count} were asked for; narrow the ranges or raise energy_max"
    )
