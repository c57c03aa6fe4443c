"""Torsion of the hydrogen peroxide model: barriers and both assignments of the hydrogens."""

import math

import pytest
import torch
from scipy.optimize import minimize

from pes.potential.analytic.hydrogen_peroxide import HydrogenPeroxideModel
from pes.units import ANGSTROM, CM1, DEGREE


def energy(oo: float, oh: float, angle: float, torsion: float) -> float:
    """V in cm⁻¹; Å and degrees, both ends alike."""
    s, c = oh * math.sin(angle * DEGREE), oh * math.cos(angle * DEGREE)
    t = torsion * DEGREE
    far = [oo - c, s * math.cos(t), s * math.sin(t)]
    x = [[0.0, 0.0, 0.0], [oo, 0.0, 0.0], [c, s, 0.0], far]
    positions = torch.tensor([x], dtype=torch.float64) * ANGSTROM
    with torch.no_grad():
        return HydrogenPeroxideModel()(positions).item() / CM1


def relaxed(torsion: float) -> float:
    """The lowest energy at one torsional angle."""

    def at(q: tuple[float, float, float]) -> float:
        return energy(*q, torsion)

    options = {"xatol": 1e-5, "fatol": 1e-5}
    return minimize(at, [1.45, 0.96, 100.0], method="Nelder-Mead", options=options).fun


def test_barriers() -> None:
    well = min(relaxed(t) for t in (112.0, 112.38, 113.0))
    assert well == pytest.approx(0, abs=0.01)
    assert relaxed(180) == pytest.approx(386, abs=1)
    assert relaxed(0) == pytest.approx(2559, abs=1)


def test_torsion_by_hand() -> None:
    """With lengths and angles at their references, sin^k θ₁ sin^k θ₂ cos kτ remain."""
    s2 = math.sin(100 * DEGREE) ** 2
    t = 70 * DEGREE
    v = 835.643 + 1085 * s2 * math.cos(t) + 705 * s2**2 * math.cos(2 * t)
    v += 50 * s2**3 * math.cos(3 * t)
    # The other assignment of the hydrogens takes away 500 e^(-17.8) = 1e-5.
    assert energy(1.455, 0.962, 100, 70) == pytest.approx(v, abs=1e-4)
