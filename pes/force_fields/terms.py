"""Sums of normally ordered ladder operators of some modes, and their products."""

from collections import defaultdict
from collections.abc import Mapping
from itertools import product
from math import comb, factorial

__all__ = ["Expansion", "Term", "ordered_product", "summed"]

Term = tuple[tuple[int, int, int], ...]
"""(mode, r, s) of each mode that a term touches: Π (a†)^r a^s."""

Expansion = Mapping[Term, complex]


def summed(*parts: tuple[float, Expansion]) -> Expansion:
    """Σ c A of factors and operators."""
    result = defaultdict[Term, complex](complex)
    for factor, expansion in parts:
        for term, c in expansion.items():
            result[term] += factor * c
    return result


def ordered_product(left: Expansion, right: Expansion) -> Expansion:
    """The product of two operators, normally ordered.

    Example:
        a times its adjoint:

        >>> dict(ordered_product({((0, 0, 1),): 1.0}, {((0, 1, 0),): 1.0}))
        {((0, 1, 1),): (1+0j), (): (1+0j)}
    """
    result = defaultdict[Term, complex](complex)
    for (one, a), (other, b) in product(left.items(), right.items()):
        for term, c in _ordered(one, other).items():
            result[term] += a * b * c
    return result


def _ordered(left: Term, right: Term) -> Expansion:
    """a^s (a†)^r = Σ_j j! C(s, j) C(r, j) (a†)^{r−j} a^{s−j} in each mode that both touch."""
    powers = {mode: (0, 0, 0, 0) for mode, _, _ in (*left, *right)}
    for mode, r, s in left:
        powers[mode] = (r, s, *powers[mode][2:])
    for mode, r, s in right:
        powers[mode] = (*powers[mode][:2], r, s)
    result: dict[Term, complex] = {(): 1.0}
    for mode, (r, s, more, fewer) in sorted(powers.items()):
        grown: dict[Term, complex] = {}
        for j in range(min(s, more) + 1):
            c = factorial(j) * comb(s, j) * comb(more, j)
            up, down = r + more - j, s + fewer - j
            here = ((mode, up, down),) if up or down else ()
            grown |= {(*term, *here): c * before for term, before in result.items()}
        result = grown
    return result
