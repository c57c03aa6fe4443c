import numpy as np
import pytest
from small_fields import coupled, pyramid

from pes.force_fields.bounds import escape
from pes.force_fields.field import ForceField
from pes.units import CM1


def test_cubic_field_falls_beyond_the_barrier_of_the_textbook() -> None:
    """½ ω q² + f q³/6 has its top at q = −2ω/f, of height 2ω³/(3f²)."""
    way = escape(ForceField.of([1000.0], {(0, 0, 0): 400.0}, units="cm-1"))
    assert way is not None
    assert way.barrier / CM1 == pytest.approx(2 / 3 * 1000**3 / 400**2)
    assert way.top == pytest.approx([-5.0])
    assert "4167 cm-1 at q1 = -5.0" in str(way)


def test_lowest_barrier_lies_between_the_axes() -> None:
    """−f x²y²/4 alone bends V down, most along x = ±y; a saddle by hand: q² = 2ω/f each."""
    constants = {(0, 0, 1, 1): -100.0, (0,) * 4: 1.0, (1,) * 4: 1.0}
    way = escape(ForceField.of([1000.0, 1000.0], constants, units="cm-1"))
    assert way is not None
    # On the diagonal V = ω s² − (100/4 − 2/24) s⁴ with x = y = s.
    quartic = 100 / 4 - 2 / 24
    assert way.barrier / CM1 == pytest.approx(1000**2 / (4 * quartic), rel=1e-6)
    assert np.allclose(abs(way.top), (1000 / (2 * quartic)) ** 0.5, rtol=1e-3)


def test_way_where_only_the_fourth_degree_vanishes() -> None:
    """A quartic term in y bounds y, not x, whose cubic term has the last word."""
    way = escape(ForceField.of([1000.0, 1000.0], {(0,) * 3: 300.0, (1,) * 4: 50.0}, units="cm-1"))
    assert way is not None
    assert abs(way.top[0]) > 1


def test_bounded_fields_have_no_way_out() -> None:
    assert escape(ForceField.of([1000.0], {}, units="cm-1")) is None
    assert escape(ForceField.of([1000.0], {(0,) * 4: 5.0}, units="cm-1")) is None
    assert escape(coupled()) is None
    assert escape(pyramid()) is None


def test_functions_beyond_a_barrier() -> None:
    """The top at q = −5 is where the motion of n = 12 turns: 2n + 1 = 25."""
    way = escape(ForceField.of([1000.0], {(0, 0, 0): 400.0}, units="cm-1"))
    assert way is not None
    omega = np.array([1000.0])
    assert way.beyond(np.array([[0, 11, 12, 13, 30]]), omega).tolist() == [
        False, False, False, True, True,
    ]  # fmt: skip


def test_degenerate_modes_are_treated_alike() -> None:
    field = ForceField.of([1000.0, 1000.0], {(0, 0, 0): 400.0, (1,) * 4: 30.0}, units="cm-1")
    way = escape(field)
    assert way is not None
    one, other = way.beyond(np.array([[20, 0], [0, 20]]), np.array(field.frequencies))
    assert one
    assert other
