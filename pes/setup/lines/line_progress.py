"""Progress of a line list: lines so far, memory and the CPU time left."""

from collections.abc import Callable
from itertools import product
from time import process_time

import torch
from torch import Tensor

from pes.memory import resident_memory
from pes.rovibration.levels import Rovibrational
from pes.rovibration.lines import Lines
from pes.rovibration.rotor import of_each_k
from pes.setup.lines.thermal_levels import ThermalLevels

__all__ = ["FileClock", "LineClock", "allowed_lines"]

TEXTS = 3
"""Files that hold lines as text."""

TEXT = 6e-6
"""CPU seconds for a line in one of them."""

COPIES = 4
"""Arrays as large as the matrices of two J, and as long as a column of the lines, that are held at
once."""

COLUMNS = 8
"""Columns of the lines, those of ensembles included."""

ENOUGH = 0.02
"""Part of the work after which its speed is known."""


def allowed_lines(levels: ThermalLevels) -> dict[tuple[int, int], int]:
    """Lower and higher J → most lines that symmetry and nuclear spins allow between their levels.

    A moment along an axis in space does not change when like nuclei are exchanged, and changes sign
    with inversion: a line needs this representation in the product of those of its levels. Without
    a known symmetry all pairs of levels are counted.
    """
    operations = levels.rotation.basis.operations
    signs = torch.tensor([-1.0 if "*" in one.name else 1.0 for one in operations])
    by_j = {one.j: _species(one, w) for one, w in zip(
        levels.rotation.levels, levels.weights, strict=True)}  # fmt: skip
    allowed = {}
    for j, (own, number) in by_j.items():
        for other in (j, j + 1):
            if other not in by_j or other == 0:
                continue
            characters, count = by_j[other]
            joint = own[:, :1] * characters[:, 0] + (own[:, 1:] * signs) @ characters[:, 1:].T
            pairs = number[:, None] * count
            lines = float(pairs[joint > 0.5 * (1 + len(operations))].sum())
            allowed[j, other] = round(lines / 2 if j == other else lines)
    return allowed


def _species(one: Rovibrational, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Characters under the identity and the operations of each kind of levels, and their number."""
    known = torch.cat((one.degeneracies[:, None].double(), one.characters.double()), 1)
    kinds, numbers = known[weights > 0].round().unique(dim=0, return_counts=True)
    return kinds.float(), numbers.float()


class LineClock:
    """Sentences about the calculation of lines.

    Args:
        levels: levels that the lines join.
        members: number of members of an ensemble of dipole surfaces; 0 without an ensemble.
        say: called with each sentence.
    """

    def __init__(self, levels: ThermalLevels, members: int, say: Callable[[str], None]) -> None:
        self.say = say
        self._levels, self._members = levels, members
        self._most = sum(allowed_lines(levels).values())
        self._work, self._largest = _work(levels)
        self._done: set[tuple[int, int]] = set()
        self._lines = 0
        self._begun = process_time()

    def forecast(self) -> str:
        """Number of lines and memory of the whole process, both at most."""
        numbers = COPIES * (self._largest + self._most * COLUMNS)
        memory = resident_memory() + 8 * numbers
        return (
            f"line list: {len(self._levels.energies):,} levels, at most {self._most:,} lines; at "
            f"most {memory / 2**30:.2g} GiB in all"
        )

    def moments(self, member: int, part: float) -> None:
        """Say how far the dipole moments of the J = 0 states are."""
        done = (member + part) / max(1, self._members)
        self.say(f"line list: dipole moments of the J = 0 states, {100 * done:.0f} %")

    def start(self) -> None:
        """Begin with the lines."""
        self._begun = process_time()

    def add(self, some: Lines) -> None:
        """Say how many lines there are and how long the others and the files will take."""
        self._done.add((min(some.upper_j, some.lower_j), max(some.upper_j, some.lower_j)))
        self._lines += len(some.wavenumbers)
        part = sum(self._work[pair] for pair in self._done) / sum(self._work.values())
        if part < ENOUGH:
            return
        taken = process_time() - self._begun
        # Strengths are computed once more for the file of all lines.
        left = taken * (1 - part) / part + taken / part / (1 + self._members)
        left += TEXTS * TEXT * self._lines / part
        highest = max(one.j for one in self._levels.rotation.levels)
        self.say(
            f"line list: {self._lines:,} lines, up to J = {some.lower_j} of {highest}; "
            f"{resident_memory() / 2**30:.2g} GiB in all; about {max(left, 1.0):.0f} CPU-s left"
        )


def _work(levels: ThermalLevels) -> tuple[dict[tuple[int, int], float], int]:
    """Multiplications for each two J, and numbers in the largest matrix."""
    n = len(levels.rotation.basis.coupling.energies)
    by_j = {one.j: one for one in levels.rotation.levels}
    work, largest = {}, 0
    for j, one in by_j.items():
        for other in (by_j[k] for k in (j, j + 1) if k in by_j):
            columns, rows = one.vectors.shape[1], other.vectors.shape[1]
            work[j, other.j] = float(columns * _products(one, other, n, rows))
            moved = n * (2 * other.j + 1) * columns
            largest = max(largest, moved, columns * rows)
    return work, largest


def _products(one: Rovibrational, other: Rovibrational, n: int, rows: int) -> int:
    """Multiplications for one level of a J and all of another one's, over n states."""
    pairs = product(of_each_k(other.axial, n, other.j), of_each_k(one.axial, n, one.j))
    return sum(
        len(states) * (len(own) * len(ones) + len(functions) * (len(ones) + rows))
        for (states, functions), (own, ones) in pairs
        # The dipole moment changes K by one at most.
        if abs((int(functions[0]) + 1) // 2 - (int(ones[0]) + 1) // 2) <= 1
    )


class FileClock:
    """Sentences about the files of lines as text.

    Args:
        lines: number of lines in all files together.
        say: called with each sentence.
    """

    def __init__(self, lines: int, say: Callable[[str], None]) -> None:
        self._lines, self._say = lines, say
        self._written = 0
        self._begun = process_time()

    def wrote(self, lines: int) -> None:
        """Say how many lines are written, and the time that the others will take."""
        self._written += lines
        taken = process_time() - self._begun
        left = taken * (self._lines / max(self._written, 1) - 1)
        self._say(
            f"files: {self._written:,} of {self._lines:,} lines written; about "
            f"{max(left, 1.0):.0f} CPU-s left"
        )
