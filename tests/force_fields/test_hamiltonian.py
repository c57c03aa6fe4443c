import numpy as np
from small_fields import coupled, dense_levels, pyramid

from pes.force_fields.field import ForceField
from pes.force_fields.hamiltonian import FieldHamiltonian, field_hamiltonian
from pes.force_fields.ladder import ladder
from pes.force_fields.products import lowest_products, numbering
from pes.force_fields.symmetry import described
from pes.units import CM1


def functions(h: FieldHamiltonian, field: ForceField, count: int) -> tuple[np.ndarray, np.ndarray]:
    quanta = lowest_products(np.array(field.frequencies), h.numbering.most, count)
    numbers = np.sort(h.numbering.numbers(quanta))
    return h.numbering.quanta(numbers), numbers


def test_matrix_is_that_of_q() -> None:
    """All products of 14 functions each, terms to the sixth degree."""
    field = coupled()
    operators = ladder(field)
    assert operators is not None
    h = field_hamiltonian(operators, numbering(np.array(field.frequencies)))
    quanta = np.indices((14, 14)).reshape(2, -1)
    numbers = h.numbering.numbers(quanta)
    order = np.argsort(numbers)
    matrix = h.matrix(quanta[:, order], numbers[order]).toarray()
    levels = np.linalg.eigvalsh(matrix)[:40] / CM1
    assert np.allclose(levels, dense_levels(field, 14, 40), rtol=0, atol=1e-8)


def test_circular_operators_give_the_levels_of_the_plain_ones() -> None:
    """A complete shell is the same space in either description."""
    field = pyramid()
    plain, turned = ladder(field), ladder(field, [(1, 4), (3, 2)])
    assert plain is not None
    assert turned is not None
    levels = []
    for operators in (plain, turned):
        h = field_hamiltonian(operators, numbering(np.array(field.frequencies)))
        levels.append(np.linalg.eigvalsh(h.matrix(*functions(h, field, 200)).toarray()))
    assert np.allclose(levels[0], levels[1], rtol=0, atol=1e-9 * CM1)


def test_couplings_are_the_elements_of_a_larger_matrix() -> None:
    field = pyramid()
    operators = described(field)[0]
    h = field_hamiltonian(operators, numbering(np.array(field.frequencies)))
    quanta, numbers = functions(h, field, 30)
    outside = h.couplings(quanta, numbers, np.ones(len(numbers)), 0.0)
    everything = np.union1d(numbers, outside.numbers)
    matrix = h.matrix(h.numbering.quanta(everything), everything).toarray()
    rows, columns = (np.searchsorted(everything, n) for n in (outside.numbers, numbers))
    assert len(outside.numbers) > 100
    assert np.allclose(outside.matrix.toarray(), matrix[np.ix_(rows, columns)], atol=1e-18)


def test_weak_couplings_are_left_out() -> None:
    field = coupled()
    h = field_hamiltonian(described(field)[0], numbering(np.array(field.frequencies)))
    quanta, numbers = functions(h, field, 10)
    strength = np.linspace(0, 1, len(numbers))
    every = h.couplings(quanta, numbers, np.ones(len(numbers)), 0.0).matrix
    kept = h.couplings(quanta, numbers, strength, 20 * CM1).matrix
    assert kept.nnz == (abs(every) @ np.diag(strength) > 20 * CM1).sum()
