"""Quantum numbers that a force field conserves, from the steps that its terms take.

The steps r − s of all terms span a lattice. Product functions that differ by no vector of it are
never coupled: H has a block for each coset, whether parities (q_k → −q_k), the vibrational angular
momentum modulo 3 of a threefold axis, or a polyad number stands behind it.
"""

from collections.abc import Sequence
from itertools import product
from math import prod

import numpy as np

from pes.force_fields.field import ForceField
from pes.force_fields.ladder import Ladder, Term, ladder

__all__ = ["Lattice", "described", "mirror", "step"]

MOST_PAIRS = 6
"""Degenerate pairs whose orientations are tried."""


class Lattice:
    """Integer combinations of steps, as rows in echelon form.

    Args:
        steps: vectors (Q,) that span it.

    Example:
        >>> even = Lattice([(2, 0), (1, 1)])
        >>> even.cosets(np.array([[0, 1, 2], [1, 0, 3]])).tolist()
        [[0, 0, 0], [1, 1, 1]]
        >>> even.conserved
        (0, 2)
    """

    def __init__(self, steps: Sequence[Sequence[int]]) -> None:
        self.rows: dict[int, list[int]] = {}
        self.size = len(steps[0])
        for one in dict.fromkeys(map(tuple, steps)):
            self._insert(list(one))

    def _insert(self, vector: list[int]) -> None:
        for k in range(len(vector)):
            if not vector[k]:
                continue
            if k not in self.rows:
                self.rows[k] = [-x for x in vector] if vector[k] < 0 else vector
                return
            row = self.rows[k]
            while vector[k]:  # Euclid
                quotient = row[k] // vector[k]
                row, vector = vector, [a - quotient * b for a, b in zip(row, vector, strict=True)]
            self.rows[k] = [-x for x in row] if row[k] < 0 else row

    @property
    def conserved(self) -> tuple[int, int]:
        """Number of quantum numbers without end, and the product of the moduli of the others."""
        moduli = [row[k] for k, row in self.rows.items()]
        return self.size - len(self.rows), prod(moduli)

    def cosets(self, quanta: np.ndarray) -> np.ndarray:
        """The representative (Q, N) of the coset of each column of quanta (Q, N)."""
        left = quanta.astype(np.int64)
        for k in sorted(self.rows):
            row = np.array(self.rows[k])
            left -= (left[k] // row[k]) * row[:, None]
        return left


def step(term: Term, modes: int) -> tuple[int, ...]:
    """Change of each quantum number by a term."""
    change = [0] * modes
    for mode, r, s in term:
        change[mode] = r - s
    return tuple(change)


def described(field: ForceField) -> tuple[Ladder, Lattice]:
    """The Hamiltonian in the operators that give most blocks, and the lattice of its steps.

    Circular operators are tried for all pairs of modes with equal frequencies, either of them in
    the place of x; they are taken where they conserve more than the parities do.
    """
    plain = ladder(field)
    assert plain is not None
    lattice = _lattice(plain, len(field.frequencies))
    pairs = _pairs(field)
    for turned in product((False, True), repeat=len(pairs)):
        oriented = [(y, x) if t else (x, y) for (x, y), t in zip(pairs, turned, strict=True)]
        if not pairs or not _even(field, {y for _, y in oriented}):
            continue
        circular = ladder(field, oriented)
        if circular is not None:
            other = _lattice(circular, len(field.frequencies))
            if other.conserved > lattice.conserved:
                return circular, other
    return plain, lattice


def mirror(operators: Ladder) -> np.ndarray | None:
    """Numbers of the modes with + and − of each pair exchanged, if H stays the same, (Q,)."""
    if not operators.pairs:
        return None
    modes = 1 + max(mode for term in operators.terms for mode, _, _ in term)
    other = np.arange(modes)
    for plus, minus in operators.pairs:
        other[[plus, minus]] = minus, plus
    known = dict(zip(operators.terms, operators.coefficients, strict=True))
    for term, c in known.items():
        image = tuple(sorted((int(other[k]), r, s) for k, r, s in term))
        if abs(known.get(image, 0.0) - c) > 1e-10 * max(abs(c), 1e-12):
            return None
    return other


def _lattice(operators: Ladder, modes: int) -> Lattice:
    present = operators.coefficients != 0
    return Lattice(
        [step(t, modes) for t, here in zip(operators.terms, present, strict=True) if here]
    )


def _pairs(field: ForceField) -> list[tuple[int, int]]:
    """Modes of equal frequency, where no third has it."""
    modes: dict[float, list[int]] = {}
    for k, omega in enumerate(field.frequencies):
        modes.setdefault(omega, []).append(k)
    pairs = [(found[0], found[1]) for found in modes.values() if len(found) == 2]
    return pairs if len(pairs) <= MOST_PAIRS else []


def _even(field: ForceField, odd: set[int]) -> bool:
    """Whether V is even in some coordinates together."""
    return all(sum(k in odd for k in modes) % 2 == 0 for modes, f in field.constants.items() if f)
