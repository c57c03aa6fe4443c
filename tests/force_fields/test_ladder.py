import numpy as np
import pytest
from small_fields import pyramid

from pes.force_fields.field import ForceField
from pes.force_fields.ladder import ladder
from pes.units import CM1


def test_powers_of_q_in_normal_order() -> None:
    """q² = ½ (a†² + 2 a†a + a² + 1), and the 3 ω/2 of q³ before a and a†."""
    field = ForceField.of([1.0], {(0, 0): 2.0}, units="hartree")
    operators = ladder(field)
    assert operators is not None
    found = dict(zip(operators.terms, operators.coefficients, strict=True))
    assert found == pytest.approx(
        {((0, 1, 1),): 2.0, (): 1.0, ((0, 2, 0),): 0.5, ((0, 0, 2),): 0.5}, abs=1e-15
    )
    cubic = ladder(ForceField.of([1.0], {(0, 0, 0): 6.0}, units="hartree"))
    assert cubic is not None
    found = dict(zip(cubic.terms, cubic.coefficients, strict=True))
    assert found[((0, 1, 0),)] == pytest.approx(3 / 2**1.5, rel=1e-14)


def test_coefficients_are_linear_in_the_parameters() -> None:
    field = ForceField.of([1.0, 2.0], {(0, 0, 1): 0.3, (0, 1, 1): 0.1}, units="hartree")
    operators = ladder(field)
    assert operators is not None
    assert operators.share.shape == (4, len(operators.terms))
    assert np.allclose(operators.share.T @ operators.parameters, operators.coefficients)


def test_circular_operators_of_an_isotropic_pair_change_no_angular_momentum() -> None:
    """x² + y² = (a₊† + a₋)(a₊ + a₋†) + … holds only steps that keep n₊ − n₋."""
    operators = ladder(
        ForceField.of([1.0, 1.0], {(0, 0): 0.4, (1, 1): 0.4}, units="hartree"), [(0, 1)]
    )
    assert operators is not None
    for term, c in zip(operators.terms, operators.coefficients, strict=True):
        momentum = sum((1 if mode == 0 else -1) * (r - s) for mode, r, s in term)
        assert momentum == 0 or c == 0


def test_circular_operators_need_an_even_y() -> None:
    """With x and y of the second pair exchanged V is odd in y, and H would be complex."""
    assert ladder(pyramid(), [(1, 4), (3, 2)]) is not None
    assert ladder(pyramid(), [(1, 4), (2, 3)]) is None


def test_units_are_hartree() -> None:
    operators = ladder(ForceField.of([1000.0], {}, units="cm-1"))
    assert operators is not None
    assert operators.parameters[0] == pytest.approx(1000 * CM1)
