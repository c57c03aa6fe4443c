"""Functions of a molecule that is linear at its minimum, by their angular momentum about it.

Each bend is an oscillator in two coordinates x and y of one frequency. Its functions with n quanta
in all,

    |n l⟩ = (a₊†)^p (a₋†)^m |0⟩ / √(p! m!),  p = (n + l)/2,  m = (n − l)/2,  a± = (a_x ∓ i a_y)/√2,

have the angular momentum l = n, n − 2, …, −n about the line. H keeps the sum k of all l. Reflecting
the molecule in the plane of x reverses every l: for k = 0 the real parts of products are those of
Σ⁺, the imaginary parts those of Σ⁻. For k ≠ 0 the real and the imaginary parts are the members of a
degenerate pair, of which the real parts stand for both. All are sums of products of oscillator
functions of x and y, which H is applied to.
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import comb, factorial, sqrt

import torch
from torch import Tensor

from pes.vibration.grid.grid_basis import GridBasis

__all__ = ["AxialFunctions", "axial_functions"]

Bends = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class AxialFunctions:
    """Functions of one k as sums of products of one-dimensional oscillator functions.

    Attributes:
        quanta: quanta of the other coordinates, then of each bend, (R, F).
        momenta: l of each bend, (R, bends); where their sum is zero the first that is not is
            positive.
        signs: −1 for Σ⁻ and 1 for all others, (R,).
        columns: sums over the products kept, sparse (N, R).
        first: place of one of the products of each function, (R,).
    """

    quanta: Tensor
    momenta: Tensor
    signs: Tensor
    columns: Tensor
    first: Tensor

    def only(self, functions: Tensor) -> "AxialFunctions":
        """Some of the functions, by their places."""
        return AxialFunctions(
            self.quanta[functions], self.momenta[functions], self.signs[functions],
            self.columns.index_select(1, functions.to(self.columns.device)).coalesce(),
            self.first[functions],
        )  # fmt: skip

    @property
    def products(self) -> Tensor:
        """Places of the products that occur, ascending."""
        return self.columns.indices()[0].unique()


def axial_functions(basis: GridBasis, bends: Bends, momentum: int = 0) -> AxialFunctions:
    """All functions of one angular momentum that the products kept make up; perhaps none.

    Args:
        basis: oscillator functions, the same of both coordinates of a bend.
        bends: pairs of coordinates.
        momentum: k, the sum of the l of all bends, from 0 on.

    Raises:
        ValueError: if some products of so many quanta of a bend are kept and others are not.
    """
    quanta = basis.quanta(torch.arange(basis.size))
    places = {tuple(row): n for n, row in enumerate(quanta.tolist())}
    others = [k for k in range(quanta.shape[1]) if not any(k in pair for pair in bends)]
    both = torch.stack([quanta[:, x] + quanta[:, y] for x, y in bends], 1)
    shells = torch.cat((quanta[:, others], both), 1).unique(dim=0).tolist()
    rows, columns, amounts, found = [], [], [], []
    for shell in shells:
        fixed, numbers = shell[: len(others)], shell[len(others) :]
        for momenta, sign, terms in _shell(tuple(numbers), momentum):
            for pairs, amount in terms:
                row = _placed(fixed, pairs, others, bends)
                if row not in places:
                    raise ValueError(
                        "both coordinates of a bend of a linear molecule need the same limit on "
                        "quanta: give them equal `weights`"
                    )
                rows.append(places[row])
                columns.append(len(found))
                amounts.append(amount)
            found.append((shell, momenta, sign, rows[-1]))
    parts = [[row[n] for row in found] for n in range(4)]
    q, momenta, signs, first = (torch.tensor(part, dtype=torch.long) for part in parts)
    q, momenta = q.reshape(-1, len(others) + len(bends)), momenta.reshape(-1, len(bends))
    where = torch.tensor([rows, columns], dtype=torch.long)
    values = torch.tensor(amounts, dtype=torch.float64)
    with warnings.catch_warnings():  # torch 2.11 warns of checks that are off, also if told so
        warnings.filterwarnings("ignore", "Sparse invariant checks")
        whole = torch.sparse_coo_tensor(
            where, values, (basis.size, len(found)), check_invariants=False
        )
    return AxialFunctions(q, momenta, signs, whole.coalesce().to(basis.device), first)


def _shell(
    numbers: tuple[int, ...], momentum: int
) -> Iterator[tuple[tuple[int, ...], int, list[tuple[tuple[tuple[int, int], ...], float]]]]:
    """Functions of one angular momentum with so many quanta of each bend.

    Yields:
        l of each bend, the sign of the species, and quanta (n_x, n_y) with their amounts.
    """
    for momenta in product(*(range(-n, n + 1, 2) for n in numbers)):
        leading = next((m for m in momenta if m), 0)
        if sum(momenta) != momentum or (momentum == 0 and leading < 0):
            continue
        bends = [_polar(n, m) for n, m in zip(numbers, momenta, strict=True)]
        terms = []
        for places in product(*(range(n + 1) for n in numbers)):
            amount = 1.0 + 0j
            for amounts, y in zip(bends, places, strict=True):
                amount *= amounts[y]
            pairs = tuple((n - y, y) for n, y in zip(numbers, places, strict=True))
            terms.append((pairs, amount))
        norm = sqrt(2.0) if leading else 1.0
        yield momenta, 1, [(p, norm * a.real) for p, a in terms if abs(a.real) > 1e-14]
        if leading and momentum == 0:
            yield momenta, -1, [(p, norm * a.imag) for p, a in terms if abs(a.imag) > 1e-14]


def _polar(n: int, momentum: int) -> list[complex]:
    """⟨n_x n_y|n l⟩ for n_y = 0 … n.

    Example:
        >>> [round(abs(a) ** 2, 12) for a in _polar(2, 0)]
        [0.5, 0.0, 0.5]
    """
    p, m = (n + momentum) // 2, (n - momentum) // 2
    amounts = []
    for y in range(n + 1):
        total = sum(
            comb(p, j) * comb(m, y - j) * (-1) ** (y - j)
            for j in range(max(0, y - m), min(p, y) + 1)
        )
        size = sqrt(factorial(n - y) * factorial(y) / (factorial(p) * factorial(m)) / 2**n)
        # A table, for a complex power of i is not exact.
        amounts.append(total * size * (1, 1j, -1, -1j)[y % 4])
    return amounts


def _placed(
    fixed: Sequence[int],
    pairs: Sequence[tuple[int, int]],
    others: Sequence[int],
    bends: Bends,
) -> tuple[int, ...]:
    """Quanta of all coordinates in their order."""
    row = dict(zip(others, fixed, strict=True))
    for (x, y), (n, m) in zip(bends, pairs, strict=True):
        row[x], row[y] = n, m
    return tuple(row[k] for k in sorted(row))
