"""Surfaces that mix up bohr and angstrom are told from others."""

import pytest

from pes.potential.analytic import WaterPJT
from pes.setup.coordinates.coordinate_request import CoordinateRequest
from pes.setup.inputs.surfaces import as_surface
from pes.setup.problem.bond_lengths import strange_bonds
from pes.setup.problem.problem import problem
from pes.units import ANGSTROM

RANGES = {"r1": (0.4, 3.0), "r2": (0.4, 3.0), "theta": (60.0, 160.0)}
WATER = WaterPJT()


@pytest.mark.parametrize(
    ("factor", "words"),
    [(1.0, ""), (ANGSTROM, "0.507 angstrom apart, 0.52 times"), (1 / ANGSTROM, "1.810 angstrom")],
)
def test_lengths_at_the_minimum(factor: float, words: str) -> None:
    """O-H of 0.958 angstrom, and what the number is in the other unit."""
    surface = as_surface(lambda x: WATER(factor * x))
    request = CoordinateRequest(kind="valence", ranges=RANGES)
    said = strange_bonds(problem(surface, "O H H", coordinates=request))
    assert len(said) == bool(words)
    assert words in "".join(said)


def test_atoms_in_another_order_than_the_surface_takes_them() -> None:
    """O H D for H O D: two hydrogen atoms would be 0.96 angstrom apart."""
    surface = as_surface(lambda x: WATER(x[:, [1, 0, 2]]))
    assert strange_bonds(problem(surface, "H O D")) == []
    (sentence,) = strange_bonds(problem(surface, "O H D"))
    assert "are those of H O H, but `molecule` names O H H" in sentence
