"""Surfaces that mix up bohr and angstrom are told from others."""

import pytest
import torch
from torch import Tensor

from pes.potential.analytic import WaterPJT
from pes.setup.coordinates.coordinate_request import CoordinateRequest
from pes.setup.inputs.surfaces import as_surface
from pes.setup.problem.bond_lengths import strange_bonds
from pes.setup.problem.problem import problem
from pes.units import ANGSTROM, CM1

RANGES = {"r1": (0.4, 3.0), "r2": (0.4, 3.0), "theta": (60.0, 160.0)}
WATER = WaterPJT()
REFERENCE = ((-0.97, 0.0, 0.0), (0.0, 0.0, 0.0), (0.37, 1.65, 0.0))


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


def hypochlorous_acid(x: Tensor) -> Tensor:
    """H, O, Cl; no two of the atoms are alike."""
    left, right = x[:, 0] - x[:, 1], x[:, 2] - x[:, 1]
    r1, r2 = left.norm(dim=1) / ANGSTROM, right.norm(dim=1) / ANGSTROM
    c = (left * right).sum(1) / (r1 * r2 * ANGSTROM**2)
    bonds = 40000 * (1 - torch.exp(-2.2 * (r1 - 0.97))) ** 2
    bonds = bonds + 30000 * (1 - torch.exp(-2.0 * (r2 - 1.69))) ** 2
    return (bonds + 16000 * (c + 0.22) ** 2) * CM1


def test_atoms_in_another_order_than_the_surface_takes_them() -> None:
    """Cl O H for H O Cl: hydrogen would be 1.7 angstrom from oxygen."""
    surface = as_surface(hypochlorous_acid)
    request = CoordinateRequest(kind="valence", reference=REFERENCE)
    assert strange_bonds(problem(surface, "H O Cl", coordinates=request)) == []
    (sentence,) = strange_bonds(problem(surface, "Cl O H", coordinates=request))
    assert "are those of H O Cl, but `molecule` names Cl O H" in sentence
