"""Two coordinates with two wells."""

import torch
from torch import Tensor

from pes.vibration.system.system import System, model

__all__ = ["two_wells"]


def two_wells() -> System:
    """(x² − 1)² + 0.05 x + (y − x)²: wells near x = ∓1, a barrier of about one between."""

    def potential(q: Tensor) -> Tensor:
        x, y = q.unbind(-1)
        return (x**2 - 1) ** 2 + 0.05 * x + (y - x) ** 2

    return model(potential, torch.eye(2, dtype=torch.float64))
