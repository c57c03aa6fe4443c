from dataclasses import replace

import pytest
import torch

from pes.data import Dataset
from pes.potential import energies_and_forces
from pes.potential.analytic import WaterPJT
from pes.training.force_check import force_finding, force_ratio
from pes.units import ANGSTROM, EV


@pytest.fixture(scope="module")
def points() -> Dataset:
    """Two hundred points of water with forces."""
    draw = torch.rand(200, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    angle, r = 1.5 + 0.8 * draw[:, 0], 1.6 + 0.5 * draw[:, 1:]
    x = torch.zeros(200, 3, 3, dtype=torch.float64)
    x[:, 1, 0] = r[:, 0]
    x[:, 2, 0], x[:, 2, 1] = r[:, 1] * angle.cos(), r[:, 1] * angle.sin()
    energies, forces = energies_and_forces(WaterPJT(), x)
    return Dataset(("O", "H", "H"), x, energies, forces=forces)


def test_sound_forces(points: Dataset) -> None:
    ratio, rest = force_ratio(points)
    # The fit to the energies alone is good to parts in a thousand in its slopes.
    assert ratio == pytest.approx(1, abs=0.01)
    assert rest < 0.01
    assert "agree with the slopes" in str(force_finding(points))


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (-1.0, "gradients, not forces"),
        (1 / ANGSTROM, "in energy/angstrom, read as energy/bohr"),
        (ANGSTROM, "in energy/bohr, read as energy/angstrom"),
        (-1 / EV, "in eV, read as hartree, and of the wrong sign"),
        (3.0, "3 times"),
    ],
)
def test_factors_are_named(points: Dataset, factor: float, words: str) -> None:
    assert points.forces is not None
    finding = force_finding(replace(points, forces=factor * points.forces))
    assert finding is not None
    assert words in finding


def test_rows_in_another_order(points: Dataset) -> None:
    assert points.forces is not None
    order = torch.randperm(200, generator=torch.Generator().manual_seed(0))
    finding = force_finding(replace(points, forces=points.forces[order]))
    assert "same order?" in str(finding)


def test_where_nothing_can_be_said(points: Dataset) -> None:
    assert force_finding(replace(points, forces=None)) is None
    assert force_finding(points.select(range(3))) is None
    with pytest.raises(ValueError, match="3 points are too few"):
        force_ratio(points.select(range(3)))
    with pytest.raises(ValueError, match="no forces"):
        force_ratio(replace(points, forces=None))
