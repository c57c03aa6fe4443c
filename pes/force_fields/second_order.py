"""Second-order contributions of the functions outside a set to the levels inside it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pes.force_fields.hamiltonian import Couplings, FieldHamiltonian

__all__ = ["SecondOrder", "second_order_shifts"]

PORTION = 2**22
"""Amplitudes of outside functions that are held at once."""


@dataclass(frozen=True)
class SecondOrder:
    """Second-order shifts of the levels by functions outside the basis.

    Attributes:
        shifts: shifts of the levels, (S,) in hartree.
        leaks: sizes of the shifts by functions beyond a barrier, which are not among these, (S,).
        numbers: numbers of the outside functions, ascending, (M,); none of those inside.
        largest: largest shift of any level by each of them, (M,) in hartree.
        elements: matrix elements looked at.
    """

    shifts: np.ndarray
    leaks: np.ndarray
    numbers: np.ndarray
    largest: np.ndarray
    elements: int


def second_order_shifts(
    h: FieldHamiltonian,
    outside: Couplings,
    energies: np.ndarray,
    vectors: np.ndarray,
    beyond: Callable[[np.ndarray], np.ndarray] | None = None,
) -> SecondOrder:
    """Σ_a δ_a of each level with δ = −2A²/(Δ + √(Δ² + 4A²)), Δ = ⟨a|H|a⟩ − E, A = ⟨a|H|ψ⟩.

    That is the shift by each outside function alone: Epstein–Nesbet's −A²/Δ where A is small, and
    finite where Δ is.

    Args:
        h: the Hamiltonian.
        outside: couplings with the functions inside.
        energies: (S,) in hartree.
        vectors: (N, S).
        beyond: tells for quanta (Q, M) the functions beyond a barrier, if there is one.

    References:
        P. S. Epstein, Phys. Rev. 28, 695 (1926), doi:10.1103/PhysRev.28.695
        J. H. Fetherolf, T. C. Berkelbach, J. Chem. Phys. 154, 074104 (2021),
        doi:10.1063/5.0035454
    """
    shifts, leaks = np.zeros(len(energies)), np.zeros(len(energies))
    largest, kept = np.zeros(len(outside.numbers)), np.ones(len(outside.numbers), dtype=bool)
    portion = max(1, PORTION // max(1, len(energies)))
    for low in range(0, len(outside.numbers), portion):
        rows = slice(low, low + portion)
        amplitude = outside.matrix[rows] @ vectors
        quanta = h.numbering.quanta(outside.numbers[rows])
        diagonal = h.diagonal_elements(quanta)
        gap = diagonal[:, None] - energies
        size = abs(gap) + np.sqrt(gap**2 + 4 * amplitude**2)
        added = -2 * np.sign(gap) * amplitude**2 / np.maximum(size, 1e-300)
        if beyond is not None:
            kept[rows] = ~beyond(quanta)
        shifts += added[kept[rows]].sum(0)
        leaks += abs(added[~kept[rows]]).sum(0)
        largest[rows] = abs(added).max(1, initial=0.0)
    numbers, elements = outside.numbers[kept], outside.matrix.nnz
    return SecondOrder(shifts, leaks, numbers, largest[kept], elements)
