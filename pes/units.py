"""Conversion factors between atomic units and the units people read and write.

Inside the package everything is in atomic units (hartree, bohr, electron mass, ħ = 1);
readers and writers multiply or divide by the factors below, nobody else does.
"""

import math
from types import MappingProxyType

from qcelemental import PhysicalConstantsContext

CONSTANTS = PhysicalConstantsContext("CODATA2018")

CM1 = CONSTANTS.conversion_factor("wavenumber", "hartree")
"""One cm⁻¹ in hartree."""

EV = CONSTANTS.conversion_factor("eV", "hartree")
"""One electronvolt in hartree."""

KCAL_MOL = CONSTANTS.conversion_factor("kcal/mol", "hartree")
"""One kcal/mol in hartree."""

KJ_MOL = CONSTANTS.conversion_factor("kJ/mol", "hartree")
"""One kJ/mol in hartree."""

ANGSTROM = CONSTANTS.conversion_factor("angstrom", "bohr")
"""One Å in bohr."""

DEGREE = math.pi / 180.0
"""One degree in radians."""

AMU = 1.0 / CONSTANTS.get("electron mass in u")
"""One unified atomic mass unit in electron masses."""

# QCElemental's own factor takes 1/c from a rounded table, wrong in the tenth digit.
DEBYE = 1e-21 / (CONSTANTS.c * CONSTANTS.get("atomic unit of electric dipole mom."))
"""One debye, 10⁻²¹/c C·m, in e·bohr."""

ENERGY_UNITS = MappingProxyType(
    {"hartree": 1.0, "eV": EV, "cm-1": CM1, "kcal/mol": KCAL_MOL, "kJ/mol": KJ_MOL}
)
LENGTH_UNITS = MappingProxyType({"bohr": 1.0, "angstrom": ANGSTROM})
FORCE_UNITS = MappingProxyType(
    {
        f"{energy}/{length}": ENERGY_UNITS[energy] / LENGTH_UNITS[length]
        for energy in ENERGY_UNITS
        for length in LENGTH_UNITS
    }
)
DIPOLE_UNITS = MappingProxyType({"e*bohr": 1.0, "e*angstrom": ANGSTROM, "debye": DEBYE})
