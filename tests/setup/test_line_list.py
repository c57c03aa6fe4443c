"""Line lists: what the files hold, and that they belong together."""

from math import exp
from pathlib import Path

import pytest
import torch
from torch import Tensor

import pes
from pes.setup.line_list import LineList, line_list
from pes.vibration.analysis.intensities import BOLTZMANN_CM1

RANGES = {"r1": (0.7, 1.4), "r2": (0.7, 1.4), "theta": (50.0, 175.0)}


def point_charges(positions: Tensor) -> Tensor:
    charges = torch.tensor([-0.66, 0.33, 0.33], dtype=torch.float64)
    return torch.einsum("a,pai->pi", charges, positions)


def listed(molecule: str) -> LineList:
    sizes = {"all": pes.BasisSize(None, 6, 9, 30)}
    levels = pes.levels(
        "water_pjt1996", molecule.split(), count=3, ranges=RANGES, basis=sizes, convergence=False
    )
    return line_list(levels.rotation(range(4)), point_charges)


@pytest.fixture(scope="module")
def water() -> LineList:
    return listed("O H H")


def test_spin_weights_and_partition_function(water: LineList) -> None:
    """Ortho levels (B1 and B2) three times, para levels (A1 and A2) once."""
    weights = {
        irrep: int(w)
        for one, ws in zip(water.rotation.levels, water.weights, strict=True)
        for irrep, w in zip(one.symmetry, ws, strict=True)
    }
    assert weights == {"A1": 1, "A2": 1, "B1": 3, "B2": 3}
    # At 20 K few levels are populated: those of the table, by hand.
    kt = 20 * BOLTZMANN_CM1
    q = sum(
        weights[str(row["irrep"])] * (2 * row["J"] + 1) * exp(-row["energy"] / kt)
        for row in water.rotation.table
    )
    assert float(water.partition(torch.tensor([20.0]).double())) == pytest.approx(q, rel=1e-6)


@pytest.mark.parametrize(("molecule", "expected"), [("O D D", {3.0, 6.0}), ("O H D", {6.0})])
def test_spin_weights_of_isotopologues(molecule: str, expected: set[float]) -> None:
    found = {float(w) for weights in listed(molecule).weights for w in weights}
    assert found == expected


def test_files_belong_together(water: LineList, tmp_path: Path) -> None:
    water.save(tmp_path, "h2o")
    states = [line.split() for line in (tmp_path / "h2o.states").read_text().splitlines()]
    energy = {int(row[0]): float(row[1]) for row in states}
    j = {int(row[0]): int(row[3]) for row in states}
    assert list(energy) == list(range(1, len(water.energies) + 1))
    assert list(energy.values()) == sorted(energy.values())
    lines = [line.split() for line in (tmp_path / "h2o.trans").read_text().splitlines()]
    for upper, lower, einstein, wavenumber in lines:
        difference = energy[int(upper)] - energy[int(lower)]
        assert difference == pytest.approx(float(wavenumber), abs=2e-6)
        assert abs(j[int(upper)] - j[int(lower)]) <= 1
        assert float(einstein) > 0
    assert len(lines) >= len(water.spectrum.wavenumbers) > 50
    first = (tmp_path / "h2o.pf").read_text().splitlines()[0].split()
    assert float(first[0]) == 10.0
    assert float(first[1]) == pytest.approx(
        float(water.partition(torch.tensor([10.0]).double())), abs=1e-4
    )


def test_ortho_and_para_do_not_mix(water: LineList) -> None:
    table = water.rotation.table
    s = water.spectrum
    ortho = torch.tensor([row["irrep"] in ("B1", "B2") for row in table])
    assert torch.equal(ortho[s.upper], ortho[s.lower])


def test_doubt_about_the_highest_j(water: LineList) -> None:
    """J up to 3 is far from enough at 296 K, and said to be."""
    (said,) = water.warnings
    assert said.startswith("levels with J = 3, the highest, make ")
    assert said.endswith("intensities are too large; raise `J`")


def test_input_that_does_not_do(water: LineList) -> None:
    with pytest.raises(ValueError, match="must be above 0 for lines, got 0"):
        line_list(water.rotation, point_charges, temperature=0.0)
    with pytest.raises(ValueError, match="returned shape"):
        line_list(water.rotation, lambda x: x[:, 0, 0])
