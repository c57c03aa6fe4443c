"""Isotopologues side by side against calculations of each by itself."""

import csv
import json
from pathlib import Path

import pytest

import pes
from pes.setup.isotopologues import Isotopologues
from pes.setup.shared_sizes import shared_sizes

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


@pytest.mark.parametrize("molecules", [[], ["O H H", "O H H"]])
def test_none_or_the_same_twice(molecules: list[str]) -> None:
    with pytest.raises(ValueError, match="one or more, each once"):
        pes.isotopologues("water_pjt1996", molecules)
