"""Isotopologues side by side against calculations of each by itself."""

import csv
import json
from math import isnan
from pathlib import Path

import pytest
import torch

import pes
from pes.setup.coordinates.coordinate_request import CoordinateRequest
from pes.setup.inputs.bumps import Bump
from pes.setup.inputs.surfaces import as_surface
from pes.setup.problem.problem import problem, with_isotopes
from pes.setup.series.isotopologues import Isotopologues
from pes.setup.series.shared_sizes import shared_sizes

NAMES = ["O H H", "O H D", "18O H H"]


@pytest.fixture(scope="module")
def water() -> Isotopologues:
    return pes.isotopologues("water_pjt1996", NAMES, count=5, accuracy=0.2)


def test_levels_agree_within_their_estimates(water: Isotopologues) -> None:
    assert water.names == NAMES
    one = water.results[2]
    alone = pes.levels("water_pjt1996", NAMES[2], count=5, accuracy=0.2)
    difference = (one.energies - alone.energies).abs()
    assert bool((difference <= one.convergence + alone.convergence).all())
    assert float(one.convergence.max()) <= 0.2


def test_estimates_hold_for_an_isotopologue_of_other_symmetry() -> None:
    """With the points of H2O, chosen for 0.3 cm-1, levels of HDO are 0.024 off."""
    shared = pes.isotopologues("water_pjt1996", ["O H H", "O H D"], count=10, accuracy=0.3)
    one = shared.results[1]
    better = pes.levels("water_pjt1996", "O H D", count=10, accuracy=0.003)
    difference = (one.energies - better.energies).abs()
    assert bool((difference <= one.convergence + better.convergence).all())


def test_shifts_pair_levels_by_their_quanta(water: Isotopologues) -> None:
    rows = {row["label"]: row for row in water.rows}
    # The modes of HDO: OD stretch, bend, OH stretch, observed at 2723.7, 1403.5 and 3707.5.
    assert [round(rows[label]["O H D"], -1) for label in ("1 0 0", "0 1 0", "0 0 1")] == [
        2720, 1400, 3710,
    ]  # fmt: skip
    bend = rows["0 1 0"]
    assert bend["shift O H D"] == bend["O H D"] - bend["O H H"]
    # Observed: 1588.28 of H2(18)O and 1594.75 of H2O; the surface is good to 0.1.
    assert bend["shift 18O H H"] == pytest.approx(1588.28 - 1594.75, abs=0.2)
    assert 0 < bend["conv 18O H H"] < 0.4
    assert rows["ZPE"]["O H H"] == pytest.approx(4634.765, abs=0.2)
    assert "shift O H D" in str(water)
    assert "<table>" in water._repr_html_()


def test_levels_in_resonance_are_not_paired() -> None:
    """ν1 and 2ν2 exchange their larger parts from CO2 to OC18O: shifts of 97 and -145 cm-1."""
    both = pes.isotopologues("carbon_dioxide_model", ["C O O", "C 18O O"], count=4, accuracy=1)
    assert [row["label"] for row in both.rows] == ["ZPE", "0 0^0 1"]
    assert "C 18O O: levels 1, 2 not paired" in str(both)


def test_modes_numbered_by_other_species_are_not_paired() -> None:
    """ν4 of H2CO and D2CO is out of plane (B1); in HDCO, of Cs, it is ν6."""
    few = pes.isotopologues(
        "formaldehyde_model", ["C O H H", "C O D D", "C O H D"], count=7,
        coordinates="bond_vectors", convergence=False,
        truncation=pes.TruncationRequest(2, grid_level=4),
    )  # fmt: skip
    label = "0 0 0 1 0 0"
    (row,) = [row for row in few.rows if row["label"] == label]
    assert -300 < row["shift C O D D"] < -150
    assert isnan(row["shift C O H D"])
    apart = few.results[2]
    texts = [apart.quanta.text(n) for n in range(7)]
    # The level of these quanta is another motion there, and not lower than that of H2CO.
    assert apart.energies[texts.index("0 0 0 0 0 1")] < row["C O H H"]


def test_files(water: Isotopologues, tmp_path: Path) -> None:
    water.save(tmp_path)
    rows = list(csv.DictReader((tmp_path / "isotopologues.csv").read_text().splitlines()))
    assert [row["label"] for row in rows] == [row["label"] for row in water.rows]
    content = json.loads((tmp_path / "isotopologues.json").read_text())
    assert content["isotopologues"] == NAMES
    assert (tmp_path / "OHD" / "levels.json").is_file()


def test_sizes_that_do_not_do_are_refused() -> None:
    first = pes.levels("water_pjt1996", "O T T", count=4, accuracy=0.05)
    sizes = shared_sizes(first, 0.05)
    assert sizes is not None
    # The ranges of T2O are too short for H2O.
    assert sizes.levels(pes.Molecule(["O", "H", "H"])) is None
    fixed = pes.levels("water_pjt1996", count=2, basis={"all": 5}, convergence=False)
    assert shared_sizes(fixed, 0.2) is None


def test_perturbations_act_on_every_isotopologue() -> None:
    bend = {"bend": Bump("theta", 104.5, 10.0, 200.0)}
    settings = {"count": 3, "accuracy": 0.2, "perturbations": bend}
    heavy = pes.isotopologues("water_pjt1996", ["O H H", "O D D"], **settings).results[1]
    alone = pes.levels("water_pjt1996", "O D D", **settings)
    free = pes.levels("water_pjt1996", "O D D", count=3, accuracy=0.2)
    difference = (heavy.energies - alone.energies).abs()
    assert bool((difference <= heavy.convergence + alone.convergence).all())
    assert float((heavy.energies - free.energies).abs().max()) > 10.0


def test_the_minimum_of_other_isotopes_is_where_a_search_finds_it() -> None:
    # Jacobi coordinates depend on the masses: the minimum has others for each isotopologue.
    surface, request = as_surface("water_pjt1996"), CoordinateRequest(kind="jacobi")
    one, heavy = problem(surface, coordinates=request), pes.Molecule(["O", "H", "D"])
    moved = with_isotopes(one, heavy)
    searched = problem(surface, heavy, coordinates=request, internal=one.internal)
    # A search ends within about a millionth of a bohr and radian.
    torch.testing.assert_close(moved.start, searched.start, atol=1e-5, rtol=0)
    assert float((moved.start - one.start).abs().max()) > 1e-2
    place = moved.start[None]
    torch.testing.assert_close(moved.system.kinetic(place)[0], searched.system.kinetic(place)[0])


@pytest.mark.parametrize("molecules", [[], ["O H H", "O H H"]])
def test_none_or_the_same_twice(molecules: list[str]) -> None:
    with pytest.raises(ValueError, match="one or more, each once"):
        pes.isotopologues("water_pjt1996", molecules)
