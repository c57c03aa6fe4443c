"""Blocks of a molecule that is linear at its minimum: functions without angular momentum about it.

Each bend is an oscillator in two coordinates x and y of one frequency. Its functions with n quanta
in all,

    |n l⟩ = (a₊†)^p (a₋†)^m |0⟩ / √(p! m!),  p = (n + l)/2,  m = (n − l)/2,  a± = (a_x ∓ i a_y)/√2,

have the angular momentum l = n, n − 2, …, −n about the line. At J = 0 the sum of all l vanishes.
Turning the molecule changes no such product, and reflecting it in a plane through the line reverses
every l: the real parts of products are those of Σ⁺, the imaginary parts those of Σ⁻. Both are sums
of products of oscillator functions of x and y, which H is applied to.
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from math import comb, factorial, sqrt

import torch
from torch import Tensor

from pes.vibration.grid.grid_basis import GridBasis
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.symmetry.operation import Operation

__all__ = ["AxialBlock", "AxialFunctions", "axial_blocks", "axial_functions", "level_count"]

Bends = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class AxialFunctions:
    """Functions of l = 0 as sums of products of one-dimensional oscillator functions.

    Attributes:
        quanta: of the other coordinates, then of each bend, (R, F).
        momenta: l of each bend, (R, bends); the first that is not zero is positive.
        signs: 1 for Σ⁺ and −1 for Σ⁻, (R,).
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


def axial_functions(basis: GridBasis, bends: Bends) -> AxialFunctions:
    """All functions of l = 0 that the products kept make up.

    Args:
        basis: oscillator functions, the same of both coordinates of a bend.
        bends: pairs of coordinates.

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
        for momenta, sign, terms in _shell(tuple(numbers)):
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
    q, momenta, signs, first = (torch.tensor(part) for part in zip(*found, strict=True))
    where = torch.tensor([rows, columns])
    values = torch.tensor(amounts, dtype=torch.float64)
    with warnings.catch_warnings():  # torch 2.11 warns of checks that are off, also if told so
        warnings.filterwarnings("ignore", "Sparse invariant checks")
        whole = torch.sparse_coo_tensor(
            where, values, (basis.size, len(found)), check_invariants=False
        )
    return AxialFunctions(q, momenta, signs, whole.coalesce().to(basis.device), first)


@dataclass(frozen=True)
class AxialBlock:
    """H in functions of l = 0 of one species.

    Attributes:
        label: name of the species.
        whole: H in the products.
        functions: sums of these.
        sharing: blocks that share each product with the whole Hamiltonian.
    """

    label: str
    whole: Hamiltonian
    functions: AxialFunctions
    sharing: int = 1

    @property
    def size(self) -> int:
        """Number of functions, N."""
        return len(self.functions.signs)

    @property
    def shared_matrices(self) -> int:
        """Matrices of this size beside the result of `dense`: that of the products is larger."""
        return round((len(self.functions.products) / self.size) ** 2)

    @property
    def device(self) -> torch.device:
        """Device of the Hamiltonian."""
        return self.whole.device

    @property
    def lower_bound(self) -> float:
        """Energy that no eigenvalue lies below, hartree."""
        return self.whole.lower_bound

    @property
    def product_cost(self) -> int:
        """Multiplications of one product, its share of that of the whole Hamiltonian."""
        return self.whole.product_cost // self.sharing

    @property
    def matrix_cost(self) -> float:
        """Multiplications of products that take as long as building the matrix."""
        share = len(self.functions.products) / self.whole.size
        return 2 * share**2 * self.whole.matrix_cost

    @property
    def zero_order_energies(self) -> Tensor:
        """Reference energies, (N,): all products of a function have the same."""
        return self.whole.zero_order_energies[self.functions.first.to(self.device)]

    @cached_property
    def _rows(self) -> Tensor:
        return self.functions.columns.mT.coalesce()

    def lift(self, coefficients: Tensor) -> Tensor:
        """S c: coefficients of all products kept, (S, N) -> (S, all)."""
        return torch.sparse.mm(self.functions.columns, coefficients.mT.contiguous()).mT

    def lower(self, coefficients: Tensor) -> Tensor:
        """Sᵀ c, (S, all) -> (S, N)."""
        vectors = coefficients.to(self.functions.columns).mT.contiguous()
        return torch.sparse.mm(self._rows, vectors).mT

    def apply(self, coefficients: Tensor) -> Tensor:
        """H times vectors, (S, N) -> (S, N)."""
        return self.lower(self.whole.apply(self.lift(coefficients)))

    def dense(self) -> Tensor:
        """H as a symmetric (N, N) matrix."""
        return self.submatrix(torch.arange(self.size))

    def simplest(self, most: int, least: int) -> Tensor:
        """Places of at most so many functions of low energy whose matrix costs little."""
        basis, first = self.whole.basis, self.functions.first
        return basis.simplest(first, self.zero_order_energies, most, least)

    def submatrix(self, functions: Tensor) -> Tensor:
        """Matrix in some of its functions, on as many points as they need."""
        part = self.functions.only(functions.cpu())
        products = part.products
        columns = part.columns.index_select(0, products)
        among = torch.sparse.mm(columns.mT, self.whole.submatrix(products))
        return torch.sparse.mm(columns.mT, among.mT.contiguous()).mT


def axial_blocks(hamiltonian: Hamiltonian) -> list[AxialBlock]:
    """Blocks of l = 0: Σ⁺ and Σ⁻, each g and u where the molecule has a centre."""
    functions = axial_functions(hamiltonian.basis, hamiltonian.bends)
    mirrored = _inverted(hamiltonian)
    inversion = None
    if mirrored is not None:
        inversion = 1 - 2 * (functions.quanta[:, mirrored].sum(1) % 2)
    blocks = []
    for sign, parity in product((1, -1), (None,) if inversion is None else (1, -1)):
        ours = functions.signs == sign
        if inversion is not None:
            ours &= inversion == parity
        if bool(ours.any()):
            name = {None: "Σ", 1: "Σg", -1: "Σu"}[parity] + ("+" if sign > 0 else "-")
            part = functions.only(ours.nonzero().flatten())
            blocks.append(AxialBlock(name, hamiltonian, part))
    return [replace(block, sharing=len(blocks)) for block in blocks]


def _inverted(hamiltonian: Hamiltonian) -> list[bool] | None:
    """Whether the inversion reverses each coordinate that is no bend, then each bend.

    What mirrors both coordinates of a bend or none is the inversion, perhaps with a half turn
    about the line, which changes no function of l = 0. None for a molecule without a centre.
    """
    bends = hamiltonian.bends
    others = [k for k in range(hamiltonian.modes) if not any(k in pair for pair in bends)]
    for operation in hamiltonian.operations:
        mirrored = _of_shells(operation, others, bends)
        if mirrored is not None and any(mirrored[: len(others)]):
            return mirrored
    return None


def _of_shells(operation: Operation, others: Sequence[int], bends: Bends) -> list[bool] | None:
    """Whether an operation mirrors each other coordinate and each bend; None if it does more."""
    signs = operation.mirrored
    exchanged = operation.order != tuple(range(len(operation.order)))
    if exchanged or any(signs[x] != signs[y] for x, y in bends):
        return None
    return [*(signs[k] for k in others), *(signs[x] for x, _ in bends)]


def _shell(
    numbers: tuple[int, ...],
) -> Iterator[tuple[tuple[int, ...], int, list[tuple[tuple[tuple[int, int], ...], float]]]]:
    """Functions of l = 0 with so many quanta of each bend.

    Yields:
        l of each bend, the sign of the species, and quanta (n_x, n_y) with their amounts.
    """
    for momenta in product(*(range(-n, n + 1, 2) for n in numbers)):
        leading = next((m for m in momenta if m), 0)
        if sum(momenta) or leading < 0:
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
        if leading:
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


def level_count(hamiltonian: Hamiltonian) -> int:
    """Number of levels that a Hamiltonian has: of functions, or of those of l = 0."""
    parts = axial_blocks(hamiltonian) if hamiltonian.bends else [hamiltonian]
    return sum(part.size for part in parts)
