"""HCN and HNC: two wells and the saddle between them."""

import math

import pytest
import torch

from pes.potential.analytic.hydrogen_cyanide import HydrogenCyanideModel
from pes.units import ANGSTROM, CM1


def relaxed(x: float) -> float:
    """V in cm⁻¹ where the lengths are R_e(x) and r_e(x)."""
    far = 1.17 + 0.075 * x + 0.44 * x**2
    r = 1.185 - 0.008 * x - 0.024 * x**2
    h = [far * x, far * math.sqrt(1 - x**2), 0.0]
    atoms = [h, [0.54 * r, 0.0, 0.0], [-0.46 * r, 0.0, 0.0]]
    positions = torch.tensor([atoms], dtype=torch.float64) * ANGSTROM
    return HydrogenCyanideModel()(positions).item() / CM1


def test_wells_and_saddle() -> None:
    assert relaxed(1) == pytest.approx(0, abs=1e-7)
    assert relaxed(-1) == pytest.approx(5200, abs=1e-7)
    assert relaxed(0) == pytest.approx(16500, abs=1e-7)
    path = [relaxed(k / 1000) for k in range(-1000, 1001)]
    assert max(path) == pytest.approx(16518, abs=1)
    # One maximum only: up, then down.
    top = path.index(max(path))
    assert path[: top + 1] == sorted(path[: top + 1])
    assert path[top:] == sorted(path[top:], reverse=True)


def test_slopes_at_the_wells() -> None:
    """They make the bends: dV/dx = −31570 at HCN and 11475 cm⁻¹ at HNC."""
    step = 1e-5
    assert (relaxed(1) - relaxed(1 - step)) / step == pytest.approx(-31570, rel=1e-4)
    assert (relaxed(step - 1) - relaxed(-1)) / step == pytest.approx(11475, rel=1e-4)
