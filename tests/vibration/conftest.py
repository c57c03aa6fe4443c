"""Systems with known levels: oscillators, and a published surface of water."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from pes.coordinates import Valence
from pes.molecule import Molecule
from pes.potential.analytic import WaterPJT
from pes.units import ANGSTROM, DEGREE
from pes.vibration import BasisSpec, Levels, System, model, molecular, vibrational_levels

STRETCH = BasisSpec("sinc", 0.65 * ANGSTROM, 1.65 * ANGSTROM, 7, points=16, primitives=40)
BEND = BasisSpec("legendre", 40 * DEGREE, 180 * DEGREE, 13, points=17, primitives=36, name="theta")
COORDINATES = (replace(STRETCH, name="r1"), replace(STRETCH, name="r2"), BEND)


@pytest.fixture
def oscillator() -> System:
    """½p² + ½q²."""
    return model(lambda q: (q**2).sum(-1) / 2, torch.eye(1, dtype=torch.float64))


@pytest.fixture
def plane() -> System:
    """The isotropic oscillator in a plane: levels n + 1, each n + 1 times."""
    return model(lambda q: (q**2).sum(-1) / 2, torch.eye(2, dtype=torch.float64))


@pytest.fixture
def line() -> BasisSpec:
    """Functions of the unit oscillator, converged to rounding for the lowest ten."""
    return BasisSpec("sinc", -8.0, 8.0, 16, points=24, primitives=60, name="x")


def water_of(*symbols: str) -> System:
    masses = Molecule(symbols or ("O", "H", "H")).masses
    return molecular(WaterPJT(), Valence(0, (1, 2)).to_positions, masses)


@pytest.fixture
def water() -> Callable[..., System]:
    """The surface of 1996 with the isotopes asked for."""
    return water_of


@pytest.fixture
def bonds_and_angle() -> tuple[BasisSpec, ...]:
    """Sizes that give 20 levels of it within 0.01 cm⁻¹."""
    return COORDINATES


@pytest.fixture(scope="session")
def water_levels() -> Levels:
    """Five levels from one run; shared, for it takes a second."""
    return vibrational_levels(water_of(), COORDINATES, 5, convergence=False)
