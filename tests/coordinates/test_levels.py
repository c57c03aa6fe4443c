"""Levels of water do not depend on the coordinates, nor do their derivatives."""

from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from pes.coordinates import Radau, Valence
from pes.molecule import Molecule
from pes.potential.analytic import WaterPJT
from pes.units import AMU, ANGSTROM, CM1, DEGREE
from pes.vibration import BasisSpec, Levels, level_derivatives, molecular, vibrational_levels

COUNT = 6


class Solved(NamedTuple):
    levels: Levels
    slopes: Tensor
    """dE/dm (6, 3), cm⁻¹/u."""


def solved(kind: type) -> Solved:
    stretch = ("sinc", 0.66 * ANGSTROM, 1.6 * ANGSTROM, 9)
    wanted = [
        BasisSpec(*stretch, points=17, primitives=40, name="1"),
        BasisSpec(*stretch, points=17, primitives=40, name="2"),
        BasisSpec("legendre", 45 * DEGREE, 180 * DEGREE, 13, points=18, primitives=40, name="3"),
    ]
    masses = Molecule(("O", "H", "H")).masses.requires_grad_()
    system = molecular(WaterPJT(), kind(0, (1, 2)).to_positions, masses)
    found = vibrational_levels(system, wanted, COUNT, convergence=False)
    (slopes,) = level_derivatives(found, [masses])
    return Solved(found, slopes * AMU / CM1)


@pytest.fixture(scope="module")
def valence() -> Solved:
    return solved(Valence)


@pytest.fixture(scope="module")
def radau() -> Solved:
    return solved(Radau)


def test_levels_agree(valence: Solved, radau: Solved) -> None:
    one, other = (s.levels.energies / CM1 for s in (valence, radau))
    # Each is converged to about 0.001 cm⁻¹ in these bases.
    torch.testing.assert_close(one, other, rtol=0, atol=2e-3)


def test_levels_are_the_known_ones(radau: Solved) -> None:
    # An independent program; its own convergence is 0.0005 cm⁻¹.
    known = [1594.6586, 3151.4938, 3657.1104, 3755.8298, 4666.838]
    expected = torch.tensor(known, dtype=torch.float64)
    torch.testing.assert_close(radau.levels.excitations[1:] / CM1, expected, rtol=0, atol=2e-3)
    zero_point = radau.levels.zero_point_energy / CM1
    assert zero_point == pytest.approx(4634.7648, abs=2e-3)


def test_mass_derivatives_agree(valence: Solved, radau: Solved) -> None:
    """In Radau coordinates V(x(q; m)) has its share of them."""
    # Three digits and more: the bases are not quite complete.
    torch.testing.assert_close(radau.slopes, valence.slopes, rtol=2e-4, atol=0)
    # Central differences of levels.
    oxygen = torch.tensor([-8.36679, -11.96513], dtype=torch.float64)
    torch.testing.assert_close(radau.slopes[:2, 0], oxygen, rtol=2e-4, atol=0)
    # The two hydrogens are alike.
    torch.testing.assert_close(radau.slopes[:, 1], radau.slopes[:, 2], rtol=1e-6, atol=0)
