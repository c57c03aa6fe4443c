"""Conversion factors between atomic units and the units people read and write.

Inside the package everything is in atomic units (hartree, bohr, electron mass, ħ = 1);
readers and writers multiply or divide by the factors below, nobody else does.

Constants are those of CODATA 2018, written out as QCElemental gives them (a test compares all):
to ask that package takes longer than water's levels do.

References:
    E. Tiesinga et al., Rev. Mod. Phys. 93, 025010 (2021), doi:10.1103/RevModPhys.93.025010
"""

import math
from types import MappingProxyType

AVOGADRO = 6.02214076e23
"""N_A in 1/mol."""

PLANCK = 6.62607015e-34
"""h in J s."""

BOLTZMANN = 1.380649e-23
"""k_B in J/K."""

SPEED_OF_LIGHT = 299792458.0
"""c in m/s."""

VACUUM_PERMITTIVITY = 8.8541878128e-12
"""ε₀ in F/m."""

CM1 = 4.556335252912e-06
"""One cm⁻¹ in hartree."""

EV = 0.03674932217565494
"""One electronvolt in hartree."""

KCAL_MOL = 0.0015936014376406278
"""One kcal/mol in hartree."""

KJ_MOL = 0.00038087988471334315
"""One kJ/mol in hartree."""

ANGSTROM = 1.8897261246257702
"""One Å in bohr."""

DEGREE = math.pi / 180.0
"""One degree in radians."""

AMU = 1.0 / 0.000548579909065
"""One unified atomic mass unit in electron masses."""

# QCElemental's own factor takes 1/c from a rounded table, wrong in the tenth digit.
DEBYE = 1e-21 / (SPEED_OF_LIGHT * 8.4783536255e-30)
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
