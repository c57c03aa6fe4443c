"""Columns, windows, given splits and bad points through the command."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pes.config import TrainConfig
from pes.config.train import Data
from pes.data import Dataset, write
from pes.geometry import distances
from pes.run.train.job import load_points
from pes.units import ANGSTROM, CM1

Command = Callable[..., Path]
Refusal = Callable[..., str]


pytestmark = pytest.mark.usefixtures("no_pictures")


LINEAR = {"kind": "linear", "descriptor": None, "hidden": None, "degree": 3}


def summary(folder: Path) -> dict:
    return json.loads((folder / "summary.json").read_text())


def rows(folder: Path) -> list[int]:
    parts = json.loads((folder / "split.json").read_text())
    return sorted(parts["train"] + parts["validation"] + parts["test"])


def two_levels(data: Dataset) -> Dataset:
    """SCF everywhere; CCSD a tenth higher, at every other point."""
    ccsd = 1.1 * (data.energies - data.energies.min()) + 5 * CM1
    ccsd[1::2] = torch.nan
    return replace(data, columns={"ccsd": ccsd}, column_units={"ccsd": "hartree"})


def test_window_keeps_rows_of_the_file(
    pes_train: Command, work: Path, water: Callable[..., Dataset]
) -> None:
    folder = pes_train(data={"window": [0, 12000]})
    energies = water().energies
    inside = ((energies - energies.min()) / CM1 <= 12000).nonzero().flatten().tolist()
    assert rows(folder) == inside
    left_out = 60 - len(inside)
    log = (folder / "train.log").read_text()
    assert f"{left_out} of 60 points are not 0 to 12000 cm-1" in log
    assert "rows named below are counted from 0 among the points that are left" in log
    given = {"split": str(folder / "split.json"), "window": [0, 12000]}
    pes_train("--output", work / "again", data=given)
    assert rows(work / "again") == inside
    assert summary(work / "again")["errors"] == summary(folder)["errors"]
    (folder / "summary.json").unlink()
    pes_train("--resume", "auto", data={"window": [0, 12000]})
    assert summary(folder)["errors"] == summary(work / "again")["errors"]


def test_two_levels_of_theory(
    pes_train: Command, work: Path, water: Callable[..., Dataset]
) -> None:
    """The lower level everywhere, then the difference where there is the higher one."""
    write(work / "water.h5", two_levels(water(forces=True)))
    pes_train("--output", work / "scf", surface=LINEAR | {"degree": 5})
    high = {"column": "ccsd"}
    pes_train("--output", work / "alone", surface=LINEAR, data=high)
    on_top = LINEAR | {"degree": 2, "baseline": {"kind": "surface", "surface": "scf"}}
    pes_train("--output", work / "difference", surface=on_top, data=high)
    assert rows(work / "difference") == list(range(0, 60, 2))
    words = (work / "difference" / "train.log").read_text()
    assert "30 of 60 points have no `ccsd`: left out" in words
    assert "forces belong to `energies`, not to `ccsd`, and are left out" in words
    alone, difference = (
        summary(work / name)["errors"]["test"]["energy"]["rmse"]["all"]
        for name in ("alone", "difference")
    )
    assert difference < alone


def test_weights_from_a_column(
    pes_train: Command, work: Path, water: Callable[..., Dataset], refusal: Refusal
) -> None:
    data = water()
    ones = torch.ones(60, dtype=torch.float64)
    write(work / "water.h5", replace(data, columns={"w": ones, "low": ones - 1.5}))
    plain = pes_train()
    weighted = {"kind": "column", "name": "w"}
    pes_train("--output", work / "weighted", training={"weights": weighted})
    assert summary(work / "weighted")["errors"] == summary(plain)["errors"]
    line = refusal(pes_train, "--overwrite", training={"weights": weighted | {"name": "low"}})
    assert "water.h5: weight column `low`, row 0: must be finite and not negative" in line


def test_wrong_data_end_in_one_line(
    pes_train: Command, work: Path, water: Callable[..., Dataset], refusal: Refusal
) -> None:
    data = water(forces=True)
    assert data.forces is not None
    assert "`data`: `window` must be [low, high]" in refusal(pes_train, data={"window": [5, 1]})
    assert "column `ccsd` does not exist" in refusal(pes_train, data={"column": "ccsd"})
    line = refusal(pes_train, data={"column": "ccsd", "forces": True})
    assert "`forces` belong to `energies`" in line
    (work / "parts.json").write_text(json.dumps({"train": [0, 1], "validation": [2], "test": [60]}))
    assert "parts.json: `test` contains 60" in refusal(pes_train, data={"split": "parts.json"})
    (work / "parts.json").write_text(json.dumps({"train": [1, 3], "validation": [2], "test": [0]}))
    line = refusal(pes_train, data={"split": "parts.json", "window": [1, 30000]})
    assert "of the points that are left, the test part of the split is empty" in line
    copied = data.positions.clone()
    copied[7] = copied[3][[0, 2, 1]]
    write(work / "water.h5", replace(data, positions=copied, forces=None))
    (work / "parts.json").write_text(json.dumps({"train": [0, 3], "validation": [2], "test": [7]}))
    line = refusal(pes_train, data={"split": "parts.json"})
    assert "1 geometries occur in several parts" in line
    assert "rows 3 (train) = 7 (test); put all copies into one part, or give --regroup" in line
    (work / "parts.json").write_text(
        json.dumps({"train": [0, 3], "validation": [2], "test": [7, 9]})
    )
    pes_train(
        "--regroup", "--output", work / "moved", "--set", "training.epochs=1",
        data={"split": "parts.json"},
    )  # fmt: skip
    assert json.loads((work / "moved" / "split.json").read_text())["train"] == [0, 3, 7]
    write(work / "water.h5", replace(data, energies=0 * data.energies, forces=None))
    assert "water.h5: all 60 energies are 0 hartree" in refusal(pes_train)


def test_wrong_forces(
    pes_train: Command, work: Path, water: Callable[..., Dataset], refusal: Refusal
) -> None:
    data = water(forces=True, points=120)
    assert data.forces is not None
    write(work / "water.h5", replace(data, forces=-data.forces))
    assert "change their sign" in refusal(pes_train)
    write(work / "water.h5", replace(data, forces=data.forces / ANGSTROM))
    assert "in hartree/bohr but called hartree/angstrom" in refusal(pes_train, "--check")
    write(work / "water.h5", replace(data, forces=3 * data.forces))
    folder = pes_train()
    assert "could not confirm their sign and unit" in (folder / "train.log").read_text()


def test_a_table_is_read_as_the_configuration_says(
    work: Path, water: Callable[..., Dataset]
) -> None:
    points = water()
    lengths = distances(points.positions) / ANGSTROM
    table = torch.cat((lengths, points.energies[:, None]), dim=1).tolist()
    text = "".join(" ".join(map(repr, row)) + "\n" for row in table)
    (work / "water.dat").write_text(text)
    data = {
        "file": work / "water.dat", "format": "distances", "formula": "O H H",
        "columns": ["r0", "r1", "r2", "energy"],
        "units": {"energy": "hartree", "length": "angstrom"},
    }  # fmt: skip
    read = load_points(TrainConfig(name="a", data=Data.model_validate(data)))
    assert read.dataset.symbols == ("O", "H", "H")
    assert read.left_out == (
        "water.dat: table of distances, lengths in angstrom, energy in hartree",
    )
    # Å and back, and distances from positions from distances: some roundings.
    torch.testing.assert_close(distances(read.dataset.positions), distances(points.positions))
