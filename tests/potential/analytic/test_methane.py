"""Methane model: symmetry in all hydrogens, and its energies by hand."""

import math

import pytest
import torch

from pes.molecule import like_permutations
from pes.potential.analytic.methane import MethaneModel
from pes.units import ANGSTROM, CM1


def test_every_exchange_of_hydrogens() -> None:
    x = torch.randn(1, 5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    energies = [MethaneModel()(x[:, order]).item() for order in like_permutations(("C", *"HHHH"))]
    assert len(energies) == 24
    assert energies == pytest.approx([energies[0]] * 24, rel=1e-12)


def test_minimum_and_breathing_by_hand() -> None:
    def energy(r: float) -> float:
        corners = torch.tensor([[0.0, 0, 0], [1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
        x = corners.double() / math.sqrt(3) * r * ANGSTROM
        return MethaneModel()(x[None]).item() / CM1

    assert energy(1.089) == pytest.approx(0, abs=1e-9)
    y = 1 - math.exp(-1.85 * 0.1)
    assert energy(1.189) == pytest.approx((4 * 38500 + 6 * 500) * y**2, rel=1e-9)
