"""Functions adapted to the other coordinates: self-consistent modals, groups of coordinates.

Both are eigenfunctions of H averaged over the ground functions of the coordinates left out,
which is the matrix of H in a basis that has one function for each of those.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from torch import Tensor

from pes.geometry import nearest_orthogonal
from pes.vibration.basis.basis import Basis
from pes.vibration.basis.contraction import even_and_odd
from pes.vibration.basis.factor import Group
from pes.vibration.basis.truncation import GroupSize
from pes.vibration.grid.product_basis import ProductBasis
from pes.vibration.grid.strips import PairFields
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.symmetry.action import odd_functions, shared_bases

__all__ = ["contracted_groups", "modal_rotations", "self_consistent"]

CONVERGED = 1e-9
"""Change of the self-consistent energy (hartree) at which the modals are taken."""


def contracted_groups(hamiltonian: Hamiltonian, sizes: Sequence[GroupSize]) -> tuple[Group, ...]:
    """The lowest functions of each group of coordinates."""
    return tuple(_group(hamiltonian, size) for size in sizes)


def _group(hamiltonian: Hamiltonian, size: GroupSize) -> Group:
    energies, vectors = _averaged(hamiltonian.fields, hamiltonian.basis.bases, size.coordinates)
    most = size.functions
    if size.energy is not None:
        most = int((energies - energies[0] <= size.energy).sum())
    if most is not None and most > len(energies):
        raise ValueError(
            f"a group of {len(energies)} products cannot give {most} functions; raise the "
            "functions of its coordinates"
        )
    return Group(size.coordinates, vectors[:, :most], energies[:most])


def self_consistent(hamiltonian: Hamiltonian, *, sweeps: int = 20) -> tuple[Basis, ...]:
    """Bases turned into the modals of the vibrational self-consistent field of the ground state.

    They span the same functions, in another order of energy, which a limit on products sees. As
    many functions as points must not be turned: their derivative on the points is the square
    matrix that makes spurious low levels.

    References:
        J. M. Bowman, J. Chem. Phys. 68, 608 (1978), doi:10.1063/1.435782
    """
    before = float("inf")
    bases, fields = hamiltonian.basis.bases, hamiltonian.fields
    operations = hamiltonian.operations
    for _ in range(sweeps):
        energy = before
        for k in range(len(bases)):
            # Pairs split by next to nothing stay even and odd, or the reflection would be lost.
            odd = odd_functions(bases[k], k, operations)
            energies, vectors = _averaged(fields, bases, (k,), odd)
            bases = (*bases[:k], _turned(bases[k], energies, vectors), *bases[k + 1 :])
            # At once, or the others meet a field without the symmetry of the exchange.
            bases = shared_bases(bases, operations)
            energy = float(energies[0])
        if abs(before - energy) < CONVERGED:
            break
        before = energy
    return bases


def modal_rotations(bases: Sequence[Basis], modals: Sequence[Basis]) -> list[Tensor]:
    """Coefficients of the modals by the functions of each coordinate, (n, n) each, orthogonal."""
    # Both sets are orthonormal on the points up to quadrature.
    return [
        nearest_orthogonal(old.values.T @ new.values)
        for old, new in zip(bases, modals, strict=True)
    ]


def _averaged(
    fields: PairFields,
    bases: Sequence[Basis],
    coordinates: tuple[int, ...],
    odd: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    remaining, last = list(range(len(bases))), max(coordinates)
    # From the ends on, where sums run along the memory, and little is left for the others.
    for k in [*range(len(bases) - 1, last, -1), *(k for k in range(last) if k not in coordinates)]:
        remaining.remove(k)
        after = prod(len(bases[j].points) for j in remaining if j > k)
        fields = _without(fields, k, bases[k], after)
    renamed = {-1: -1} | {k: place for place, k in enumerate(coordinates)}
    left = {(renamed[k], renamed[m]): field for (k, m), field in fields.items()}
    matrix = ProductBasis(tuple(bases[k] for k in coordinates)).matrix(left)
    energies, vectors = even_and_odd(matrix, odd)
    largest = vectors.abs().argmax(0)
    return energies, vectors * vectors.gather(0, largest[None]).sign()


def _without(fields: PairFields, k: int, basis: Basis, after: int) -> PairFields:
    """Fields averaged over the ground function of a coordinate, whose axis they lose.

    Args:
        fields: on a grid, by their coordinates.
        k: the coordinate.
        basis: its functions.
        after: grid points of the coordinates after it together.
    """
    value, slope = basis.scaled_values[:, 0], basis.scaled_derivatives[:, 0]
    means: dict[tuple[int, int], Tensor] = {}
    for (left, right), field in fields.items():
        weights = (slope if left == k else value) * (slope if right == k else value)
        # F₋₁ₖ stands for the derivative of either function, which are now the same.
        weights = 2 * weights if (left, right) == (-1, k) else weights
        pair = -1 if left == k else left, -1 if right == k else right
        pair = min(pair), max(pair)
        lines = field.reshape(-1, len(weights), after)
        mean = lines[..., 0] @ weights if after == 1 else weights @ lines
        means[pair] = means.get(pair, 0.0) + mean.flatten()
    return means


def _turned(basis: Basis, energies: Tensor, vectors: Tensor) -> Basis:
    vectors = vectors.to(basis.values)
    return replace(
        basis, values=basis.values @ vectors, derivatives=basis.derivatives @ vectors,
        fine_values=basis.fine_values @ vectors, energies=energies,
    )  # fmt: skip
