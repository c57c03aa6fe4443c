"""Elements and isotopes: symbols, numbers, masses, covalent radii.

The tables of QCElemental are read without the rest of that package, which takes longer to import
than the levels of water take.
"""

import re
import sys
from collections.abc import Mapping
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import MappingProxyType, ModuleType

__all__ = ["MASSES", "RADII", "atomic_number", "element", "mass_number", "nuclide"]

NUCLIDE = re.compile(r"(\d*)([A-Z][a-z]?)")


def _tables() -> ModuleType:
    """QCElemental's folder `data`, as a package by itself."""
    package = find_spec("qcelemental")
    if package is None or package.origin is None:
        raise ImportError("QCElemental is not installed: pip install qcelemental")
    folder = Path(package.origin).parent / "data"
    name = "_pes_tables_of_qcelemental"
    spec = spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{folder} cannot be imported")
    tables = module_from_spec(spec)
    # Its own files import one another relative to this name.
    sys.modules[name] = tables
    spec.loader.exec_module(tables)
    return tables


_TABLES = _tables()
_NIST = _TABLES.nist_2011_atomic_weights
_ALVAREZ = _TABLES.alvarez_2008_covalent_radii["covalent_radii"]

_SYMBOLS: Mapping[int, str] = dict(zip(_NIST["Z"], _NIST["E"], strict=True))
_NUMBERS: Mapping[str, int] = {name: number for number, name in _SYMBOLS.items()}
_ELEMENTS: Mapping[str, str] = dict(zip(_NIST["EA"], _NIST["_EE"], strict=True))
_MASS_NUMBERS: Mapping[str, int] = dict(zip(_NIST["EA"], _NIST["A"], strict=True))

MASSES: Mapping[str, float] = MappingProxyType(
    {name: float(mass) for name, mass in zip(_NIST["EA"], _NIST["mass"], strict=True)}
)
"""Atomic masses in u by `H`, `D`, `O18`; an element alone means its most abundant isotope."""

SPINS = {"C": "C_sp3", "Mn": "Mn_highspin", "Fe": "Fe_highspin", "Co": "Co_highspin"}
"""Elements with several radii, and whose is taken: the largest."""

_RADII = {name: float(radius) for name, radius, _ in _ALVAREZ}

RADII: Mapping[str, float] = MappingProxyType(
    {name: _RADII[SPINS.get(name, name)] for name in _NUMBERS if SPINS.get(name, name) in _RADII}
)
"""Covalent radii in Å by element, doi:10.1039/b801115j."""


def nuclide(isotope: str) -> str:
    """Name of an isotope in these tables: `O18` for `18O`.

    Raises:
        ValueError: if it is none.
    """
    match = NUCLIDE.fullmatch(isotope)
    if match is None:
        raise ValueError(f"{isotope!r} is not an isotope symbol; write H, D, O or 18O")
    name = match[2] + match[1]
    # There is a ghost atom X, too, whose mass is zero.
    if _ELEMENTS.get(name, "X") == "X":
        raise ValueError(f"{isotope!r} is not a known isotope; write H, D, O or 18O")
    return name


def element(of: int | str) -> str:
    """Element of an atomic number, or of an isotope such as `D` or `18O`.

    Raises:
        ValueError: if there is none.

    Example:
        >>> element(8), element("18O"), element("D")
        ('O', 'O', 'H')
    """
    if isinstance(of, str):
        return _ELEMENTS[nuclide(of)]
    if of not in _SYMBOLS or of == 0:
        raise ValueError(f"no element has the atomic number {of}")
    return _SYMBOLS[of]


def atomic_number(isotope: str) -> int:
    """Number of protons.

    Example:
        >>> atomic_number("D"), atomic_number("18O")
        (1, 8)
    """
    return _NUMBERS[element(isotope)]


def mass_number(isotope: str) -> int:
    """Number of protons and neutrons; of an element, of its most abundant isotope.

    Example:
        >>> mass_number("D"), mass_number("O")
        (2, 16)
    """
    return _MASS_NUMBERS[nuclide(isotope)]
