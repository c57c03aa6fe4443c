"""Polynomials in pair variables that no permutation of like atoms can change."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pes.descriptors.descriptor import Descriptor
from pes.descriptors.morse import check_length, morse
from pes.geometry import distances
from pes.molecule import like_permutations

__all__ = ["Invariants", "Level", "invariant_levels", "pair_of_likes", "pair_permutations"]

MOST_ATOMS = 6
MOST_MONOMIALS = 2_000_000


def pair_permutations(elements: Sequence[str]) -> np.ndarray:
    """Permutations of the atom pairs, one for each permutation of like atoms.

    Args:
        elements: element symbols of the N atoms.

    Returns:
        (|G|, N(N−1)/2) integers; row g holds, for each pair, the pair it becomes.

    Example:
        >>> pair_permutations(("O", "H", "H")).tolist()
        [[0, 1, 2], [1, 0, 2]]
    """
    pairs = list(combinations(range(len(elements)), 2))
    index = {pair: k for k, pair in enumerate(pairs)}
    return np.array(
        [
            [index[min(g[a], g[b]), max(g[a], g[b])] for a, b in pairs]
            for g in like_permutations(elements)
        ]
    )


@dataclass(frozen=True)
class Level:
    """All monomials of one degree, each a monomial of the degree below times one variable.

    Attributes:
        parent: (M,) which monomial of the degree below.
        factor: (M,) which variable.
        orbit: (M,) which invariant of this degree the monomial belongs to.
        size: number of invariants of this degree.
    """

    parent: np.ndarray
    factor: np.ndarray
    orbit: np.ndarray
    size: int


def invariant_levels(group: np.ndarray, degree: int) -> list[Level]:
    """Orbits of the monomials of degree 1 to `degree` under a permutation group.

    A monomial is coded as one integer, its exponents being the digits; the smallest code
    among its images under the group names its orbit.

    Args:
        group: (|G|, V) permutations of V variables.
        degree: highest total degree.
    """
    variables = group.shape[1]
    codes = (degree + 1) ** np.arange(variables, dtype=np.int64)
    exponents, last = np.zeros((1, variables), dtype=np.int64), np.zeros(1, dtype=np.int64)
    levels = []
    for _ in range(degree):
        # Multiply only by variables not before the last factor: each monomial comes once.
        parent = np.repeat(np.arange(len(last)), variables - last)
        first = np.cumsum(variables - last) - (variables - last)
        factor = np.arange(len(parent)) - first[parent] + last[parent]
        exponents = exponents[parent]
        exponents[np.arange(len(parent)), factor] += 1
        canonical = exponents @ codes
        for g in group:
            canonical = np.minimum(canonical, exponents @ codes[g])
        names, orbit = np.unique(canonical, return_inverse=True)
        levels.append(Level(parent, factor, orbit, len(names)))
        last = factor
    return levels


def _inverse(r: Tensor, length: float) -> Tensor:
    return length / r


TABLES = ("parent", "factor", "orbit")
"""Names of the tables of each degree, in the order in which `forward` reads them."""

VARIABLES = ("cosine", "inverse", "morse")


def _pair_variables(r: Tensor, variable: str, length: float, elements: Sequence[str]) -> Tensor:
    """y (B, P) of distances r (B, P)."""
    if variable != "cosine":
        return {"inverse": _inverse, "morse": morse}[variable](r, length)
    apart = pair_of_likes(elements)
    bonds = [k for k in range(3) if k != apart]
    first, second = (r[..., k] for k in bonds)
    cosine = (first.square() + second.square() - r[..., apart].square()) / (2 * first * second)
    y = morse(r, length)
    return torch.stack([cosine if k == apart else y[..., k] for k in range(3)], -1)


def pair_of_likes(elements: Sequence[str]) -> int:
    """Number of the pair of the two like atoms of a molecule AB₂.

    Raises:
        ValueError: for any other molecule.

    Example:
        >>> pair_of_likes(("O", "H", "H")), pair_of_likes(("H", "H", "O"))
        (2, 0)
    """
    pairs = [k for k, (a, b) in enumerate(combinations(elements, 2)) if a == b]
    if len(elements) != 3 or len(pairs) != 1:
        raise ValueError(
            f"`variable: cosine` is for one atom with two like ones, got {' '.join(elements)}"
        )
    return pairs[0]


class Invariants(Descriptor):
    """Orbit sums of monomials in the pair variables, without the constant.

    f_k = Σ_{m ∈ orbit k} Π_p y_p^{m_p} with 1 ≤ Σ_p m_p ≤ degree: linearly independent and
    complete up to the degree. With `variable="inverse"` they diverge at coincident atoms.

    Args:
        elements: element symbol of each of 2 to 6 atoms; isotopes of an element are alike.
        degree: highest total degree.
        length: a in bohr, of y = exp(−r/a) or y = a/r.
        variable: `morse`, `inverse`, or, for a molecule AB₂, `cosine`: exp(−r/a) for the bonds,
            and cos θ of the angle between them for the pair of like atoms.

    Raises:
        ValueError: for another number of atoms, a degree below one, too many monomials,
            an unknown variable, or a length that is not positive.

    References:
        B. J. Braams, J. M. Bowman, Int. Rev. Phys. Chem. 28, 577 (2009),
        doi:10.1080/01442350903234923

    Example:
        >>> Invariants(("O", "H", "H"), 2).size
        6
    """

    def __init__(
        self,
        elements: Sequence[str],
        degree: int,
        *,
        length: float = 2.0,
        variable: str = "morse",
    ) -> None:
        super().__init__()
        _check(len(elements), degree, variable)
        if variable == "cosine":
            pair_of_likes(elements)
        self.elements = tuple(elements)
        self.degree = degree
        self.length = check_length(length)
        self.variable = variable
        levels = invariant_levels(pair_permutations(elements), degree)
        self._sizes = [level.size for level in levels]
        # Saved with the coefficients, which mean nothing in another order of the invariants.
        for k, level in enumerate(levels):
            for name in TABLES:
                self.register_buffer(f"{name}_{k}", torch.from_numpy(getattr(level, name)))

    @property
    def size(self) -> int:
        """Number of features F."""
        return sum(self._sizes)

    @property
    def settings(self) -> dict[str, Any]:
        """Settings by which `descriptor_from` builds this descriptor again."""
        return {
            "kind": "invariants",
            "elements": list(self.elements),
            "degree": self.degree,
            "length": self.length,
            "variable": self.variable,
        }

    @property
    def tables(self) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, int]]:
        """Parent, factor and orbit of the monomials of each degree, and its invariants' number."""
        return [
            (*(self.get_buffer(f"{name}_{k}").cpu().numpy() for name in TABLES), size)
            for k, size in enumerate(self._sizes)
        ]  # type: ignore[return-value]

    def forward(self, positions: Tensor) -> Tensor:
        """Features (B, F) of positions (B, N, 3) in bohr."""
        r = distances(positions)
        y = _pair_variables(r, self.variable, self.length, self.elements).movedim(-1, 0)
        monomials = torch.ones_like(y[:1])
        sums = []
        for k, size in enumerate(self._sizes):
            parent, factor, orbit = (self.get_buffer(f"{name}_{k}") for name in TABLES)
            monomials = monomials[parent] * y[factor]
            sums.append(y.new_zeros(size, *y.shape[1:]).index_add(0, orbit, monomials))
        return torch.cat(sums).movedim(0, -1)


def _check(atoms: int, degree: int, variable: str) -> None:
    if not 2 <= atoms <= MOST_ATOMS:
        raise ValueError(f"invariants are made for 2 to {MOST_ATOMS} atoms, got {atoms}")
    if degree < 1:
        raise ValueError(f"`degree` must be at least 1, got {degree}")
    if variable not in VARIABLES:
        raise ValueError(f"`variable` must be one of {list(VARIABLES)}, got {variable!r}")
    variables = atoms * (atoms - 1) // 2
    if comb(variables + degree, degree) > MOST_MONOMIALS:
        raise ValueError(
            f"degree {degree} for {atoms} atoms means {comb(variables + degree, degree)} "
            f"monomials, more than {MOST_MONOMIALS}; choose a lower `degree`"
        )
