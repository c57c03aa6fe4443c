"""Tables of numbers in text: a header or stated names, commas or white space between."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from pes.data.dataset import Dataset
from pes.data.formats.compressed import opened_text
from pes.data.formats.frames import numbers
from pes.data.formats.points import chosen_keys, points
from pes.data.formats.request import Request
from pes.data.formats.units import file_units

__all__ = ["Geometry", "read_table", "table_names"]

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
    """Names of the columns: as stated, else those of the header."""
    if request.columns is not None:
        return request.columns
    with opened_text(path) as lines:
        head = next((line for line in lines if _is_row(line)), "")
    words = _words(head)
    try:
        numbers(words)
    except ValueError:
        return tuple(words)
    raise ValueError(
        f"the table has no header; name its {len(words)} columns in `columns`, such as "
        '"r1 r2 cos energy"'
    )


def read_table(
    path: Path, format_words: str, request: Request, fixed: Mapping[str, str], geometry: Geometry
) -> Iterator[Dataset]:
    """Points of a table; every other column is kept as well.

    Raises:
        ValueError: naming the line that cannot be read.
    """
    units = file_units(request.units, fixed)
    names = table_names(path, request)
    small = [name.lower() for name in names]
    missing = [name for name in geometry.names if name not in small]
    if missing:
        raise ValueError(f"no column `{missing[0]}`; columns there: {', '.join(names)}")
    if len(set(names)) < len(names):
        raise ValueError(f"two columns have the same name: {', '.join(names)}")
    at = [small.index(name) for name in geometry.names]
    rest = [name for k, name in enumerate(names) if k not in at]
    usual = next((name for name in rest if name.lower() in ENERGY_NAMES), None)
    keys = chosen_keys(rest, request, {"energy": usual} if usual else None)
    first = 0
    for block in _blocks(path, len(names)):
        arrays = {name: block[:, names.index(name)] for name in rest}
        yield points(
            path, format_words, geometry.symbols, geometry.to_positions(block[:, at], first),
            arrays, keys=keys, units=units, first_row=first,
        )  # fmt: skip
        first += len(block)


def _blocks(path: Path, width: int) -> Iterator[np.ndarray]:
    """Rows (B, width) of the table."""
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
        if len(words) != width:
            raise ValueError(
                f"line {number}: {len(words)} numbers where {width} columns are named: "
                f"{line.strip()[:60]!r}"
            )
    try:
        return numbers([word for words in rows for word in words]).reshape(-1, width)
    except ValueError:
        for (number, _), words in zip(block, rows, strict=True):
            try:
                numbers(words)
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from None
        raise


def _check_last(block: Sequence[tuple[int, str]]) -> None:
    number, last = block[-1]
    raise ValueError(
        f"line {number}: the file may be truncated, its last line has no line break "
        f"({last.strip()[-20:]!r}); if it is whole, add one"
    )


def _words(line: str) -> list[str]:
    for separator in (",", ";"):
        if separator in line:
            return [word.strip() for word in line.split(separator)]
    return line.split()


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
            f"a table does not say its atoms; state them in `formula`, as in {example!r}"
        )
    return request.symbols


def write_rows(path: Path, names: Iterable[str], blocks: Iterable[np.ndarray]) -> None:
    """Comma-separated rows with every digit under a header."""
    with path.open("w") as file:
        file.write(",".join(names) + "\n")
        for block in blocks:
            file.writelines(",".join(map(repr, row)) + "\n" for row in block.tolist())
