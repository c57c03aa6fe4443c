"""Files of levels: what they hold, in which units, and that the last one says they are whole."""

import csv
import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

import pes
from pes.setup.errors.uncertainty import Spreads
from pes.setup.results.level_files import LEVELS_JSON, summary, write_arrays, write_tables
from pes.setup.results.sensitivity import Sensitivities
from pes.units import AMU, CM1

RANGES = {"r1": (0.7, 1.3), "r2": (0.7, 1.3), "theta": (60.0, 160.0)}


@pytest.fixture(scope="module")
def water() -> pes.LevelsResult:
    return pes.levels("water_pjt1996", count=3, ranges=RANGES, basis={"all": 4})


def test_tables_are_written_as_far_as_there_is_something(
    water: pes.LevelsResult, tmp_path: Path
) -> None:
    write_tables(tmp_path, water.table, Sensitivities())
    assert {p.name for p in tmp_path.iterdir()} == {"levels.csv"}
    write_tables(tmp_path, water.table, water.sensitivity())
    assert {p.name for p in tmp_path.iterdir()} == {"levels.csv", "sensitivities.csv"}
    with (tmp_path / "levels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["energy"]) for row in rows] == water.energies.tolist()
    assert list(rows[0]) == list(water.table[0])


def test_summary_in_cm1(water: pes.LevelsResult) -> None:
    levels, heading = water.levels, water.quanta.heading
    bars = Spreads({"first_order": torch.full((2, 3), CM1, dtype=torch.float64)})
    derived = Sensitivities({"K": torch.zeros(3)}, {"masses": "reverse"})
    content = summary("w", levels, water.task, water.table, water.quanta, derived, bars, 1.5, ())
    # It is plain: JSON holds it without loss.
    content = json.loads(json.dumps(content))
    assert (content["format"], content["version"], content["name"]) == ("pes-levels", 2, "w")
    assert content["zero_point_energy"] == pytest.approx(levels.zero_point_energy / CM1)
    assert content["masses_u"] == pytest.approx((water.task.masses.detach() / AMU).tolist())
    assert content["cap"] == pytest.approx(60000)
    assert content["members"] == {"first_order": [pytest.approx([1.0] * 3)] * 2}
    assert content["derivatives"] == {"K": [0.0] * 3}
    assert content["labels"] == heading
    assert set(content["changes"]) == {"functions", "points", "ranges"}
    assert [row["energy"] for row in content["levels"]] == water.energies.tolist()


def test_arrays_give_back_means_and_energies(water: pes.LevelsResult, tmp_path: Path) -> None:
    weights = {"mlp.0.bias": torch.ones(3, 2)}
    write_arrays(
        tmp_path / "l.h5", water.levels, water.task, water.table, Sensitivities(weights=weights)
    )
    with h5py.File(tmp_path / "l.h5") as file:
        assert list(file.attrs["symbols"]) == ["O", "H", "H"]
        assert all("units" in file[key].attrs for key in ("energies", "points", "potential"))
        psi, points = file["wavefunctions"][()], file["points"][()]
        np.testing.assert_allclose((psi**2).sum(1), 1, rtol=1e-10)
        theta = psi[1] ** 2 @ points[:, 2] * 180 / np.pi
        assert theta == pytest.approx(water.table[1]["<theta>"])
        assert [label.decode() for label in file["irrep"]] == [r["irrep"] for r in water.table]
        assert file["weight_derivatives/mlp.0.bias"].shape == (3, 2)
        assert "densities" not in file


def test_the_last_file_says_that_the_others_are_there(
    water: pes.LevelsResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (water.save(tmp_path / "whole") / LEVELS_JSON).exists()

    def fails(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("pes.setup.levels.level_result.write_arrays", fails)
    with pytest.raises(OSError, match="disk full"):
        water.save(tmp_path / "levels")
    assert not (tmp_path / "levels" / LEVELS_JSON).exists()
