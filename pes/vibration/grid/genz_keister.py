"""Nested quadrature rules for the weight exp(−x²) by Genz and Keister.

Each rule takes the points of the one before and adds as many as make it exact to the highest
degree: with p the polynomial whose roots are the old points, the new ones are the roots of the
q of degree m with

    ∫ p(x) q(x) xʲ exp(−x²) dx = 0,  j = 0 … m − 1.

Moments of exp(−x²) over √π are rational, hence so are p and q. They are computed in exact
fractions: in floating-point numbers the conditions for 35 points would lose every digit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import pi, sqrt

import numpy as np
import torch
from torch import Tensor

__all__ = ["ADDED", "RULE_LEVELS", "Rule", "genz_keister"]

ADDED = (1, 2, 6, 10, 16)
"""Points that each rule adds: 1, 3, 9, 19 and 35 in all."""

EXACT = (1, 5, 15, 29, 51)
"""Degree to which each rule is exact."""

RULE_LEVELS = (0, 1, 3, 8, 15)
"""Level from which each rule is taken: level ℓ has the smallest one exact to degree 2ℓ + 1. The
last serves up to level 25."""

Polynomial = list[Fraction]
"""Coefficients from the constant up."""


@dataclass(frozen=True)
class Rule:
    """Nested points and the weights of all rules on them.

    Attributes:
        points: those of the first rule first, (35,).
        weights: weights of each rule, zero at points that it lacks, (5, 35).
    """

    points: Tensor
    weights: Tensor


@cache
def genz_keister() -> Rule:
    """The five rules.

    References:
        A. Genz, B. D. Keister, J. Comput. Appl. Math. 71, 299 (1996),
        doi:10.1016/0377-0427(95)00232-4

    Example:
        ∫ x² exp(−x²) dx = √π/2:

        >>> rule = genz_keister()
        >>> round(2 * float(rule.weights[1] @ rule.points**2) / torch.pi**0.5, 12)
        1.0
    """
    p: Polynomial = [Fraction(0), Fraction(1)]
    points = [Fraction(0)]
    weights = np.zeros((len(ADDED), sum(ADDED)))
    weights[0, 0] = sqrt(pi)
    for number, count in enumerate(ADDED[1:], start=1):
        q = _extension(p, count)
        for root in _positive_roots(q):
            points += [root, -root]
        p = _product(p, q)
        weights[number, : len(points)] = _weights(p, points)
    rounded = torch.tensor([float(x) for x in points], dtype=torch.float64)
    return Rule(rounded, torch.from_numpy(weights))


def _extension(p: Polynomial, count: int) -> Polynomial:
    """Monic even q of degree `count` that makes p q orthogonal to all lower powers."""
    # p is odd and q even: only odd powers say anything, and q has as many free coefficients.
    half = count // 2
    rows = [[_moment(_shifted(p, 2 * i + 2 * j + 1)) for i in range(half + 1)] for j in range(half)]
    unknown = _solved(rows)
    q = [Fraction(0)] * (count + 1)
    q[::2] = [*unknown, Fraction(1)]
    return q


def _solved(rows: list[list[Fraction]]) -> list[Fraction]:
    """Solution of Σ_i a_ji x_i = −a_jn from rows (a_j0 … a_jn), by elimination."""
    rows = [row[:] for row in rows]
    count = len(rows)
    for i in range(count):
        pivot = next(j for j in range(i, count) if rows[j][i])
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for j in range(count):
            if j != i and rows[j][i]:
                factor = rows[j][i]
                rows[j] = [a - factor * b for a, b in zip(rows[j], rows[i], strict=True)]
    return [-row[-1] for row in rows]


def _positive_roots(q: Polynomial) -> list[Fraction]:
    """Positive roots of an even polynomial, ascending, to more digits than a float has."""
    squares = np.polynomial.polynomial.polyroots([float(c) for c in q[::2]])
    slope = _slope(q)
    roots = []
    for start in np.sqrt(np.sort(squares.real)):
        root = Fraction(float(start))
        for _ in range(4):
            # Newton's steps in exact numbers, cut to 40 digits or they would never end.
            root -= _value(q, root) / _value(slope, root)
            root = Fraction(round(root * 10**40), 10**40)
        roots.append(root)
    return roots


def _weights(p: Polynomial, points: Sequence[Fraction]) -> list[float]:
    """∫ p(x)/((x − x_i) p′(x_i)) exp(−x²) dx for the roots of p, exact until the last step."""
    slope = _slope(p)
    weights = []
    for x in points:
        quotient = [p[-1]]
        for c in reversed(p[1:-1]):
            quotient.append(c + x * quotient[-1])
        weights.append(float(_moment(quotient[::-1]) / _value(slope, x)) * sqrt(pi))
    return weights


def _slope(p: Polynomial) -> Polynomial:
    return [k * c for k, c in enumerate(p)][1:]


def _moment(p: Polynomial) -> Fraction:
    """∫ p exp(−x²) dx over √π; that of x²ᵏ is (2k − 1)!!/2ᵏ."""
    total, even = Fraction(0), Fraction(1)
    for k in range(0, len(p), 2):
        total += p[k] * even
        even *= Fraction(k + 1, 2)
    return total


def _shifted(p: Polynomial, power: int) -> Polynomial:
    return [Fraction(0)] * power + p


def _product(p: Polynomial, q: Polynomial) -> Polynomial:
    total = [Fraction(0)] * (len(p) + len(q) - 1)
    for i, a in enumerate(p):
        for j, b in enumerate(q):
            total[i + j] += a * b
    return total


def _value(p: Polynomial, x: Fraction) -> Fraction:
    total = Fraction(0)
    for c in reversed(p):
        total = total * x + c
    return total
