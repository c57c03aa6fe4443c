"""Facts about a file that its content does not tell and the user states."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pes.elements import element
from pes.molecule import Molecule

__all__ = ["QUANTITIES", "Request", "atoms_of", "stated"]

QUANTITIES = ("energy", "forces", "gradients", "dipole", "positions")
"""Quantities that a key of a file may hold."""

_SPECIES = re.compile(r"(\d+[A-Z][a-z]?|[A-Z][a-z]?)(\d*)")


@dataclass(frozen=True)
class Request:
    """Statements about a file; whatever is left out is taken from the file.

    Attributes:
        symbols: isotopes in the order of the atoms.
        columns: names of the columns of a table, in their order.
        keys: name that the file has for a quantity (`{"energy": "REF_energy"}`).
        units: unit of a quantity (`{"energy": "eV", "length": "angstrom"}`).
        zmatrix: rows such as `("H", 0, 1)` for a table of internal coordinates.

    Raises:
        ValueError: for a quantity or an atom that does not exist.
    """

    symbols: tuple[str, ...] | None = None
    columns: tuple[str, ...] | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    zmatrix: tuple[tuple[str | int, ...], ...] | None = None

    def __post_init__(self) -> None:
        for name in self.keys:
            if name not in QUANTITIES:
                raise ValueError(
                    f"`keys` may name {', '.join(QUANTITIES)}, not {name!r}; "
                    "every other number of a file is kept under its own name"
                )

    def isotopes(self, elements: Sequence[str]) -> tuple[str, ...]:
        """Isotopes that the user states, of the elements in this order; else the elements.

        Raises:
            ValueError: if they are other atoms, or the same in another order.
        """
        if self.symbols is None:
            return tuple(elements)
        stated = [element(symbol) for symbol in self.symbols]
        present = [element(symbol) for symbol in elements]
        if stated == present:
            return self.symbols
        order = " in another order" if sorted(stated) == sorted(present) else ""
        raise ValueError(
            f"`formula` names {' '.join(self.symbols)}, but the file has {' '.join(elements)}, "
            f"{'the same atoms' + order if order else 'other atoms'}; state the atoms in the "
            "order of the file"
        )


def atoms_of(formula: str | Sequence[str]) -> tuple[str, ...]:
    """Atoms one by one of `"O H D"`, `"H2O"` or a list, in the order written.

    Raises:
        ValueError: if it is not a formula.

    Example:
        >>> atoms_of("H2O"), atoms_of("18O H D")
        (('H', 'H', 'O'), ('18O', 'H', 'D'))
    """
    parts = formula.replace(",", " ").split() if isinstance(formula, str) else list(formula)
    if len(parts) == 1:
        matches = list(_SPECIES.finditer(parts[0]))
        if "".join(match[0] for match in matches) != parts[0]:
            raise ValueError(f"`formula` must be like H2O or O H H, got {formula!r}")
        counts = [int(match[2] or 1) for match in matches]
        if sum(counts) > 1000:
            raise ValueError(f"`formula` must have at most 1000 atoms, got {formula!r}")
        parts = [match[1] for match, count in zip(matches, counts, strict=True)
                 for _ in range(count)]  # fmt: skip
    return Molecule(parts).symbols


def stated(
    *,
    formula: str | Sequence[str] | None = None,
    columns: str | Sequence[str] | None = None,
    keys: str | Mapping[str, str] | None = None,
    units: str | Mapping[str, str] | None = None,
    zmatrix: str | Sequence[Sequence[str | int]] | None = None,
) -> Request:
    """A request from what a user writes, in Python, in YAML or on a command line.

    Raises:
        ValueError: for text that cannot be understood.

    Example:
        >>> request = stated(units="energy=eV, length=angstrom", zmatrix="O; H 0; H 0 1")
        >>> request.units, request.zmatrix
        ({'energy': 'eV', 'length': 'angstrom'}, (('O',), ('H', 0), ('H', 0, 1)))
    """
    if isinstance(columns, str):
        columns = columns.replace(",", " ").split()
    if isinstance(zmatrix, str):
        zmatrix = [
            [int(word) if word.isdecimal() else word for word in row.split()]
            for row in zmatrix.split(";")
        ]
    return Request(
        symbols=None if formula is None else atoms_of(formula),
        columns=None if columns is None else tuple(columns),
        keys=_pairs("keys", keys),
        units=_pairs("units", units),
        zmatrix=None if zmatrix is None else tuple(tuple(row) for row in zmatrix),
    )


def _pairs(name: str, text: str | Mapping[str, str] | None) -> dict[str, str]:
    if text is None or not isinstance(text, str):
        return dict(text or {})
    pairs = [pair.partition("=") for pair in text.replace(",", " ").split()]
    if not all(key and equals and value for key, equals, value in pairs):
        raise ValueError(f"`{name}` must be like energy=eV,length=angstrom, got {text!r}")
    return {key: value for key, _, value in pairs}
