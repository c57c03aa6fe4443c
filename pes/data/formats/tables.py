"""Tables of numbers in text: a header or stated names, commas or white space between."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from pes.data.dataset import Dataset
from pes.data.formats.compressed import opened_text
from pes.data.formats.frames import numbers
from pes.data.formats.names import agreed_unit, name_and_unit
from pes.data.formats.points import chosen_keys, points
from pes.data.formats.request import Request
from pes.data.formats.units import file_units, quantity_of

__all__ = ["Geometry", "column_unit", "read_table", "table_names"]

LINES_AT_ONCE = 20_000
COMMENTS = ("#", "!", "%")
ENERGY_NAMES = ("energy", "energies", "e", "v")
Embedding = Callable[[np.ndarray, int], np.ndarray]


@dataclass(frozen=True)
class Geometry:
    """Conversion of the columns of a table into positions.

    Attributes:
        symbols: isotopes of N atoms.
        names: columns of the coordinates, in small letters.
        to_positions: coordinates (B, Q) and number of the first row to positions (B, N, 3).
    """

    symbols: tuple[str, ...]
    names: tuple[str, ...]
    to_positions: Embedding


def table_names(path: Path, request: Request) -> tuple[str, ...]:
    """Names of the columns, without their units: as stated, else those of the header."""
    return tuple(name_and_unit(name)[0] for name in _head(path, request))


def column_unit(
    path: Path, request: Request, quantity: str, columns: Collection[str]
) -> str | None:
    """Unit of some columns (in small letters), as the user or the header states it, such as [A].

    Raises:
        ValueError: if these differ.
    """
    named = map(name_and_unit, _head(path, request))
    own = [unit for name, unit in named if name.lower() in columns]
    units = [unit for unit in own if unit is not None and quantity_of(unit) == quantity]
    return agreed_unit(quantity, units, request.units.get(quantity))


def _head(path: Path, request: Request) -> tuple[str, ...]:
    """Names of the columns with their units."""
    if request.columns is not None:
        return request.columns
    comment = head = ""
    with opened_text(path) as lines:
        for head in lines:
            if _is_row(head):
                break
            comment = head.strip() or comment
    words = _header_words(head)
    if not _is_data(head):
        return tuple(words)
    # numpy.savetxt writes the names behind a #.
    named = _header_words(comment.lstrip("".join(COMMENTS)))
    if len(named) == len(words) and not _is_data(comment.lstrip("".join(COMMENTS))):
        return tuple(named)
    raise ValueError(
        f"the table has no header; name its {len(words)} columns in `columns` "
        '(--columns "r1 r2 cos energy")'
    )


def read_table(
    path: Path, format_words: str, request: Request, fixed: Mapping[str, str], geometry: Geometry
) -> Iterator[Dataset]:
    """Points of a table; every other column is kept as well.

    Raises:
        ValueError: naming the line that cannot be read.
    """
    names = table_names(path, request)
    small = [name.lower() for name in names]
    missing = [name for name in geometry.names if name not in small]
    if missing:
        raise ValueError(
            f"no column `{missing[0]}`; columns there: {', '.join(names)}; name all of them in "
            f'`columns` (--columns "{" ".join(geometry.names)} energy")'
        )
    if len(set(names)) < len(names):
        raise ValueError(f"two columns have the same name: {', '.join(names)}")
    at = [small.index(name) for name in geometry.names]
    rest = {name: k for k, name in enumerate(_head(path, request)) if k not in at}
    usual = next((name for name, k in rest.items() if small[k] in ENERGY_NAMES), None)
    keys = chosen_keys(list(rest), request, {"energy": usual} if usual else None)
    length = column_unit(path, request, "length", geometry.names)
    units = file_units(request.units, fixed if length is None else {**fixed, "length": length})
    first = 0
    for block in _blocks(path, len(names)):
        arrays = {name: block[:, k] for name, k in rest.items()}
        yield points(
            path, format_words, geometry.symbols, geometry.to_positions(block[:, at], first),
            arrays, keys=keys, units=units, first_row=first,
        )  # fmt: skip
        first += len(block)


def _blocks(path: Path, width: int) -> Iterator[np.ndarray]:
    """Rows of the table, some at a time, (B, width)."""
    empty = True
    with opened_text(path) as lines:
        rows = ((n, line) for n, line in enumerate(lines, 1) if _is_row(line))
        head = next(rows, None)
        if head is not None and _is_data(head[1]):
            yield _numbers([head], width)
            empty = False
        while block := list(islice(rows, LINES_AT_ONCE)):
            yield _numbers(block, width)
            empty = False
    if empty:
        raise ValueError("the table holds no rows of numbers")


def _numbers(block: Sequence[tuple[int, str]], width: int) -> np.ndarray:
    if not block[-1][1].endswith("\n"):
        # A number cut in two is still a number; a whole file may also end so.
        _check_last(block)
    rows = [_words(line) for _, line in block]
    for (number, line), words in zip(block, rows, strict=True):
        if len(words) == width:
            continue
        shown = repr(line.strip()[:60])
        if "," in line and len(line.replace(";", " ").split()) == width:
            raise ValueError(
                f"line {number}: the numbers have decimal commas: {shown}; write decimal points"
            )
        raise ValueError(
            f"line {number}: {len(words)} numbers where {width} columns are named: {shown}; "
            "complete the line or remove it"
        )
    try:
        return numbers([word for words in rows for word in words]).reshape(-1, width)
    except ValueError:
        for (number, _), words in zip(block, rows, strict=True):
            try:
                numbers(words)
            except ValueError as error:
                raise ValueError(f"line {number}: {error}; correct or remove it") from None
        raise


def _check_last(block: Sequence[tuple[int, str]]) -> None:
    number, last = block[-1]
    raise ValueError(
        f"line {number}: the file may be truncated, its last line has no line break "
        f"({last.strip()[-20:]!r}); if it is complete, add one"
    )


def _words(line: str) -> list[str]:
    for separator in (",", ";"):
        if separator in line:
            return [word.strip() for word in line.split(separator)]
    return line.split()


def _header_words(line: str) -> list[str]:
    """Names, each with the unit in brackets that may stand apart behind it."""
    names: list[str] = []
    for word in _words(line):
        if names and word.startswith(("[", "(")):
            names[-1] += word
        else:
            names.append(word)
    return names


def _is_row(line: str) -> bool:
    return not line.isspace() and not line.lstrip().startswith(COMMENTS)


def _is_data(line: str) -> bool:
    try:
        return len(numbers(_words(line))) > 0
    except ValueError:
        return False


def required_symbols(request: Request, example: str) -> tuple[str, ...]:
    """The atoms, which no table says.

    Raises:
        ValueError: if they are not stated.
    """
    if request.symbols is None:
        raise ValueError(
            f'a table does not say its atoms; state them in `formula` (--formula "{example}")'
        )
    return request.symbols


def write_rows(path: Path, names: Iterable[str], blocks: Iterable[np.ndarray]) -> None:
    """Comma-separated rows with every digit under a header."""
    with path.open("w") as file:
        file.write(",".join(names) + "\n")
        for block in blocks:
            file.writelines(",".join(map(repr, row)) + "\n" for row in block.tolist())
