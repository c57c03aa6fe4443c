"""Line lists: what the files hold, and that they belong together."""

import csv
from dataclasses import replace
from math import exp
from pathlib import Path

import pytest
import torch
from turning_water import RANGES, point_charges, turning

import pes
from pes.potential import DipoleSurface
from pes.potential.analytic import WaterPJT
from pes.rovibration.lines import lines
from pes.setup.lines.line_list import LineList, line_list
from pes.setup.lines.thermal_levels import ThermalLevels
from pes.vibration.analysis.intensities import BOLTZMANN_CM1


def listed(molecule: str) -> LineList:
    return line_list(turning(molecule), point_charges)


@pytest.fixture(scope="module")
def water() -> LineList:
    return listed("O H H")


def test_spin_weights_and_partition_function(water: LineList) -> None:
    """Ortho levels (B1 and B2) three times, para levels (A1 and A2) once."""
    weights = {
        irrep: int(w)
        for one, ws in zip(water.rotation.levels, water.levels.weights, strict=True)
        for irrep, w in zip(one.symmetry, ws, strict=True)
    }
    assert weights == {"A1": 1, "A2": 1, "B1": 3, "B2": 3}
    # At 20 K few levels are populated: those of the table, by hand.
    kt = 20 * BOLTZMANN_CM1
    q = sum(
        weights[str(row["irrep"])] * (2 * row["J"] + 1) * exp(-row["energy"] / kt)
        for row in water.rotation.table
    )
    assert float(water.levels.partition(torch.tensor([20.0]).double())) == pytest.approx(
        q, rel=1e-6
    )


@pytest.mark.parametrize(("molecule", "expected"), [("O D D", {3.0, 6.0}), ("O H D", {6.0})])
def test_spin_weights_of_isotopologues(molecule: str, expected: set[float]) -> None:
    found = {float(w) for weights in listed(molecule).levels.weights for w in weights}
    assert found == expected


def test_ortho_and_para_do_not_mix(water: LineList) -> None:
    table = water.rotation.table
    s = water.spectrum
    ortho = torch.tensor([row["irrep"] in ("B1", "B2") for row in table])
    assert torch.equal(ortho[s.upper], ortho[s.lower])


def test_doubt_about_the_highest_j(water: LineList) -> None:
    """J up to 3 is far from enough at 296 K, and said to be."""
    (said,) = water.warnings
    assert said.startswith("levels above J = 3, the highest, would add ")
    assert said.endswith("intensities are too large; raise `J`")


def test_in_a_notebook_and_as_files_of_the_name_of_the_folder(
    water: LineList, tmp_path: Path
) -> None:
    html, text = water._repr_html_(), water.lines(3)
    assert html.startswith(f"<table><caption>{water!r}")
    assert all(cell in html for cell in text[2].split()[:4])
    assert (water.save(tmp_path / "h2o") / "h2o.trans").is_file()


def test_lifetimes(water: LineList) -> None:
    """The lowest ortho and para level live for ever; the others as long as all lines down allow."""
    table = water.rotation.table
    stable = [k for k, t in enumerate(water.lifetimes.tolist()) if t == float("inf")]
    lowest = [
        min(k for k, row in enumerate(table) if (row["irrep"] in ("B1", "B2")) == ortho)
        for ortho in (False, True)
    ]
    assert stable == sorted(lowest)
    k, rate = 40, 0.0
    for one in lines(water.moments, water.rotation.levels):
        rows = water.levels.rows[water.levels.starts[one.upper_j] + one.upper]
        rate += float(one.einstein[rows == k].sum())
    assert float(water.lifetimes[k]) == pytest.approx(1 / rate)


def test_input_that_does_not_do(water: LineList) -> None:
    with pytest.raises(ValueError, match="must be above 0 for lines, got 0"):
        line_list(water.rotation, point_charges, temperature=0.0)
    with pytest.raises(ValueError, match="returned shape"):
        line_list(water.rotation, lambda x: x[:, 0, 0])


def test_spin_statistics_that_are_not_known(water: LineList) -> None:
    """Weights without the exchange are 4 for all levels: nothing else would show it."""
    assert not any("nuclear-spin" in warning for warning in water.warnings)
    rotation = water.rotation
    nothing = replace(rotation, basis=replace(rotation.basis, operations=(), turns=()))
    unknown = ThermalLevels(nothing)
    assert {float(w) for weights in unknown.weights for w in weights} == {4.0}
    assert any(
        "weights of single lines are wrong" in warning for warning in unknown.warnings(296.0)
    )


def test_spread_over_ensembles(tmp_path: Path) -> None:
    """Dipoles of two members in the ratio 1 : 1.1, strengths 1 : 1.21 about that of their mean."""
    members = WaterPJT(), WaterPJT()
    with torch.no_grad():
        members[1].r_e += 1e-4
    sizes = {"all": pes.BasisSize(None, 6, 9, 30)}
    levels = pes.levels(
        pes.Ensemble(members), ["O", "H", "H"], count=2, ranges=RANGES, basis=sizes,
        convergence=False,
    )  # fmt: skip
    rotation = levels.rotation(range(2))
    moments = DipoleSurface(("O", "H", "H"), 1), DipoleSurface(("O", "H", "H"), 1)
    with torch.no_grad():
        for charge, moment in zip((0.3, 0.33), moments, strict=True):
            moment.coefficients[0] = charge
    listed = line_list(rotation, pes.Ensemble(moments))
    s = listed.spectrum
    assert s.position_spread is not None
    assert s.intensity_spread is not None
    expected = s.intensities * (0.21 / 2**0.5) / 1.05**2
    torch.testing.assert_close(s.intensity_spread, expected, rtol=1e-6, atol=0)
    # A rotational line: both levels move with 1/r², and of two members one up as the other down.
    k = int((s.wavenumbers - 37.14).abs().argmin())
    table = rotation.table
    up, low = (table[int(n[k])]["spread"] for n in (s.upper, s.lower))
    assert float(s.position_spread[k]) == pytest.approx(abs(up - low), rel=1e-9)
    listed.save(tmp_path, "water")
    with (tmp_path / "lines.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert float(rows[k]["position_spread_cm1"]) == float(s.position_spread[k])
    assert float(rows[k]["intensity_spread_cm_per_molecule"]) == float(s.intensity_spread[k])
