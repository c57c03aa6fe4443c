"""Hamiltonian matrices of one particle on a line (ħ = m = 1), differentiable in V."""

import torch
from torch import Tensor

from pes.vibration.basis.primitives import sinc

__all__ = ["GRIDS", "sinc_grid", "three_point"]


def three_point(low: float, high: float, size: int) -> tuple[Tensor, Tensor]:
    """Points and kinetic energy by the three-point formula; errors fall as Δx².

    Δx is the true spacing of the points, (high − low)/(size − 1).

    Returns:
        points (N,), kinetic energy (N, N).
    """
    points = torch.linspace(low, high, size, dtype=torch.float64)
    spacing = (high - low) / (size - 1)
    ones = torch.ones(size, dtype=torch.float64)
    kinetic = torch.diag(ones) - (torch.diag(ones[1:], 1) + torch.diag(ones[1:], -1)) / 2
    return points, kinetic / spacing**2


def sinc_grid(low: float, high: float, size: int) -> tuple[Tensor, Tensor]:
    """Points and kinetic energy in sinc functions; errors fall exponentially.

    Returns:
        points (N,), kinetic energy (N, N).
    """
    primitive = sinc(low, high, size)
    return primitive.points, primitive.kinetic


GRIDS = {"three_point": three_point, "sinc": sinc_grid}
