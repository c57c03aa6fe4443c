"""A factor or a sign between labelled forces and the slopes of the energies is found and named."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pes.data import Dataset, read
from pes.potential import energies_and_forces
from pes.potential.analytic import WaterPJT
from pes.training.force_check import force_check, force_finding, force_ratio
from pes.units import ANGSTROM, CM1, EV, KCAL_MOL


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
        (-1.0, "they are gradients, not forces"),
        (1 / ANGSTROM, "in hartree/bohr but called hartree/angstrom"),
        (ANGSTROM, "in hartree/angstrom but called hartree/bohr"),
        (-1 / EV, "in eV/bohr but called hartree/bohr"),
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
    assert "rows are in the same order" in str(finding)


def test_where_nothing_can_be_said(points: Dataset) -> None:
    assert force_finding(replace(points, forces=None)) is None
    assert force_finding(points.select(range(3))) is None
    with pytest.raises(ValueError, match="3 points are too few"):
        force_ratio(points.select(range(3)))
    with pytest.raises(ValueError, match="no forces"):
        force_ratio(replace(points, forces=None))


FILE = Path(__file__).parents[2] / "data" / "h2o_ccsdt_vdz_forces.h5"


def scaled(factor: float, points: slice = slice(None)) -> Dataset:
    data = read(FILE).select(points)
    assert data.forces is not None
    return replace(data, forces=factor * data.forces)


def test_right_forces() -> None:
    found = force_check(scaled(1.0))
    assert found is not None
    # The fit to the energies follows their slope within three percent of its size.
    assert found.slope == pytest.approx(1, abs=0.01)
    assert found.correlation > 0.99
    assert found.certain
    assert found.mistake is None


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (-1.0, ["change their sign"]),
        (ANGSTROM, ["in hartree/angstrom but called hartree/bohr", "divide them by 1.88973"]),
        (1 / ANGSTROM, ["in hartree/bohr but called hartree/angstrom", "divide them by 0.529177"]),
        (1 / EV, ["in eV/bohr but called hartree/bohr", "27.2114"]),
        (1 / KCAL_MOL, ["in kcal/mol/bohr but called hartree/bohr", "627.509"]),
        (ANGSTROM / EV, ["in eV/angstrom but called hartree/bohr", "51.4221"]),
        (1 / CM1, ["in cm-1/bohr but called hartree/bohr"]),
        (-ANGSTROM, ["in hartree/angstrom but called hartree/bohr", "change their sign"]),
    ],
)
def test_wrong_sign_or_unit(factor: float, words: list[str]) -> None:
    found = force_check(scaled(factor))
    assert found is not None
    assert not found.certain
    assert found.mistake is not None
    for word in words:
        assert word in found.mistake


def test_no_verdict_without_evidence() -> None:
    """A strange factor, forces of other rows, and too few points."""
    found = force_check(scaled(3.0))
    assert found is not None
    assert (found.certain, found.mistake) == (False, None)
    data = scaled(1.0)
    assert data.forces is not None
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(0))
    found = force_check(replace(data, forces=data.forces[order]))
    assert found is not None
    assert (found.certain, found.mistake) == (False, None)
    assert force_check(scaled(1.0, slice(0, 3))) is None
    assert force_check(replace(data, forces=None)) is None


def test_a_wrong_sign_of_few_points() -> None:
    """Forty points fit the slope worse, but the sign is beyond doubt."""
    found = force_check(scaled(-1.0, slice(0, 60)))
    assert found is not None
    assert found.mistake is not None
