"""Masses: AME2012 as in NIST's table of isotopic compositions, which QCElemental holds.

https://physics.nist.gov/cgi-bin/Compositions/stand_alone.pl
"""

import pytest
import torch

from pes.elements import element
from pes.molecule import Molecule, isotope_mass
from pes.units import AMU, EV

FINE_STRUCTURE = 7.2973525693e-3

NIST_MASSES = {
    "H": 1.00782503223,
    "D": 2.01410177812,
    "T": 3.0160492779,
    "2H": 2.01410177812,
    "C": 12.0,
    "13C": 13.00335483507,
    "14N": 14.00307400443,
    "O": 15.99491461957,
    "17O": 16.99913175650,
    "18O": 17.99915961286,
    "35Cl": 34.968852682,
}
# CODATA 2018, https://physics.nist.gov/cuu/Constants: proton, deuteron, triton, helion and
# alpha particle in electron masses; then the energy that binds all electrons, in eV (NIST ASD).
NUCLEI = {
    "H": (1836.15267343, 13.598),
    "D": (3670.48296788, 13.602),
    "T": (5496.92153573, 13.603),
    "3He": (5495.88528007, 79.0),
    "He": (7294.29954142, 79.005),
}
BAD_SYMBOLS = ["", "h", "X", "Xx", "Gh", "H2", "2D", "0H", "99O", "O18", "oxygen", "8", " H"]


@pytest.mark.parametrize("symbol", NIST_MASSES)
def test_atomic_mass(symbol: str) -> None:
    assert isotope_mass(symbol) / AMU == pytest.approx(NIST_MASSES[symbol], rel=1e-12)


@pytest.mark.parametrize("symbol", NUCLEI)
def test_nuclear_mass(symbol: str) -> None:
    expected, binding = NUCLEI[symbol]
    mass_of_binding = binding * EV * FINE_STRUCTURE**2
    # The tables of atoms and of nuclei differ by up to 1.2e-9 (triton).
    nucleus = isotope_mass(symbol, nuclear=True) + mass_of_binding
    assert nucleus == pytest.approx(expected, rel=2e-9)


@pytest.mark.parametrize(
    ("symbol", "expected"), [("H", "H"), ("D", "H"), ("T", "H"), ("18O", "O"), ("37Cl", "Cl")]
)
def test_element(symbol: str, expected: str) -> None:
    assert element(symbol) == expected


@pytest.mark.parametrize("symbol", BAD_SYMBOLS)
def test_bad_symbol_is_named(symbol: str) -> None:
    with pytest.raises(ValueError, match=f"'{symbol}' is"):
        Molecule(("O", symbol))


@pytest.mark.parametrize("symbols", [(), ("O",)])
def test_too_few_atoms(symbols: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="at least two atoms"):
        Molecule(symbols)


def test_masses_follow_the_atoms() -> None:
    masses = Molecule(("18O", "H", "D")).masses
    assert masses.dtype == torch.float64
    assert masses.tolist() == [isotope_mass(s) for s in ("18O", "H", "D")]


def test_nuclear_masses_lack_the_electrons() -> None:
    symbols = ("O", "H", "H")
    difference = Molecule(symbols).masses - Molecule(symbols, nuclear_masses=True).masses
    # Subtraction of numbers near 3e4 leaves about 1e-11.
    torch.testing.assert_close(
        difference, torch.tensor([8.0, 1.0, 1.0], dtype=torch.float64), rtol=0, atol=1e-10
    )


def test_a_list_makes_the_same_molecule() -> None:
    assert Molecule(["O", "H", "H"]) == Molecule(("O", "H", "H")) == Molecule("O H H")
    assert hash(Molecule(["O", "H", "H"])) == hash(Molecule(("O", "H", "H")))


@pytest.mark.parametrize(
    ("symbols", "formula"),
    [
        (("O", "H", "H"), "H2O"),
        (("H", "D", "16O"), "H2O"),
        (("O", "C", "H", "D"), "CH2O"),
        (("C", "Cl", "H", "H", "H"), "CH3Cl"),
        (("Na", "Cl"), "ClNa"),
        (("N", "H", "H", "H"), "H3N"),
    ],
)
def test_hill_formula(symbols: tuple[str, ...], formula: str) -> None:
    assert Molecule(symbols).formula == formula
