"""Means of polynomials of q over the levels of a force field, and derivatives by its constants."""

from collections import defaultdict

import numpy as np

from pes.force_fields.block import FieldBlock
from pes.force_fields.coriolis import AXES
from pes.force_fields.field import ForceField
from pes.force_fields.ladder import Ladder, Term, ladder
from pes.force_fields.levels import FieldLevels
from pes.force_fields.symmetry import step

__all__ = ["derivatives", "mean_values", "parameter_names"]


def derivatives(levels: FieldLevels) -> np.ndarray:
    """∂E_n/∂F by Hellmann and Feynman's theorem, (S, P).

    E is the eigenvalue in the functions chosen, whose vectors these are; the second-order shift
    is not differentiated. The members of a degenerate level have the mean of the level.

    Returns:
        Columns by frequency (hartree per hartree), by constant in the order of the field, and by
        rotational constant at fixed ζ.
    """
    return _means(levels, levels.operators)


def mean_values(levels: FieldLevels, polynomial: ForceField) -> np.ndarray:
    """⟨ψ_n|Σ f Π q^e/e!|ψ_n⟩ of the constants of another force field, without its ω, (S,).

    Raises:
        ValueError: for a polynomial without the symmetry of the force field.
    """
    operators = ladder(polynomial, levels.operators.pairs)
    if operators is None:
        raise ValueError("the polynomial must have the symmetry of the force field")
    constants = operators.parameters[len(polynomial.frequencies) :]
    return _means(levels, operators)[:, len(polynomial.frequencies) :] @ constants


def parameter_names(levels: FieldLevels) -> list[str]:
    """Names of the columns: w1 of the frequencies, f1,1,2 of the constants, Bx of rotation."""
    field = levels.force_field
    frequencies = [f"w{k + 1}" for k in range(len(field.frequencies))]
    constants = ["f" + ",".join(str(k + 1) for k in modes) for modes in field.constants]
    return frequencies + constants + ([f"B{axis}" for axis in AXES] if field.coriolis else [])


def _means(levels: FieldLevels, operators: Ladder) -> np.ndarray:
    """Mean of what each parameter stands before, (S, P)."""
    of_block = {
        b: operators.share @ _expectations(levels, levels.blocks[b], operators)
        for b in {b for b, _ in levels.places}
    }
    return np.stack([of_block[b][:, n] for b, n in levels.places])


def _expectations(levels: FieldLevels, block: FieldBlock, operators: Ladder) -> np.ndarray:
    """⟨ψ_n|Π (a†)^r a^s|ψ_n⟩ of every term, (T, S); real, so that of the adjoint is the same."""
    quanta = levels.h.numbering.quanta(block.numbers)
    result = np.zeros((len(operators.terms), len(block.energies)))
    steps: dict[tuple[int, ...], list[tuple[int, Term]]] = defaultdict(list)
    for t, operator in enumerate(operators.terms):
        change, term = step(operator, len(quanta)), operator
        if next((x for x in change if x), 0) < 0:
            change = tuple(-x for x in change)
            term = tuple((mode, s, r) for mode, r, s in operator)
        steps[change].append((t, term))
    for change, members in steps.items():
        low, high = levels.h.partners(np.array(change), quanta, block.numbers)
        density = block.vectors[low] * block.vectors[high]
        for t, term in members:
            result[t] = levels.h.operator(term, quanta[:, low]) @ density
    return result
