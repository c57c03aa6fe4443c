"""What is wanted of a coordinate: refused when nonsense, grown when tested."""

from dataclasses import replace

import pytest

from pes.units import DEGREE
from pes.vibration import BasisSpec

PI = 3.141592653589793
STRETCH = BasisSpec("sinc", 1.2, 3.2, 10, points=20, primitives=50, name="r1")
BEND = BasisSpec("legendre", 40 * DEGREE, 180 * DEGREE, 10, points=20, primitives=40, name="theta")
TORSION = BasisSpec("fourier", 0.0, 2 * PI, 11, primitives=21, name="tau")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"basis": "sync"}, "r1: basis must be one of .*'sync'; did you mean 'sinc'"),
        ({"basis": "Legendre"}, "did you mean 'legendre'"),
        ({"low": 3.2}, "r1: the range must run from a lower to a higher end, got 3.2 to 3.2"),
        ({"low": 4.0}, "got 4.0 to 3.2"),
        ({"high": float("nan")}, "got 1.2 to nan"),
        ({"high": float("inf")}, "got 1.2 to inf"),
        ({"basis": "legendre"}, "r1: Legendre functions take an angle within 0 to π"),
        ({"basis": "legendre", "low": -0.1, "high": 3.0}, "end the range at linearity"),
        ({"functions": 0}, "r1: sizes must obey"),
        ({"points": 9}, "got 10, 9, 50"),
        ({"primitives": 19}, "got 10, 20, 19"),
        ({"points": None, "functions": 51}, "got 51, None, 50"),
    ],
)
def test_nonsense_is_refused(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(STRETCH, **changes)


def test_every_basis_takes_the_default_primitives() -> None:
    for basis in ("sinc", "hermite", "legendre", "fourier"):
        assert BasisSpec(basis, 0.1, 3.0, 5).primitives >= 5


def test_half_a_turn_in_degrees_is_no_more_than_pi() -> None:
    assert BasisSpec("legendre", 0.0, 180 * DEGREE, 5).high == pytest.approx(PI)


@pytest.mark.parametrize("coordinate", [STRETCH, BEND, TORSION, replace(TORSION, points=13)])
def test_more_functions(coordinate: BasisSpec) -> None:
    more = coordinate.more_functions()
    assert more.functions >= 1.1 * coordinate.functions
    if coordinate.points is not None:
        assert more.points is not None
        assert more.points / more.functions >= coordinate.points / coordinate.functions
    assert (more.low, more.high) == (coordinate.low, coordinate.high)


@pytest.mark.parametrize("coordinate", [STRETCH, BEND, TORSION, replace(TORSION, points=13)])
def test_more_points(coordinate: BasisSpec) -> None:
    more = coordinate.more_points()
    assert more.functions == coordinate.functions
    if coordinate.points is None:
        assert more.primitives >= 1.1 * coordinate.primitives
    else:
        assert more.points is not None
        assert more.points >= 1.1 * coordinate.points


def test_sizes_grow_past_the_primitives() -> None:
    tight = BasisSpec("fourier", 0.0, 1.0, 11, points=12, primitives=13)
    assert tight.more_functions().primitives % 2 == 1
    assert tight.more_points().primitives >= 14


def test_ranges_grow_by_a_twentieth() -> None:
    wide = STRETCH.widened(True, True)
    assert (wide.low, wide.high) == pytest.approx((1.1, 3.3))
    assert wide.primitives == 55
    assert STRETCH.widened(False, False) == STRETCH
    assert STRETCH.widened(False, True).low == 1.2


def test_ranges_stop_where_nature_ends_them() -> None:
    wide = BEND.widened(True, True)
    assert wide.high == BEND.high
    assert wide.low == pytest.approx(33 * DEGREE)
    assert replace(BEND, low=1.0, high=3.1).widened(True, True).high == PI
    assert replace(BEND, low=0.0).widened(True, True).low == 0.0
    short = BasisSpec("sinc", 0.05, 3.0, 5)
    assert short.widened(True, True).low == 0.025
    assert BasisSpec("sinc", -8.0, 8.0, 5).widened(True, True).low == pytest.approx(-8.8)
    assert TORSION.widened(True, True) == TORSION
