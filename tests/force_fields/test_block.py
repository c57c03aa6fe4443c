import numpy as np
import pytest
from small_fields import bilinear

from pes.force_fields.block import BlockRequest, Thresholds, solved_block
from pes.force_fields.hamiltonian import FieldHamiltonian, field_hamiltonian
from pes.force_fields.products import lowest_products, numbering
from pes.force_fields.symmetry import described
from pes.units import CM1


@pytest.fixture(scope="module")
def oscillators() -> tuple[FieldHamiltonian, Thresholds, np.ndarray]:
    """Six oscillators, and functions of the even block."""
    field, _ = bilinear(6, 0.1, 1000.0)
    omega = np.array(field.frequencies)
    operators, lattice = described(field)
    h = field_hamiltonian(operators, numbering(omega))
    quanta = lowest_products(omega, h.numbering.most, 3000)
    even = quanta[:, lattice.cosets(quanta).sum(0) % 2 == 0]
    return h, Thresholds.of(1e-4 * CM1, omega), np.sort(h.numbering.numbers(even))


def test_iterations_find_the_levels_of_the_matrix(oscillators) -> None:
    h, limits, numbers = oscillators
    assert len(numbers) > 1200  # beyond the dense limit
    found = solved_block(h, BlockRequest((0,) * 6, 1, numbers, 10), limits)
    matrix = h.matrix(h.numbering.quanta(numbers), numbers).toarray()
    exact = np.linalg.eigvalsh(matrix)[:10]
    assert np.allclose(found.variational, exact, rtol=0, atol=1e-5 * CM1)
    assert found.products > 0


def test_growth_takes_what_matters_most(oscillators) -> None:
    h, limits, numbers = oscillators
    few = solved_block(h, BlockRequest((0,) * 6, 1, numbers[:200], 5), limits)
    larger = few.grown(50)
    new = np.setdiff1d(larger, few.numbers)
    assert len(new) == 50
    importance = dict(zip(few.outside.numbers, few.outside.largest, strict=True))
    assert min(importance[n] for n in new) >= np.sort(few.outside.largest)[-50]
    assert len(few.grown(10**6)) == 200 + len(few.outside.numbers)


def test_a_larger_set_extrapolates(oscillators) -> None:
    h, limits, numbers = oscillators
    few = solved_block(h, BlockRequest((0,) * 6, 1, numbers[:400], 6), limits)
    more = solved_block(h, BlockRequest((0,) * 6, 1, few.grown(400), 6, few), limits)
    assert np.allclose(few.energies, few.variational + few.outside.shifts)
    assert (abs(more.energies - more.variational - more.outside.shifts) > 0).all()
    assert (more.errors < few.errors).all()
