"""Names of numbers in a file that say their unit: `E [cm-1]`, `r1/bohr`, `energy_eV`."""

import re
from collections.abc import Iterable

from pes.data.formats.units import quantity_of, spelled

__all__ = ["agreed_unit", "name_and_unit"]

_BRACKETS = re.compile(r"(.+?)\s*[\[(]\s*([^\[\]()]+?)\s*[\])]$")
_SLASH = re.compile(r"([^/]+?)\s*/\s*(.+)$")
_UNDERSCORE = re.compile(r"(.+)_(..+)$")


def name_and_unit(name: str) -> tuple[str, str | None]:
    """The name alone, and the unit that stands in brackets, behind a slash or behind `_`.

    What is no unit belongs to the name; one letter behind `_` is an index.

    Example:
        >>> name_and_unit("E [cm-1]"), name_and_unit("energy_eV"), name_and_unit("cos(theta)")
        (('E', 'cm-1'), ('energy', 'eV'), ('cos(theta)', None))
    """
    for pattern in (_BRACKETS, _UNDERSCORE, _SLASH):
        match = pattern.fullmatch(name)
        if match and quantity_of(match[2]) is not None:
            return match[1], match[2]
    return name, None


def agreed_unit(quantity: str, units: Iterable[str | None], stated: str | None) -> str | None:
    """Unit of a quantity, from names in the file and from the user; None if neither gives one.

    Raises:
        ValueError: if they differ, or the unit is one of another quantity.

    Example:
        >>> agreed_unit("length", ["A", None, "angstrom"], None)
        'angstrom'
    """
    known: dict[str, str] = {}
    for unit in (*units, stated):
        if unit is not None:
            known.setdefault(spelled(quantity, unit), unit)
    if len(known) > 1:
        raise ValueError(
            f"the unit of the {quantity} is stated as {' and as '.join(known.values())}; state it "
            "once, in `units` or in the name of a column"
        )
    return next(iter(known), None)
