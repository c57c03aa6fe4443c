"""What decides how a set is fitted."""

from collections.abc import Callable

import pytest
import torch

from pes.data import Dataset, split
from pes.setup.training.automatic.points import PointSummary, point_summary
from pes.units import ANGSTROM


def summary(elements: str) -> PointSummary:
    return PointSummary("", tuple(elements), 1000, 1e4, False, 0.0, 0.0, 3.0)


@pytest.mark.parametrize(
    ("elements", "degree"),
    [("OHH", 2), ("HHH", 3), ("COHH", 3), ("HCNO", 2), ("OHHH", 3), ("CHHHH", 4)],
)
def test_lower_degrees_cannot_tell_geometries_apart(elements: str, degree: int) -> None:
    assert summary(elements).smallest_degree == degree


def test_bonded_water(water: Callable[..., Dataset]) -> None:
    points = water()
    found = point_summary(points, split(points, seed=0))
    assert (found.formula, found.count, found.forces) == ("H2O", 54, False)
    assert not found.dissociating
    assert found.farthest < 3


def test_an_atom_20_angstrom_away_is_no_bond(water: Callable[..., Dataset]) -> None:
    points = water()
    x = points.positions.clone()
    x[::2, 2] = torch.tensor([20.0, 0, 0]).double() * ANGSTROM + x[::2, 2]
    found = point_summary(Dataset(points.symbols, x, points.energies), split(points, seed=0))
    assert found.dissociating
    assert 0.3 < found.dissociated < 0.7
    assert found.farthest == pytest.approx(20, abs=2)
    assert "dissociated" in str(found)
