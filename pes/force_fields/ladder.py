"""A polynomial Hamiltonian as a sum of normally ordered ladder operators.

q^p = Σ c (a†)^r a^s, so that every term changes each quantum number by r − s and its matrix
elements are products of square roots of factorials. Two modes x, y of equal frequency may be
described by circular operators a_x = (a₊ + a₋)/√2, a_y = −i (a₊ − a₋)/√2 in place of their own.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import comb, factorial, sqrt

import numpy as np
import scipy.sparse as sparse

from pes.force_fields.coriolis import AXES
from pes.force_fields.field import ForceField, symmetry_factor
from pes.force_fields.terms import Expansion, Term, summed

__all__ = ["Ladder", "Term", "ladder"]

NOTHING = 1e-12
"""Coefficient, relative to the largest of its term, that rounding leaves where there is none."""


@dataclass(frozen=True)
class Ladder:
    """H = Σ_t c_t Π_k (a†_k)^r a_k^s, c = F · share.

    Attributes:
        terms: operators, T of them.
        share: ∂c/∂F, (P, T): how much each parameter puts into each operator.
        parameters: F, (P,) in hartree: frequencies, constants in their order, and the rotational
            constants where the field has any. c has the degree 1 in all of them together, so that
            Σ F ∂c/∂F is c also where ∂c/∂F depends on F.
        pairs: modes (x, y) that are described by circular operators (+, −) in their places.
    """

    terms: Sequence[Term]
    share: sparse.csr_matrix
    parameters: np.ndarray
    pairs: Sequence[tuple[int, int]]

    @property
    def coefficients(self) -> np.ndarray:
        """c, (T,) in hartree; what cancels is zero."""
        c = self.share.T @ self.parameters
        size = abs(self.share).T @ abs(self.parameters)
        return np.where(abs(c) > NOTHING * size, c, 0.0)


def ladder(field: ForceField, pairs: Sequence[tuple[int, int]] = ()) -> Ladder | None:
    """The Hamiltonian of a force field in ladder operators.

    Args:
        field: ω and constants.
        pairs: modes (x, y) of equal frequency to be described by circular operators.

    Returns:
        None if the coefficients would be complex, as they are unless V is even in all y together.
    """
    expansions = [_oscillator(k, pairs) for k in range(len(field.frequencies))]
    expansions += [_monomial(modes, pairs) for modes in field.constants]
    expansions = _with_rotation(field, expansions, pairs)
    columns: dict[Term, int] = {}
    rows, at, values = [], [], []
    for p, expansion in enumerate(expansions):
        largest = max(map(abs, expansion.values()))
        for term, c in expansion.items():
            if abs(c) > NOTHING * largest:
                if abs(c.imag) > NOTHING * largest:
                    return None
                rows.append(p)
                at.append(columns.setdefault(term, len(columns)))
                values.append(c.real)
    share = sparse.csr_matrix((values, (rows, at)), shape=(len(expansions), len(columns)))
    rotational = field.coriolis.rotational if field.coriolis else ()
    parameters = np.array([*field.frequencies, *field.constants.values(), *rotational])
    return Ladder(tuple(columns), share, parameters, tuple(pairs))


def _with_rotation(
    field: ForceField, expansions: list[Expansion], pairs: Sequence[tuple[int, int]]
) -> list[Expansion]:
    """Derivatives of H by all parameters, the vibrational angular momentum among its terms."""
    one = field.coriolis
    if one is None:
        return expansions
    axes, omega = range(len(AXES)), field.frequencies
    slopes = [
        summed(*((one.rotational[a], one.slope(a, omega, k)) for a in axes))
        for k in range(len(omega))
    ]
    squares = [_in_pairs(one.square(a, omega), pairs) for a in axes]
    turning = [
        summed((1.0, expansion), (1.0, _in_pairs(slope, pairs)))
        for expansion, slope in zip(expansions, slopes, strict=False)
    ]
    return [*turning, *expansions[len(omega) :], *squares]


def _in_pairs(expansion: Expansion, pairs: Sequence[tuple[int, int]]) -> Expansion:
    """An operator in circular operators of the pairs."""
    return summed(*((1.0, _circular(term, c, pairs)) for term, c in expansion.items()))


def _oscillator(mode: int, pairs: Sequence[tuple[int, int]]) -> Expansion:
    """½ (p² + q²) = a†a + ½."""
    return {**_circular(((mode, 1, 1),), 1.0, pairs), (): 0.5}


def _monomial(modes: tuple[int, ...], pairs: Sequence[tuple[int, int]]) -> Expansion:
    """Π q^e / e!."""
    powers = Counter(modes)
    result: dict[Term, complex] = defaultdict(complex)
    for choice in product(*(_power(e).items() for e in powers.values())):
        c = np.prod([value for _, value in choice]) / symmetry_factor(modes)
        term = tuple((k, r, s) for k, ((r, s), _) in zip(powers, choice, strict=True) if r or s)
        for circular, share in _circular(term, float(c), pairs).items():
            result[circular] += share
    return result


@cache
def _power(p: int) -> Mapping[tuple[int, int], float]:
    """Coefficients of q^p = 2^{−p/2} (a + a†)^p by (r, s), by contracting k pairs."""
    result: dict[tuple[int, int], float] = defaultdict(float)
    for k in range(p // 2 + 1):
        left = p - 2 * k
        c = factorial(p) / (2**k * factorial(k) * factorial(left)) / sqrt(2) ** p
        for r in range(left + 1):
            result[r, left - r] += c * comb(left, r)
    return result


def _circular(term: Term, c: complex, pairs: Sequence[tuple[int, int]]) -> Expansion:
    """A term in the operators of the modes, in circular operators of the pairs."""
    place = {mode: (*pair, i) for pair in pairs for i, mode in enumerate(pair)}
    result: dict[Term, complex] = {(): complex(c)}
    for mode, r, s in term:
        factors = _turned(r, s, *place[mode]) if mode in place else {((mode, r, s),): 1.0}
        grown: dict[Term, complex] = defaultdict(complex)
        for (left, a), (right, b) in product(result.items(), factors.items()):
            grown[_joined(left, right)] += a * b
        result = grown
    return result


def _turned(r: int, s: int, plus: int, minus: int, is_y: int) -> Expansion:
    """(a†_x)^r a_x^s, or that of y, in circular operators; those of a pair commute."""
    phase = (1j**r) * ((-1j) ** s) if is_y else 1.0
    result: dict[Term, complex] = {}
    for i, j in product(range(r + 1), range(s + 1)):
        sign = (-1) ** (r - i + s - j) if is_y else 1
        term = tuple(t for t in ((plus, i, j), (minus, r - i, s - j)) if t[1] or t[2])
        result[term] = phase * sign * comb(r, i) * comb(s, j) / sqrt(2) ** (r + s)
    return result


def _joined(left: Term, right: Term) -> Term:
    """The product of two terms, normally ordered.

    They belong to different modes, x and y of a pair among them, whose operators commute: all
    creators may be moved to the left before x and y are written in circular operators.
    """
    counts: dict[int, list[int]] = {}
    for mode, r, s in (*left, *right):
        one = counts.setdefault(mode, [0, 0])
        one[0] += r
        one[1] += s
    return tuple((mode, r, s) for mode, (r, s) in sorted(counts.items()))
