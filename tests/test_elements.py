"""The tables against QCElemental's own functions, which read the same files in another way."""

import pytest
from qcelemental import covalentradii, periodictable

from pes.elements import MASSES, RADII, atomic_number, element, mass_number, nuclide

SYMBOLS = ("H", "D", "T", "2H", "18O", "O", "Tc", "238U", "Ts")


@pytest.mark.parametrize("isotope", SYMBOLS)
def test_isotopes(isotope: str) -> None:
    name = nuclide(isotope)
    assert element(isotope) == periodictable.to_E(name)
    assert atomic_number(isotope) == periodictable.to_Z(name)
    assert mass_number(isotope) == periodictable.to_A(name)


def test_every_mass() -> None:
    assert {name: periodictable.to_mass(name) for name in MASSES} == MASSES
    assert len(MASSES) > 3000


def test_every_radius() -> None:
    known = {name: covalentradii.get(name, return_tuple=True).data for name in RADII}
    assert {name: float(radius) for name, radius in known.items()} == RADII
    assert len(RADII) == 96


@pytest.mark.parametrize("number", [1, 8, 92])
def test_element_of_an_atomic_number(number: int) -> None:
    assert element(number) == periodictable.to_E(number)


@pytest.mark.parametrize("number", [0, -1, 200])
def test_no_such_atomic_number(number: int) -> None:
    with pytest.raises(ValueError, match=str(number)):
        element(number)
