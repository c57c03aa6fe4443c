"""Units of a file: fixed by its format, stated by the user, or asked for."""

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

from pes.units import DEGREE, DIPOLE_UNITS, ENERGY_UNITS, FORCE_UNITS, LENGTH_UNITS

__all__ = ["TABLES", "echo", "file_units", "quantity_of", "spelled", "unit_factor"]

ANGLE_UNITS = MappingProxyType({"degree": DEGREE, "radian": 1.0, "cosine": 1.0})
"""Factors into radians; a cosine is an angle's own function and keeps its value."""
TABLES: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {"energy": ENERGY_UNITS, "length": LENGTH_UNITS, "forces": FORCE_UNITS,
     "dipole": DIPOLE_UNITS, "angle": ANGLE_UNITS}
)  # fmt: skip
SPELLINGS = MappingProxyType(
    {"å": "angstrom", "ang": "angstrom", "a": "angstrom", "ångström": "angstrom", "a0": "bohr",
     "ha": "hartree", "eh": "hartree", "cm^-1": "cm-1", "cm⁻¹": "cm-1", "1/cm": "cm-1",
     "d": "debye", "deg": "degree", "degrees": "degree", "rad": "radian", "cos": "cosine"}
)  # fmt: skip
"""Other spellings of units, in small letters."""


def file_units(stated: Mapping[str, str], fixed: Mapping[str, str]) -> dict[str, str]:
    """Unit of each quantity: as stated, else as the format has it.

    Forces are in energy/length and dipoles in e·length where neither says otherwise.

    Raises:
        ValueError: for an unknown quantity or unit.

    Example:
        >>> file_units({"energy": "Eh"}, {"energy": "eV", "length": "angstrom"})["forces"]
        'hartree/angstrom'
    """
    unknown = [name for name in stated if name not in TABLES]
    if unknown:
        raise ValueError(f"`units` has keys {', '.join(TABLES)}, not {unknown[0]!r}")
    units = {**fixed, **{name: spelled(name, unit) for name, unit in stated.items()}}
    if "energy" in units and "length" in units:
        units.setdefault("forces", f"{units['energy']}/{units['length']}")
        units.setdefault("dipole", f"e*{units['length']}")
    return units


def unit_factor(units: Mapping[str, str], quantity: str) -> float:
    """Factor of a quantity into atomic units.

    Raises:
        ValueError: if its unit is not known.
    """
    if quantity not in units:
        missing = [quantity, *(n for n in ("energy", "length") if n not in {quantity, *units})]
        example = ",".join(f"{name}={next(iter(TABLES[name]))}" for name in missing)
        known = "; ".join(f"{name}: {', '.join(TABLES[name])}" for name in missing)
        raise ValueError(
            f"the format does not say the unit of the {' and of the '.join(missing)}; state "
            f"{'it' if len(missing) == 1 else 'them'} in `units` (--units {example}). Known are "
            f"{known}"
        )
    return TABLES[quantity][units[quantity]]


def echo(units: Mapping[str, str], quantities: Mapping[str, str]) -> str:
    """The units of what was read, in words.

    Args:
        units: unit of each quantity.
        quantities: key of the file for each quantity.

    Example:
        >>> echo({"energy": "eV", "length": "angstrom"}, {"energy": "REF_energy"})
        'lengths in angstrom, energy in eV (REF_energy)'
    """
    parts = [f"lengths in {units['length']}"] if "length" in units else []
    if "angle" in units:
        parts.append("the cosine of the angle" if units["angle"] == "cosine" else
                     f"angles in {units['angle']}")  # fmt: skip
    for quantity, key in quantities.items():
        name = "forces" if quantity == "gradients" else quantity
        if name in units:
            told = "" if key == quantity else f" ({key})"
            parts.append(f"{quantity} in {units[name]}{told}")
    return ", ".join(parts)


def quantity_of(unit: str) -> str | None:
    """Quantity that a unit measures; None for an unknown unit.

    Example:
        >>> quantity_of("Eh"), quantity_of("deg"), quantity_of("eV/A"), quantity_of("scf")
        ('energy', 'angle', 'forces', None)
    """
    for quantity in TABLES:
        try:
            spelled(quantity, unit)
        except ValueError:
            continue
        return quantity
    return None


def spelled(quantity: str, unit: str) -> str:
    """The name that this package has for a unit.

    Raises:
        ValueError: if it is no unit of the quantity.
    """
    table = TABLES[quantity]
    if unit in table:
        return unit
    folded = {name.lower(): name for name in table}
    spelled = SPELLINGS.get(unit.lower(), unit.lower())
    if quantity == "forces" and "/" in unit:
        energy, _, length = unit.lower().rpartition("/")
        spelled = f"{SPELLINGS.get(energy, energy)}/{SPELLINGS.get(length, length)}"
    if quantity == "dipole":
        spelled = spelled.replace("·", "*").replace("e*å", "e*angstrom").replace("e*a0", "e*bohr")
    if spelled in folded:
        return folded[spelled]
    near = get_close_matches(spelled, folded, n=1)
    meant = f", did you mean {folded[near[0]]!r}?" if near else ""
    raise ValueError(f"unknown {quantity} unit {unit!r}{meant}; known are {', '.join(table)}")
