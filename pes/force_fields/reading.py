"""Force fields from tables of constants: a plain table, VHCI's input, Gaussian's output."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pes.files import check_file
from pes.force_fields.field import ForceField, Modes, symmetry_factor
from pes.force_fields.reading_coriolis import read_coriolis
from pes.units import ENERGY_UNITS

__all__ = ["read_force_field"]

KINDS = ("derivatives", "coefficients")
"""∂V/∂q…, or factors of the products of q, each product once."""

HEAD = {
    "units": f"units: cm-1 (one of {', '.join(ENERGY_UNITS)})",
    "modes": "modes: N, the number of normal coordinates",
    "constants": "constants: derivatives or constants: coefficients (of products of q)",
}
"""Lines that a plain table begins with, by their word."""

DEGREES = (1, 6)
"""Lowest and highest degree of a term."""


@dataclass(frozen=True)
class Row:
    """A line of a table.

    Attributes:
        line: its number.
        modes: modes, numbered from 0.
        value: value in the units of the table.
    """

    line: int
    modes: Modes
    value: float


Lines = Sequence[tuple[int, str]]


def read_force_field(path: str | Path, *, coriolis: str | Path | None = None) -> ForceField:
    """Read a force field in dimensionless normal coordinates.

    The format is recognised by the content of the file.

    A plain table has lines `units: cm-1`, `modes: 2` and `constants: derivatives`, then rows of
    mode numbers from 1 and a value: `1 1 1000.0` is ω of mode 1, `1 1 2 50.0` a cubic constant.
    VHCI's input and the output of an anharmonic calculation by Gaussian are read too.

    Args:
        path: name of the file.
        coriolis: file of rotational and Coriolis constants, for levels with the vibrational
            angular momentum; see `pes.force_fields.reading_coriolis`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: for a malformed row, missing modes or units, or impossible numbers; the message
            names file and line.
    """
    file = Path(path)
    check_file(file, "force field")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{file}: not a text file in UTF-8") from None
    lines = [(n, line.strip()) for n, line in enumerate(text.splitlines(), 1)]
    try:
        field = next(read for sign, read in READERS.items() if sign in text)(lines, file.stem)
    except ValueError as error:
        raise ValueError(f"{file}{error}") from None
    if coriolis is None:
        return field
    return replace(field, coriolis=read_coriolis(coriolis, len(field.frequencies)))


def _plain(lines: Lines, name: str) -> ForceField:
    """A plain table, whose head says what its numbers are."""
    head: dict[str, str] = {}
    rows = []
    for number, line in lines:
        content = line.partition("#")[0].replace(",", " ").strip()
        word, _, value = content.replace("=", ":").partition(":")
        if word.strip() in HEAD:
            head[word.strip()] = value.strip()
        elif content:
            rows.append(_row(number, content.split(), first=1))
    missing = [text for word, text in HEAD.items() if word not in head]
    if missing:
        raise ValueError(f": the header of the table is incomplete; add a line `{missing[0]}`")
    if head["constants"] not in KINDS:
        raise ValueError(f": `constants` must be {' or '.join(KINDS)}, got {head['constants']!r}")
    if not head["modes"].isdecimal() or int(head["modes"]) < 1:
        raise ValueError(f": `modes` must be a positive whole number, got {head['modes']!r}")
    harmonic = [row for row in rows if len(row.modes) == 2 and row.modes[0] == row.modes[1]]
    others = [row for row in rows if row not in harmonic]
    if head["constants"] == "coefficients":
        others = [Row(r.line, r.modes, r.value * symmetry_factor(r.modes)) for r in others]
    frequencies = [Row(row.line, row.modes[:1], row.value) for row in harmonic]
    return _assembled(int(head["modes"]), frequencies, others, head["units"], name, first=1)


def _vhci(lines: Lines, name: str) -> ForceField:
    """Input of VHCI in cm⁻¹, modes from 0.

    `Modes: N` and rows of mode, ω and quanta; `Force_constants: M` and rows of degree, modes and
    derivative.
    """
    place = {word: n for n, (_, line) in enumerate(lines) for word in VHCI if line.startswith(word)}
    for word in VHCI:
        if word not in place:
            raise ValueError(f": VHCI's input needs a line `{word} N`")
    sizes = {word: _whole(*lines[n], word) for word, n in place.items()}
    begin, end = place["Modes:"] + 1, place["Force_constants:"]
    modes = [(n, line.split()) for n, line in lines[begin:end] if line][: sizes["Modes:"]]
    frequencies = [_row(n, cells[:2], first=0) for n, cells in modes]
    rows = []
    for number, line in lines[end + 1 :]:
        if line:
            degree, *cells = line.split()
            rows.append(_row(number, cells, first=0))
            if degree != str(len(rows[-1].modes)):
                raise ValueError(
                    f", line {number}: a row of degree {degree} needs {degree} modes, got {line!r}"
                )
    if len(rows) != sizes["Force_constants:"]:
        raise ValueError(
            f": `Force_constants: {sizes['Force_constants:']}` does not match the number of "
            f"rows, {len(rows)}; the table may be cut off"
        )
    return _assembled(sizes["Modes:"], frequencies, rows, "cm-1", name, first=0)


VHCI = ("Modes:", "Force_constants:")
"""Lines of VHCI's input that count the rows after them."""


def _gaussian(lines: Lines, name: str) -> ForceField:
    """Output of Gaussian's anharmonic frequencies: FI, derivatives in cm⁻¹, of each order."""
    rows: list[Row] = []
    for title, degree in GAUSSIAN.items():
        starts = [n for n, (_, line) in enumerate(lines) if title in line]
        if not starts:
            continue
        for number, line in lines[starts[-1] :]:
            cells = line.split()
            if line.startswith("Num. of"):
                break
            if len(cells) == degree + 3 and all(cell.isdecimal() for cell in cells[:degree]):
                rows.append(_row(number, cells[: degree + 1], first=1))
        else:
            raise ValueError(f": the table {title!r} has no end; the output may have been cut")
    frequencies = [Row(r.line, r.modes[:1], r.value) for r in rows if len(r.modes) == 2]
    others = [row for row in rows if len(row.modes) > 2]
    return _assembled(len(frequencies), frequencies, others, "cm-1", name, first=1)


GAUSSIAN = {
    f"{order} FORCE CONSTANTS IN NORMAL MODES": degree
    for order, degree in (("QUADRATIC", 2), ("CUBIC", 3), ("QUARTIC", 4))
}
"""Titles of the tables in Gaussian's output, and the degrees of their constants."""

READERS: Mapping[str, Callable[[Lines, str], ForceField]] = {
    "Force_constants:": _vhci,
    "QUADRATIC FORCE CONSTANTS IN NORMAL MODES": _gaussian,
    "": _plain,
}
"""Readers by what a text of their format holds, tried in this order."""


def _row(number: int, cells: Sequence[str], *, first: int) -> Row:
    """Modes and a value from the cells of a line.

    Raises:
        ValueError: if they are something else.
    """
    try:
        modes, value = tuple(int(cell) - first for cell in cells[:-1]), float(cells[-1])
    except ValueError:
        modes, value = (), float("nan")
    if not DEGREES[0] <= len(modes) <= DEGREES[1] or value != value:
        raise ValueError(
            f", line {number}: {DEGREES[0]} to {DEGREES[1]} mode numbers and a value are needed, "
            f"got {' '.join(cells)!r}"
        )
    return Row(number, modes, value)


def _whole(number: int, line: str, word: str) -> int:
    value = line.removeprefix(word).strip()
    if not value.isdecimal():
        raise ValueError(f", line {number}: `{word}` needs a whole number, got {value!r}")
    return int(value)


def _assembled(
    modes: int, frequencies: Sequence[Row], rows: Sequence[Row], units: str, name: str, first: int
) -> ForceField:
    """The force field of rows, each constant once; modes of the file count from `first`.

    Raises:
        ValueError: for a mode without ω or that does not exist, and for two values of a constant.
    """
    for table in (frequencies, rows):
        known: dict[Modes, Row] = {}
        for row in table:
            outside = [k + first for k in row.modes if not 0 <= k < modes]
            if outside:
                raise ValueError(
                    f", line {row.line}: mode {outside[0]} does not exist: the {modes} modes are "
                    f"numbered from {first}"
                )
            other = known.setdefault(tuple(sorted(row.modes)), row)
            if other.value != row.value:
                raise ValueError(
                    f", line {row.line}: the constant is given in line {other.line} already, with "
                    f"another value, {other.value:g} and {row.value:g}"
                )
    harmonic = {row.modes[0]: row.value for row in frequencies}
    without = [str(k + 1) for k in range(modes) if k not in harmonic]
    if without or not modes:
        raise ValueError(f": no harmonic wavenumber of mode {', '.join(without) or '1'}")
    constants = {tuple(sorted(row.modes)): row.value for row in rows}
    try:
        return ForceField.of([harmonic[k] for k in range(modes)], constants, units=units, name=name)
    except ValueError as error:
        raise ValueError(f": {error}") from None
