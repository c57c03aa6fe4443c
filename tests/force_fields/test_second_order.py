import numpy as np
import pytest

from pes.force_fields.field import ForceField
from pes.force_fields.hamiltonian import field_hamiltonian
from pes.force_fields.ladder import ladder
from pes.force_fields.products import numbering
from pes.force_fields.second_order import second_order_shifts


def shift(cubic: float) -> float:
    """Second-order shift of the ground state of ω = 1 with f q³/6 by all other functions."""
    operators = ladder(ForceField.of([1.0], {(0, 0, 0): cubic}, units="hartree"))
    assert operators is not None
    h = field_hamiltonian(operators, numbering(np.ones(1)))
    ground = np.zeros((1, 1), dtype=np.int16), np.zeros(1, dtype=np.int64)
    outside = h.couplings(*ground, np.ones(1), 0.0)
    found = second_order_shifts(h, outside, np.array([0.5]), np.ones((1, 1)))
    assert found.numbers.tolist() == [1, 3]
    assert found.largest.sum() == pytest.approx(-found.shifts[0])
    return float(found.shifts[0])


def test_weak_cubic_term_shifts_as_perturbation_theory_says() -> None:
    """−11/288 f²/ω: textbooks have −11/8 g² for g q³ with g = f/6."""
    assert shift(1e-3) == pytest.approx(-11 / 288 * 1e-6, rel=1e-5)


def test_strong_terms_stay_finite() -> None:
    """A function at the energy of the level shifts it by its coupling, not by infinity."""
    assert -10.0 < shift(30.0) < -1.0
