"""Inversion of the ammonia model: two wells, one barrier."""

import math

import pytest
import torch
from torch import Tensor

from pes.potential.analytic.ammonia import AmmoniaModel
from pes.units import ANGSTROM, CM1


def pyramid(r: float, height: float) -> Tensor:
    """Positions (1, 4, 3) with bonds r (Å), the nitrogen `height` times r above the hydrogens."""
    across = r * math.sqrt(1 - height**2)
    thirds = [2 * math.pi * k / 3 for k in range(3)]
    hydrogen = [[across * math.cos(t), across * math.sin(t), -height * r] for t in thirds]
    return torch.tensor([[[0.0, 0, 0], *hydrogen]], dtype=torch.float64) * ANGSTROM


def energy(r: float, height: float) -> float:
    return AmmoniaModel()(pyramid(r, height)).item() / CM1


def test_two_wells() -> None:
    """|e₁ + e₂ + e₃|² = 9 height² is 1.25 there."""
    height = math.sqrt(1.25) / 3
    assert energy(1.012, height) == pytest.approx(0, abs=1e-9)
    assert energy(1.012, -height) == pytest.approx(0, abs=1e-9)
    assert energy(1.012, height + 0.05) > 100


def test_barrier() -> None:
    planar = [energy(0.98 + k / 2000, 0.0) for k in range(80)]
    assert min(planar) == pytest.approx(2094, abs=1)


def test_cut_by_hand() -> None:
    y = 1 - math.exp(-2.12 * 0.1)
    v = 3 * (39000 - 500) * y**2 - 700 * -1.25 * 3 * y + 1350 * 1.25**2
    assert energy(1.112, 0.0) == pytest.approx(v, abs=1e-8)
