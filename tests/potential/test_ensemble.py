"""Mean and spread of several surfaces."""

import pytest
import torch
from torch import nn

from pes.potential.ensemble import Ensemble


class Constant(nn.Module):
    """The same energy everywhere."""

    def __init__(self, energy: float) -> None:
        super().__init__()
        self.energy = energy

    def forward(self, positions: torch.Tensor) -> torch.Tensor:
        """Energies (B,)."""
        return torch.full_like(positions[:, 0, 0], self.energy)


X = torch.zeros(5, 3, 3, dtype=torch.float64)


def test_mean_and_standard_deviation() -> None:
    surface = Ensemble([Constant(1.0), Constant(2.0), Constant(6.0)])
    assert surface(X).tolist() == [3.0] * 5
    assert surface.spread(X)[0].item() == pytest.approx(7**0.5)  # ((4 + 1 + 9) / 2)^½


def test_one_member_has_no_spread() -> None:
    assert Ensemble([Constant(1.0)]).spread(X).tolist() == [0.0] * 5


def test_no_member_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one member"):
        Ensemble([])
