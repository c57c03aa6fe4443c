"""Oscillator functions of a coordinate on the nested points of a sparse grid."""

import numpy as np
import torch

from pes.vibration.basis.basis import Basis
from pes.vibration.grid.genz_keister import genz_keister
from pes.vibration.grid.random_points import hermite_polynomials

__all__ = ["FINE", "oscillator_functions"]

FINE = 80
"""Gauss–Hermite points of functions of one coordinate, for pictures and overlaps."""


def oscillator_functions(
    frequency: float, size: int, points: int, *, centre: float = 0.0, width: float = 1.0
) -> Basis:
    """Oscillator functions of x = (q − centre)/width on the nested points of a coordinate q.

    Args:
        frequency: ω of the reference energies ω (n + ½), hartree.
        size: number of functions.
        points: number of points.
        centre: centre of the functions.
        width: width of the functions; 1 for those of the oscillator itself.
    """
    rule = genz_keister()
    x = rule.points[:points]
    fine, fine_weights = np.polynomial.hermite.hermgauss(FINE)
    values = hermite_polynomials(x, size + 1)
    n = torch.arange(size, dtype=torch.float64)
    slopes = -((n + 1) / 2).sqrt() * values[:, 1:]
    slopes[:, 1:] += (n[1:] / 2).sqrt() * values[:, : size - 1]
    fine_values = hermite_polynomials(torch.from_numpy(fine), size)
    reach = width * float(x.abs().max())
    return Basis(
        centre + width * x, torch.full_like(x, width), values[:, :size], slopes / width,
        torch.zeros_like(x), frequency * (n + 0.5), centre + width * torch.from_numpy(fine),
        fine_values * torch.from_numpy(fine_weights).sqrt()[:, None],
        (centre - reach, centre + reach), (False, False),
    )  # fmt: skip
