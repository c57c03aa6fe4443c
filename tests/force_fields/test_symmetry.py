import numpy as np
import pytest
from small_fields import coupled, pyramid

from pes.force_fields.field import ForceField
from pes.force_fields.symmetry import Lattice, described, mirror


def test_cosets_of_a_lattice_by_hand() -> None:
    """(2, 0) and (1, 1) reach (0, 2) and (3, 1), not (1, 0)."""
    lattice = Lattice([(2, 0), (1, 1), (3, -1)])
    quanta = np.array([[0, 0, 3, 1], [0, 2, 1, 0]])
    labels = lattice.cosets(quanta).T.tolist()
    assert labels[0] == labels[1] == labels[2] != labels[3]
    assert lattice.conserved == (0, 2)


def test_a_polyad_number_without_end() -> None:
    """The resonance a†_2 a_1² conserves n_1 + 2 n_2."""
    lattice = Lattice([(-2, 1), (2, -1)])
    assert lattice.conserved == (1, 2)
    labels = lattice.cosets(np.array([[4, 2, 0, 1], [0, 1, 2, 1]])).T.tolist()
    assert labels[0] == labels[1] == labels[2] != labels[3]


def test_parities_of_a_field() -> None:
    even = ForceField.of([1.0, 1.3], {(0, 0, 1): 0.1, (0,) * 4: 0.1}, units="hartree")
    operators, lattice = described(even)
    assert operators.pairs == ()
    assert lattice.conserved == (0, 2)
    assert described(coupled())[1].conserved == (0, 1)


def test_threefold_axis_in_whatever_order_the_pairs_come() -> None:
    operators, lattice = described(pyramid())
    assert operators.pairs == ((1, 4), (3, 2))
    assert lattice.conserved == (0, 3)
    other = mirror(operators)
    assert other is not None
    assert other.tolist() == [0, 4, 3, 2, 1]


def test_equal_frequencies_without_an_axis_stay_as_they_are() -> None:
    """A quartic term in x alone: circular operators would conserve nothing more."""
    field = ForceField.of([1.0, 1.0], {(0,) * 4: 0.2, (0, 0, 1, 1): 0.1}, units="hartree")
    operators, lattice = described(field)
    assert operators.pairs == ()
    assert lattice.conserved == (0, 4)


@pytest.mark.parametrize("shift", [1e-6, 1e-3])
def test_constants_that_break_the_axis_are_noticed(shift: float) -> None:
    field = pyramid()
    constants = dict(field.constants)
    constants[1, 1, 1] *= 1 + shift
    operators, _ = described(ForceField(field.frequencies, constants))
    assert operators.pairs == ()
