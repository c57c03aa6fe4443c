"""CODATA 2018, https://physics.nist.gov/cuu/pdf/wallet_2018.pdf and the tables behind it."""

import math

import pytest
from qcelemental import PhysicalConstantsContext

from pes import units

# Values as NIST prints them; the last digit printed limits the comparison.
CODATA_2018 = {
    "hartree in 1/cm": (1 / units.CM1, 219474.63136320),
    "hartree in eV": (1 / units.EV, 27.211386245988),
    # Hartree energy 4.3597447222071e-18 J times the exact Avogadro constant.
    "hartree in kJ/mol": (1 / units.KJ_MOL, 4.3597447222071e-18 * 6.02214076e23 / 1000),
    "hartree in kcal/mol": (1 / units.KCAL_MOL, 4.3597447222071e-18 * 6.02214076e23 / 4184),
    "bohr in angstrom": (1 / units.ANGSTROM, 0.529177210903),
    "u in electron masses": (units.AMU, 1 / 5.48579909065e-4),
    # e·a0 = 8.4783536255e-30 C·m and 1 D = 1e-21/299792458 C·m
    "e·bohr in debye": (1 / units.DEBYE, 8.4783536255e-30 * 299792458 / 1e-21),
}


@pytest.mark.parametrize("name", CODATA_2018)
def test_factor_is_that_of_codata(name: str) -> None:
    ours, theirs = CODATA_2018[name]
    assert ours == pytest.approx(theirs, rel=1e-11)


def test_every_constant_is_that_of_qcelemental() -> None:
    """To the last bit: levels do not depend on which of the two is asked."""
    theirs = PhysicalConstantsContext("CODATA2018")
    factor = theirs.conversion_factor
    assert factor("wavenumber", "hartree") == units.CM1
    assert factor("eV", "hartree") == units.EV
    assert factor("kcal/mol", "hartree") == units.KCAL_MOL
    assert factor("kJ/mol", "hartree") == units.KJ_MOL
    assert factor("angstrom", "bohr") == units.ANGSTROM
    assert 1 / theirs.get("electron mass in u") == units.AMU
    dipole = theirs.c * theirs.get("atomic unit of electric dipole mom.")
    assert 1e-21 / dipole == units.DEBYE
    assert (theirs.na, theirs.h, theirs.kb) == (units.AVOGADRO, units.PLANCK, units.BOLTZMANN)
    assert (theirs.c, theirs.e0) == (units.SPEED_OF_LIGHT, units.VACUUM_PERMITTIVITY)


def test_degree() -> None:
    assert math.isclose(units.DEGREE, math.radians(1), rel_tol=1e-15)


def test_force_units_are_energy_over_length() -> None:
    assert set(units.FORCE_UNITS) == {
        f"{energy}/{length}" for energy in units.ENERGY_UNITS for length in units.LENGTH_UNITS
    }
    assert units.FORCE_UNITS["hartree/bohr"] == 1.0
    # 1 hartree/bohr = 51.422 067 476 eV/Å (CODATA 2018: 8.2387234983e-8 N over e in 1e-10 m).
    expected = 8.2387234983e-8 * 1e-10 / 1.602176634e-19
    assert 1 / units.FORCE_UNITS["eV/angstrom"] == pytest.approx(expected, rel=2e-10)


def test_dipole_units() -> None:
    # 1 e·Å = 4.80320 D, the textbook number.
    ratio = units.DIPOLE_UNITS["e*angstrom"] / units.DIPOLE_UNITS["debye"]
    assert ratio == pytest.approx(4.80320, abs=1e-5)


@pytest.mark.parametrize(
    "table", [units.ENERGY_UNITS, units.LENGTH_UNITS, units.FORCE_UNITS, units.DIPOLE_UNITS]
)
def test_tables_cannot_be_changed(table: dict[str, float]) -> None:
    with pytest.raises(TypeError):
        table["furlong"] = 1.0
