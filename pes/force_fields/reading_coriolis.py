"""Rotational constants and Coriolis constants from a table."""

from pathlib import Path

from pes.files import check_file
from pes.force_fields.coriolis import AXES, Coriolis
from pes.units import ENERGY_UNITS

__all__ = ["read_coriolis"]

ROWS = "`B x 9.4` for a rotational constant or `zeta x 1 2 0.5` for a Coriolis constant"


def read_coriolis(path: str | Path, modes: int) -> Coriolis:
    """Read the constants that the vibrational angular momentum of a force field needs.

    A line `units: cm-1` says what the rotational constants are in. Further lines are `B x 9.4` for
    each of the axes x, y and z, and `zeta x 1 2 0.5` for ζ of an axis and two modes, numbered from
    1 as in the force field; pairs that are not there have none.

    Args:
        path: name of the file.
        modes: number of modes of the force field.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: for a malformed line, a missing rotational constant or missing units, and a
            constant given twice; the message names file and line.
    """
    file = Path(path)
    check_file(file, "table of Coriolis constants")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{file}: not a text file in UTF-8") from None
    unit, rotational = None, dict[int, float]()
    zeta: dict[tuple[int, int, int], float] = {}
    for number, line in enumerate(text.splitlines(), 1):
        cells = line.partition("#")[0].replace(",", " ").replace(":", " ").replace("=", " ").split()
        if not cells:
            continue
        try:
            if cells[0] == "units":
                unit = ENERGY_UNITS[cells[1]]
            elif cells[0] == "B":
                _once(rotational, _axis(cells[1]), float(cells[2]))
            else:
                axis, value, (first, second) = _zeta(cells, modes)
                ordered = (axis, min(first, second), max(first, second))
                _once(zeta, ordered, value if first < second else -value)
        except (KeyError, IndexError):
            raise ValueError(
                f"{file}, line {number}: {ROWS} is needed, or `units: cm-1`, got {line.strip()!r}"
            ) from None
        except ValueError as error:
            raise ValueError(f"{file}, line {number}: {error}") from None
    if unit is None:
        raise ValueError(f"{file}: add a line `units: cm-1` for the rotational constants")
    missing = [f"`B {name} VALUE`" for k, name in enumerate(AXES) if k not in rotational]
    if missing:
        raise ValueError(f"{file}: add a line {missing[0]}, a rotational constant")
    a, b, c = (unit * rotational[k] for k in range(len(AXES)))
    return Coriolis((a, b, c), zeta)


def _axis(name: str) -> int:
    """Number of an axis; KeyError for another name."""
    return {one: k for k, one in enumerate(AXES)}[name]


def _zeta(cells: list[str], modes: int) -> tuple[int, float, tuple[int, int]]:
    """Axis, value and modes of a line."""
    word, axis, first, second, value = cells if len(cells) == len(("zeta", *"x12v")) else [""] * 5
    if word != "zeta":
        raise KeyError(word)
    k, m = int(first) - 1, int(second) - 1
    if not (0 <= k < modes and 0 <= m < modes) or k == m:
        raise ValueError(f"two different modes from 1 to {modes} are needed, got {first} {second}")
    return _axis(axis), float(value), (k, m)


def _once(table: dict, key: object, value: float) -> None:
    """Enter a constant, which may be there with the same value."""
    if table.setdefault(key, value) != value:
        raise ValueError(f"the constant is given twice, as {table[key]:g} and as {value:g}")
