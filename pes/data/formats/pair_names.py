"""Columns of a table that are named after the two atoms whose distance they hold: r_OH, R12."""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import combinations

from pes.elements import element

__all__ = ["pair_columns"]

_ATOM = r"([A-Z][a-z]?\d*|\d)"
_NAME = re.compile(rf"(?:[rRdD]|dist)?[_ (\[]?{_ATOM}[-_, ]?{_ATOM}[)\]]?")


def pair_columns(names: Sequence[str], symbols: Sequence[str]) -> tuple[str, ...] | None:
    """The columns of all pairs 10, 20, 21, 30, …; None unless each pair has a name of its own.

    Atoms are named by their elements, alike ones with a number (r_OH1, r(O-H1)), or by numbers from
    1 or from 0 (r12).

    Example:
        >>> pair_columns(["r_OH", "r_HCl", "r_OCl", "E"], ["H", "O", "Cl"])
        ('r_OH', 'r_HCl', 'r_OCl')
        >>> pair_columns(["R12", "R13", "R23"], ["O", "H", "H"])
        ('R12', 'R13', 'R23')
    """
    pairs = [(i, j) for i in range(len(symbols)) for j in range(i)]
    for labels in _labels(symbols):
        columns = {pair: name for name in names if (pair := _pair(name, labels)) is not None}
        if len(columns) == len(pairs):
            return tuple(columns[pair] for pair in pairs)
    return None


def _labels(symbols: Sequence[str]) -> Iterator[list[Collection[str]]]:
    """Possible names of each atom, one way of naming after the other."""
    count = range(len(symbols))
    for names in (symbols, [element(symbol) for symbol in symbols]):
        within = [names[: i + 1].count(names[i]) for i in count]
        for numbers in (within, [i + 1 for i in count]):
            yield [{name, f"{name}{n}"} for name, n in zip(names, numbers, strict=True)]
    yield [{str(i + 1)} for i in count]
    yield [{str(i)} for i in count]


def _pair(name: str, labels: Sequence[Collection[str]]) -> tuple[int, int] | None:
    """The two atoms, the later one first, if they are the only ones that a name fits."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    a, b = match.groups()
    fitting = [
        (j, i)
        for i, j in combinations(range(len(labels)), 2)
        if (a in labels[i] and b in labels[j]) or (b in labels[i] and a in labels[j])
    ]
    return fitting[0] if len(fitting) == 1 else None
