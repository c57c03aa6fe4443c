"""Kinds of coordinates: consistent with themselves and with every system of coordinates."""

from math import pi

import pytest

from pes.coordinates import COORDINATES
from pes.coordinates.kinds import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_ends_are_in_order(kind: str) -> None:
    one = KINDS[kind]
    assert one.limits[0] < one.limits[1]
    assert one.ends[0] < one.ends[1]
    assert one.size > 0
    assert one.functions <= round(one.density * one.functions) <= one.primitives


def test_a_dihedral_goes_half_a_turn_to_each_side() -> None:
    assert KINDS["dihedral"].domain(1.0) == (1 - pi, 1 + pi)
    assert KINDS["angle"].domain(1.0) == (0.0, pi)


@pytest.mark.parametrize("name", COORDINATES)
def test_kinds_of_fixed_coordinates_are_known(name: str) -> None:
    kinds = getattr(COORDINATES[name], "kinds", ())
    assert isinstance(kinds, property) or set(kinds) <= set(KINDS)
