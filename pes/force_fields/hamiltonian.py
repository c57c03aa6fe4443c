"""Matrix elements of a polynomial Hamiltonian between product functions, term by term."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import perm, sqrt

import numpy as np
import scipy.sparse as sparse

from pes.force_fields.ladder import Ladder, Term
from pes.force_fields.products import Numbering
from pes.force_fields.symmetry import step

__all__ = ["Couplings", "FieldHamiltonian", "LadderStep", "field_hamiltonian"]


@dataclass(frozen=True)
class LadderStep:
    """All terms that change the quanta by the same step.

    Attributes:
        change: Δ, (Q,).
        terms: operators and their coefficients.
    """

    change: np.ndarray
    terms: tuple[tuple[Term, float], ...]


@dataclass(frozen=True)
class Couplings:
    """Matrix elements of outside functions a with inside functions j.

    Attributes:
        numbers: numbers of the outside functions, (M,), ascending.
        matrix: ⟨a|H|j⟩, (M, N).
    """

    numbers: np.ndarray
    matrix: sparse.csr_matrix


@dataclass(frozen=True)
class FieldHamiltonian:
    """H as steps of product functions.

    Attributes:
        numbering: numbering of the product functions.
        diagonal: terms that change nothing.
        upward: steps whose first change is positive; their adjoints are the others.
    """

    numbering: Numbering
    diagonal: LadderStep
    upward: tuple[LadderStep, ...]

    def elements(self, one: LadderStep, quanta: np.ndarray) -> np.ndarray:
        """⟨n + Δ|H|n⟩ for each column n of quanta (Q, N), hartree."""
        return sum(
            (c * self.operator(term, quanta) for term, c in one.terms), np.zeros(quanta.shape[1])
        )

    def operator(self, term: Term, quanta: np.ndarray) -> np.ndarray:
        """⟨n + Δ|Π (a†)^r a^s|n⟩ for each column n."""
        value = np.ones(quanta.shape[1])
        for mode, r, s in term:
            value = value * roots(r, s, self.top)[quanta[mode]]
        return value

    @property
    def top(self) -> int:
        """Largest number of quanta of any mode."""
        return int(self.numbering.most.max())

    def diagonal_elements(self, quanta: np.ndarray) -> np.ndarray:
        """⟨n|H|n⟩ for each column n of quanta (Q, N), hartree."""
        return self.elements(self.diagonal, quanta)

    def partners(
        self, change: np.ndarray, quanta: np.ndarray, numbers: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Places of functions n and n + Δ that are both in a set; its numbers ascend."""
        at = np.flatnonzero(self.numbering.inside(quanta, change))
        target = numbers[at] + int(self.numbering.strides @ change)
        place = np.searchsorted(numbers, target)
        place[place == len(numbers)] = 0
        hit = numbers[place] == target
        return at[hit], place[hit]

    def matrix(self, quanta: np.ndarray, numbers: np.ndarray) -> sparse.csr_matrix:
        """H among the functions of a set, (N, N), both triangles."""
        rows, columns, values = [], [], []
        for one in self.upward:
            low, high = self.partners(one.change, quanta, numbers)
            rows.append(high.astype(np.int32))
            columns.append(low.astype(np.int32))
            values.append(self.elements(one, quanta[:, low]))
        shape = (len(numbers), len(numbers))
        flat = [np.concatenate(parts or [np.zeros(0)]) for parts in (values, rows, columns)]
        lower = sparse.coo_matrix((flat[0], (flat[1], flat[2])), shape=shape).tocsr()
        return (lower + lower.T + sparse.diags(self.diagonal_elements(quanta))).tocsr()

    def couplings(
        self, quanta: np.ndarray, numbers: np.ndarray, largest: np.ndarray, least: float
    ) -> Couplings:
        """Functions outside a set that it couples with, where that matters.

        Args:
            quanta: quanta of the set, (Q, N).
            numbers: numbers of the set, ascending, (N,).
            largest: largest coefficient of each function in any of the vectors, (N,).
            least: ⟨a|H|j⟩ times the largest coefficient of j that counts, hartree.
        """
        outside = list(self._reached(quanta, numbers, largest, least))
        target = np.concatenate([t for t, _, _ in outside] or [np.zeros(0, np.int64)])
        source = np.concatenate([j for _, j, _ in outside] or [np.zeros(0, np.int32)])
        values = np.concatenate([v for _, _, v in outside] or [np.zeros(0)])
        new, row = np.unique(target, return_inverse=True)
        matrix = sparse.csr_matrix((values, (row, source)), shape=(len(new), len(numbers)))
        return Couplings(new, matrix)

    def _reached(
        self, quanta: np.ndarray, numbers: np.ndarray, largest: np.ndarray, least: float
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Numbers of outside functions, places of the inside ones, elements; step by step."""
        for one in self.upward:
            for change in (one.change, -one.change):
                at = np.flatnonzero(self.numbering.inside(quanta, change))
                # The element downward is that of the step up from where it leads.
                lower = quanta[:, at] if change is one.change else quanta[:, at] + change[:, None]
                values = self.elements(one, lower)
                keep = abs(values) * largest[at] > least
                at, values = at[keep], values[keep]
                target = numbers[at] + int(self.numbering.strides @ change)
                place = np.searchsorted(numbers, target)
                place[place == len(numbers)] = 0
                new = numbers[place] != target
                yield target[new], at[new].astype(np.int32), values[new]


def field_hamiltonian(operators: Ladder, numbering: Numbering) -> FieldHamiltonian:
    """H of ladder operators between the functions that a numbering knows."""
    steps: dict[tuple[int, ...], list[tuple[Term, float]]] = {}
    modes = len(numbering.most)
    for term, c in zip(operators.terms, operators.coefficients.tolist(), strict=True):
        if c:
            steps.setdefault(step(term, modes), []).append((term, c))
    diagonal = LadderStep(np.zeros(modes, int), tuple(steps.pop((0,) * modes, ())))
    upward = tuple(
        LadderStep(np.array(change), tuple(terms))
        for change, terms in steps.items()
        if next(x for x in change if x) > 0
    )
    return FieldHamiltonian(numbering, diagonal, upward)


@cache
def roots(r: int, s: int, top: int) -> np.ndarray:
    """√(n! (n − s + r)!)/(n − s)! for n = 0 … top, zero below s: ⟨n − s + r|(a†)^r a^s|n⟩.

    Example:
        >>> roots(0, 1, 3).round(3).tolist()
        [0.0, 1.0, 1.414, 1.732]
    """
    return np.array([0.0] * s + [sqrt(perm(n, s) * perm(n - s + r, r)) for n in range(s, top + 1)])
