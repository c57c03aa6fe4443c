"""Force constants of bonds against harmonic frequencies of the literature."""

import math

import pytest
import torch

from pes.molecule import Molecule
from pes.stiffness import Stiffness
from pes.units import ANGSTROM, CM1


@pytest.mark.parametrize(
    ("symbols", "length", "wavenumber"),
    [("H H", 0.741, 4401), ("H F", 0.917, 4138), ("Cs H", 2.494, 891), ("N N", 1.098, 2359),
     ("O O", 1.208, 1580), ("F F", 1.412, 917), ("Li F", 1.564, 910), ("Li Li", 2.673, 351),
     ("Na Na", 3.079, 159), ("Na Cl", 2.361, 366), ("Si O", 1.510, 1241), ("I I", 2.666, 214.5),
     ("Ti O", 1.620, 1009), ("Zn H", 1.595, 1608)],
)  # fmt: skip
def test_diatomic_molecules(symbols: str, length: float, wavenumber: float) -> None:
    # K. P. Huber, G. Herzberg, Constants of Diatomic Molecules (1979).
    x = torch.tensor([[0, 0, 0], [length * ANGSTROM, 0, 0]], dtype=torch.float64)
    assert Stiffness.of(1.0, Molecule(symbols), x).usual == pytest.approx(wavenumber, rel=0.35)


@pytest.mark.parametrize(
    ("symbols", "lengths", "angle", "wavenumber"),
    [("H O H", (0.958, 0.958), 104.5, 3943), ("O C O", (1.160, 1.160), 180, 2397),
     ("O S O", (1.431, 1.431), 119.3, 1391), ("H C N", (1.065, 1.153), 180, 3440),
     ("K C N", (2.700, 1.160), 120, 2060)],
)  # fmt: skip
def test_highest_wavenumber_of_triatomics(
    symbols: str, lengths: tuple[float, float], angle: float, wavenumber: float
) -> None:
    one, other = (length * ANGSTROM for length in lengths)
    turn = math.radians(angle)
    x = torch.tensor(
        [[one, 0, 0], [0, 0, 0], [other * math.cos(turn), other * math.sin(turn), 0]],
        dtype=torch.float64,
    )
    assert Stiffness.of(1.0, Molecule(symbols), x).usual == pytest.approx(wavenumber, rel=0.2)


def test_a_shared_hydrogen_atom_is_softer_than_its_distances_say() -> None:
    """ClHCl⁻ at 1.57 Å: its antisymmetric stretch has 722 cm⁻¹."""
    x = torch.tensor([[-1.57, 0, 0], [0, 0, 0], [1.57, 0, 0]], dtype=torch.float64) * ANGSTROM
    known = Stiffness.of(722 * CM1, Molecule("Cl H Cl"), x)
    assert known.ratio() < 0.3
    assert known.plausible()
