"""The file's forces are CCSD(T) ones, compared with differences of its energies when made."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pes.data import Dataset, read
from pes.training.force_labels import force_check
from pes.units import ANGSTROM, CM1, EV, KCAL_MOL

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
