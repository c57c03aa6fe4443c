"""Extended XYZ: named numbers on the comment line and in columns of the atoms; ASE's units."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TextIO

import numpy as np
import torch
from torch import Tensor

from pes.data.dataset import Dataset
from pes.data.formats.compressed import opened_text
from pes.data.formats.frames import Frames, frames, numbers
from pes.data.formats.points import chosen_keys, points
from pes.data.formats.request import Request
from pes.data.formats.units import file_units, unit_factor
from pes.elements import element
from pes.files import replaced
from pes.units import ANGSTROM, ENERGY_UNITS

__all__ = ["read_extxyz", "read_geometries", "write_extxyz", "write_geometries"]

FIXED = {"length": "angstrom", "energy": "eV"}
NOT_NUMBERS = {"properties", "lattice", "pbc", "isotopes", "comment"}
_PAIR = re.compile(r"""([^\s="']+)\s*=\s*("[^"]*"|'[^']*'|\[[^\]]*\]|\{[^}]*\}|[^\s"']+)""")
_DEFAULT = "species:S:1:pos:R:3"


def read_extxyz(path: Path, request: Request) -> Iterator[Dataset]:
    """Energy and, where given, forces (or gradients) and dipole of every frame.

    Units are ASE's (eV, Å, eV/Å, e·Å) unless others are stated. Any further number on a comment
    line or column of numbers of the atoms is kept as a column, in the unit of energies if its
    name says so (`energy_scf`); NaN where a frame has none.

    Raises:
        ValueError: if a frame cannot be read, lacks its energy, or differs from the first in its
            atoms or in what it holds; frames count from 0.
    """
    units = file_units(request.units, FIXED)
    keys: dict[str, str] = {}
    symbols: tuple[str, ...] = ()
    with opened_text(path) as lines:
        for some in frames(lines):
            pairs = [dict(_PAIR.findall(comment)) for comment in some.comments]
            atoms = _atom_columns(some, pairs)
            named = _numbers_of_comments(pairs)
            if not keys:
                keys = _keys(named | atoms, pairs[0], request)
                symbols = request.isotopes(_symbols(some, pairs[0]))
            _check_held(keys, named, atoms, pairs, some.first)
            position_key = request.keys.get("positions", "pos")
            if position_key not in atoms:
                raise ValueError(f"frame {some.first}: no `{position_key}` among the properties")
            rest = {**{k: v for k, v in atoms.items() if k != position_key}, **named}
            yield points(
                path, "extended XYZ", symbols, atoms[position_key], rest,
                keys=keys, units=units, first_row=some.first,
            )  # fmt: skip


def _keys(held: Mapping[str, object], first: Mapping[str, str], request: Request) -> dict[str, str]:
    try:
        return chosen_keys([name for name in held if name != "pos"], request)
    except ValueError as error:
        unread = [name for name in first if name not in held and name != "Properties"]
        also = f"; not numbers: {', '.join(unread)}" if unread else ""
        raise ValueError(f"frame 0: {error}{also}") from None


def _symbols(some: Frames, first: Mapping[str, str]) -> tuple[str, ...]:
    isotopes = tuple(first.get("isotopes", "").strip("\"'").split())
    if not isotopes:
        return some.symbols
    return Request(symbols=isotopes).isotopes(some.symbols)


def _atom_columns(some: Frames, pairs: Sequence[Mapping[str, str]]) -> dict[str, np.ndarray]:
    """Columns of numbers of the atoms by name, (B, N, 3) or (B, N)."""
    texts = [pair.get("Properties", _DEFAULT).strip("\"'") for pair in pairs]
    other = next((k for k, text in enumerate(texts) if text != texts[0]), None)
    if other is not None:
        names, first = set(texts[other].split(":")[::3]), set(texts[0].split(":")[::3])
        raise _unlike(first ^ names, names, some.first, some.first + other)
    parts = texts[0].split(":")
    if len(parts) % 3 or parts[1] != "S" or not all(n.isdecimal() for n in parts[2::3]):
        raise ValueError(
            f"frame {some.first}: `Properties` must begin with species:S:1 and have three words "
            f"for each column, got {texts[0]!r}"
        )
    layout = list(zip(parts[3::3], parts[4::3], map(int, parts[5::3]), strict=True))
    if sum(count for *_, count in layout) != some.width:
        raise ValueError(
            f"frame {some.first}: `Properties` name {sum(n for *_, n in layout)} columns after "
            f"the symbol, but each atom has {some.width}"
        )
    columns, start = {}, 0
    for name, kind, count in layout:
        if kind in "RI":
            values = some.column(start, count)
            columns[name] = values if count > 1 else values[..., 0]
        start += count
    return columns


def _unlike(differing: set[str], here: set[str], first: int, other: int) -> ValueError:
    name = min(differing, default="species")
    without, with_it = (first, other) if name in here else (other, first)
    return ValueError(
        f"frame {without}: no `{name}`, which frame {with_it} has; complete or remove it"
    )


def _numbers_of_comments(pairs: Sequence[Mapping[str, str]]) -> dict[str, np.ndarray]:
    """Numbers (B, ...) of the comment lines by name, NaN where a frame has none."""
    columns: dict[str, np.ndarray] = {}
    for name in dict.fromkeys(key for pair in pairs for key in pair):
        if name.lower() not in NOT_NUMBERS:
            values = _column([pair.get(name) for pair in pairs])
            if values is not None:
                columns[name] = values
    return columns


def _column(texts: Sequence[str | None]) -> np.ndarray | None:
    lists = [None if text is None else text.strip("\"'[]").replace(",", " ").split()
             for text in texts]  # fmt: skip
    width = next(len(words) for words in lists if words is not None)
    missing = ["nan"] * width
    words = [word for one in lists for word in (missing if one is None else one)]
    try:
        values = numbers(words)
    except ValueError:
        return None
    if width == 0 or len(values) != width * len(texts):
        return None
    return values if width == 1 else values.reshape(-1, width)


def _check_held(
    keys: Mapping[str, str],
    named: Mapping[str, np.ndarray],
    atoms: Mapping[str, np.ndarray],
    pairs: Sequence[Mapping[str, str]],
    first: int,
) -> None:
    """Refuse a frame that lacks a quantity of the first one."""
    for key in keys.values():
        lacking = next((k for k, pair in enumerate(pairs) if key not in pair), None)
        if key in atoms or (key in named and lacking is None):
            continue
        if lacking is None:
            bad = next(k for k, pair in enumerate(pairs) if _column([pair[key]]) is None)
            raise ValueError(f"frame {first + bad}: `{key}` is not a number: {pairs[bad][key]}")
        raise ValueError(
            f"frame {first + lacking}: no `{key}`, which other frames have; complete or remove it"
        )


def write_extxyz(path: Path, parts: Iterable[Dataset]) -> None:
    """Write points in ASE's units with every digit; ASE's own writer keeps eight decimals.

    Isotopes go to the key `isotopes`, columns to keys of their own in the unit they have, energies
    in eV; the provenance stays behind.

    Raises:
        FileNotFoundError: if the folder does not exist.
    """
    with replaced(path) as temporary, temporary.open("w") as file:
        for part in parts:
            _write_part(file, part)


def _write_part(file: TextIO, part: Dataset) -> None:
    units = file_units({}, FIXED)
    elements = [element(symbol) for symbol in part.symbols]
    table, properties = part.positions / unit_factor(units, "length"), _DEFAULT
    if part.forces is not None:
        table = torch.cat((table, part.forces / unit_factor(units, "forces")), dim=2)
        properties += ":forces:R:3"
    named = {"energy": part.energies / unit_factor(units, "energy")}
    if part.dipoles is not None:
        named["dipole"] = part.dipoles / unit_factor(units, "dipole")
    for name, column in part.columns.items():
        unit = part.column_units[name]
        scale = ENERGY_UNITS[unit] / ENERGY_UNITS["eV"] if "energy" in name.lower() else 1.0
        named[name] = column.flatten(1) * scale if column.dim() > 1 else column * scale
    header = f'Properties={properties} isotopes="{" ".join(part.symbols)}" pbc="F F F"'
    for k, atoms in enumerate(table):
        numbers = [f"{name}={_value(values[k])}" for name, values in named.items()]
        rows = [f"{e} {_digits(row)}" for e, row in zip(elements, atoms, strict=True)]
        file.write("\n".join([str(len(elements)), " ".join([header, *numbers]), *rows, ""]))


def write_geometries(
    path: str | Path,
    symbols: Sequence[str],
    positions: Tensor,
    columns: Mapping[str, Sequence[float]] = MappingProxyType({}),
) -> None:
    """Write geometries without labels in Å, with a number for each under its name.

    Args:
        path: path of the file.
        symbols: isotope symbols of N atoms.
        positions: (B, N, 3) in bohr.
        columns: B numbers by name; the name says their unit.

    Raises:
        FileNotFoundError: if the folder does not exist.
    """
    elements = [element(symbol) for symbol in symbols]
    with replaced(path) as temporary, temporary.open("w") as file:
        for k, table in enumerate(positions / ANGSTROM):
            numbers = [f"{name}={values[k]}" for name, values in columns.items()]
            isotopes = f'isotopes="{" ".join(symbols)}"'
            header = ["Properties=species:S:1:pos:R:3", isotopes, *numbers, 'pbc="F F F"']
            rows = [f"{e} {_digits(row)}" for e, row in zip(elements, table, strict=True)]
            file.write("\n".join([str(len(elements)), " ".join(header), *rows, ""]))


def read_geometries(path: Path) -> tuple[tuple[str, ...], Tensor, dict[str, Tensor]]:
    """Geometries without labels, as `write_geometries` writes them.

    Returns:
        Isotope symbols of N atoms, positions (B, N, 3) in bohr, and the numbers on the comment
        lines by their names.

    Raises:
        ValueError: if the file cannot be read, or holds no geometries.
    """
    symbols, parts, named = (), list[Tensor](), list[dict[str, np.ndarray]]()
    with opened_text(path) as lines:
        for some in frames(lines):
            pairs = [dict(_PAIR.findall(comment)) for comment in some.comments]
            atoms = _atom_columns(some, pairs)
            if "pos" not in atoms:
                raise ValueError(f"frame {some.first}: no `pos` among the properties")
            symbols = symbols or _symbols(some, pairs[0])
            parts.append(torch.from_numpy(np.array(atoms["pos"])) * ANGSTROM)
            named.append(_numbers_of_comments(pairs))
    columns = {
        name: torch.from_numpy(np.concatenate([one[name] for one in named]))
        for name in named[0]
        if all(name in one for one in named)
    }
    return symbols, torch.cat(parts), columns


def _digits(values: Tensor) -> str:
    return " ".join(map(repr, values.tolist()))


def _value(values: Tensor) -> str:
    return f'"{_digits(values)}"' if values.dim() else repr(float(values))
