"""Observed levels and lines from a small CSV file."""

import csv
import re
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

import torch
from torch import Tensor

from pes.files import check_file
from pes.units import CM1

__all__ = ["Observed", "Rotor", "read_observed"]

Rotor = tuple[int, int, int]
"""J, Ka, Kc."""

ROTOR = ["J", "Ka", "Kc"]

IRREP = "irrep"
"""Column of the irreducible representations."""

QUANTUM = re.compile(r"[vl]\d+|n\(\w+\)")
"""Names of quanta: of normal modes, of the angular momenta of bends, or of one coordinate."""


@dataclass(frozen=True)
class Observed:
    """Levels above the ground state, or lines, as spectroscopy gives them.

    Attributes:
        quanta: vibrational quanta of each level, or of the upper level of each line.
        energies: energies of levels, wavenumbers of lines, (O,) in hartree.
        uncertainties: (O,) in hartree.
        rotors: J, Ka, Kc of each; empty where nothing rotates.
        lower: quanta and J, Ka, Kc of the lower level of each line; empty for levels.
        columns: names of the quanta, such as v1, v2, v3; empty where they are not stated.
        species: irreducible representation of each level, such as E'; empty where none is given.
    """

    quanta: tuple[tuple[int, ...], ...]
    energies: Tensor
    uncertainties: Tensor
    rotors: tuple[Rotor, ...] = ()
    lower: tuple[tuple[tuple[int, ...], Rotor], ...] = ()
    columns: tuple[str, ...] = ()
    species: tuple[str, ...] = ()

    @property
    def kinds(self) -> list[tuple[int | str, ...]]:
        """Quanta of each level, then its species where these are given."""
        if not self.species:
            return list(self.quanta)
        return [(*q, name) for q, name in zip(self.quanta, self.species, strict=True)]

    @property
    def names(self) -> list[str]:
        """Label of a level or line: `0 1 0`, `0 2 E'`, `0 1 0 2_1,2 - 0 0 0 1_0,1`."""
        if not self.rotors:
            return [_name(kind) for kind in self.kinds]
        upper = [_name(q, r) for q, r in zip(self.quanta, self.rotors, strict=True)]
        if not self.lower:
            return upper
        return [f"{u} - {_name(*low)}" for u, low in zip(upper, self.lower, strict=True)]

    def only(self, rows: list[int]) -> "Observed":
        """Some of them, by their numbers."""
        return replace(
            self, quanta=tuple(self.quanta[i] for i in rows), energies=self.energies[rows],
            uncertainties=self.uncertainties[rows],
            rotors=tuple(self.rotors[i] for i in rows) if self.rotors else (),
            lower=tuple(self.lower[i] for i in rows) if self.lower else (),
            species=tuple(self.species[i] for i in rows) if self.species else (),
        )  # fmt: skip


def read_observed(path: Path) -> Observed:
    """Levels or lines from a CSV file; lines of text that start with # are remarks.

    The columns are the quanta, by the names that `pes-levels` prints (v1, v2, …); then, of levels
    without rotation, irrep where levels of the same quanta differ in their symmetry, or, of levels
    with rotation, J, Ka, Kc; and energy, uncertainty (cm⁻¹). A file of lines has, before
    the wavenumber `energy`, the same once more with `_lower` at each name: v1_lower, …,
    J_lower, Ka_lower, Kc_lower.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: for other columns, a value that is not a number, a rotor that does not exist, or
            a level or line given twice.
    """
    check_file(path, "file of observed levels")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = [(n, line) for n, line in enumerate(file, 1) if line.strip() and line[0] != "#"]
        rows = list(csv.reader(line for _, line in lines))
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a CSV file in UTF-8 ({error})") from None
    if len(rows) != len(lines):
        raise ValueError(f"{path}: a quotation mark joins two lines; remove it")
    head = [name.strip() for name in rows[0]] if rows else []
    place = head.index(IRREP) if IRREP in head else None
    columns, labels = _head(path, [name for name in head if name != IRREP])
    modes = len(columns)
    if place is not None and (place != modes or labels > modes):
        raise ValueError(
            f"{path}: the column {IRREP} belongs behind the quanta of levels without rotation"
        )
    seen, values, kinds = [], [], []
    for (number, _), row in zip(lines[1:], rows[1:], strict=True):
        species = row.pop(place).strip() if place is not None and place < len(row) else ""
        try:
            label = tuple(int(v) for v in row[:labels])
            energy, uncertainty = (float(v) for v in row[labels:])
        except ValueError:
            raise ValueError(
                f"{path}, line {number}: {labels} whole numbers and two numbers are needed, "
                f"got {','.join(row)}"
            ) from None
        _check(f"{path}, line {number}", label, modes, energy, uncertainty)
        if (label, species) in zip(seen, kinds, strict=True):
            hint = "" if species or labels > modes else f"; levels of other symmetry need {IRREP}"
            raise ValueError(f"{path}, line {number}: the level {label} is listed twice{hint}")
        seen.append(label)
        kinds.append(species)
        values.append((energy, uncertainty))
    if not values:
        raise ValueError(f"{path} contains no levels")
    energies, uncertainties = torch.tensor(values, dtype=torch.float64).T * CM1
    upper = [(label[:modes], label[modes : modes + 3]) for label in seen]
    lower = [(label[modes + 3 : -3], label[-3:]) for label in seen] if labels > modes + 3 else []
    return Observed(
        tuple(quanta for quanta, _ in upper), energies, uncertainties,
        tuple(rotor for _, rotor in upper) if labels > modes else (),
        tuple((quanta, rotor) for quanta, rotor in lower), columns,
        tuple(kinds) if place is not None else (),
    )  # fmt: skip


def _head(path: Path, head: list[str]) -> tuple[tuple[str, ...], int]:
    """Names of the vibrational quanta, and the number of labels in all.

    Raises:
        ValueError: for other columns.
    """
    upper = list(takewhile(QUANTUM.fullmatch, head))
    turning = [*upper, *ROTOR]
    for labels in (upper, turning, [*turning, *(f"{name}_lower" for name in turning)]):
        if upper and head == [*labels, "energy", "uncertainty"]:
            return tuple(upper), len(labels)
    raise ValueError(
        f"{path}: the header must be v1, v2, …, energy, uncertainty, with J, Ka, Kc before energy "
        f"for levels with rotation, or {IRREP} for levels of the same quanta, "
        f"got {', '.join(head)}"
    )


def _check(
    place: str, label: tuple[int, ...], modes: int, energy: float, uncertainty: float
) -> None:
    """Raise a `ValueError` for numbers that no level or line can have."""
    if not (energy > 0 and uncertainty > 0):
        raise ValueError(f"{place}: energy and uncertainty must be positive")
    for start in range(modes, len(label), modes + 3):
        j, ka, kc = label[start : start + 3]
        if not (0 <= ka <= j and 0 <= kc <= j and j <= ka + kc <= j + 1):
            raise ValueError(
                f"{place}: no level is called {j}_{ka},{kc}; Ka + Kc must be J or J + 1"
            )


def _name(quanta: tuple[int | str, ...], rotor: Rotor | None = None) -> str:
    name = " ".join(map(str, quanta))
    return name if rotor is None else f"{name} {rotor[0]}_{rotor[1]},{rotor[2]}"
