"""Blocks of a molecule that is linear at its minimum: functions of one angular momentum about it.

See `axial_functions` for the functions. At J = 0 their angular momentum k vanishes; states with
k = 1, 2, … belong to levels with J ≥ k.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import torch
from torch import Tensor

from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.symmetry.axial_functions import AxialFunctions, axial_functions
from pes.vibration.symmetry.operation import Operation

__all__ = [
    "AXIAL_SPECIES",
    "AxialBlock",
    "axial_blocks",
    "axial_part",
    "level_count",
    "reference_energies",
]

Bends = Sequence[tuple[int, int]]

AXIAL_SPECIES = "ΣΠΔΦΓHIKLMNOQ"
"""Names of k = 0, 1, …"""


@dataclass(frozen=True)
class AxialBlock:
    """H in functions of one angular momentum and species.

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
    """Blocks of the angular momentum of a Hamiltonian: Σ⁺ and Σ⁻, or Π, or Δ, and so on.

    Where the molecule has a centre each is two, g and u; for odd k a prime tells functions that are
    even under the operation found, which may be the inversion or the reflection across the line.
    """
    k = hamiltonian.momentum
    functions = _functions(hamiltonian)
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
            name = AXIAL_SPECIES[min(k, len(AXIAL_SPECIES) - 1)]
            name += {None: "", 1: "'" if k % 2 else "g", -1: '"' if k % 2 else "u"}[parity]
            name += "" if k else "+" if sign > 0 else "-"
            part = functions.only(ours.nonzero().flatten())
            blocks.append(AxialBlock(name, hamiltonian, part))
    return [replace(block, sharing=len(blocks)) for block in blocks]


def axial_part(hamiltonian: Hamiltonian, vectors: Tensor) -> Tensor:
    """Part of vectors (..., N) in the functions of the angular momentum of a Hamiltonian."""
    columns = _functions(hamiltonian).columns.to(vectors)
    flat = vectors.reshape(-1, vectors.shape[-1])
    among = torch.sparse.mm(columns.mT, flat.mT.contiguous())
    return torch.sparse.mm(columns, among).mT.reshape(vectors.shape)


def reference_energies(hamiltonian: Hamiltonian) -> Tensor:
    """Reference energies of the functions of a Hamiltonian, or of those of its momentum."""
    energies = hamiltonian.zero_order_energies
    if hamiltonian.bends:
        energies = energies[_functions(hamiltonian).first.to(energies.device)]
    return energies


def _functions(hamiltonian: Hamiltonian) -> AxialFunctions:
    return axial_functions(hamiltonian.basis, hamiltonian.bends, hamiltonian.momentum)


def _inverted(hamiltonian: Hamiltonian) -> list[bool] | None:
    """Whether the inversion reverses each coordinate that is no bend, then each bend.

    What mirrors both coordinates of a bend or none is the inversion, perhaps with a half turn
    about the line, which changes no function of even k. None for a molecule without a centre.
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


def level_count(hamiltonian: Hamiltonian) -> int:
    """Number of levels that a Hamiltonian has: of functions, or of those of its momentum."""
    parts = axial_blocks(hamiltonian) if hamiltonian.bends else [hamiltonian]
    return sum(part.size for part in parts)
