"""Errors of a surface on points, as a table, a file and a picture."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pes import cli
from pes.data import Dataset
from pes.data.hdf5 import write_hdf5

Command = Callable[..., Path]
Refusal = Callable[..., str]


def read(folder: Path) -> dict:
    return json.loads((folder / "evaluation.json").read_text())


def test_a_surface_on_its_own_points(work: Path) -> None:
    cli.evaluate(["water_pjt1996", "water.h5", "--device", "cpu"])
    folder = work / "evaluation-water"
    assert {p.name for p in folder.iterdir()} == {
        "evaluation.json", "evaluation.log", "parity.png", "predictions.csv",
    }  # fmt: skip
    # The same program on the same numbers.
    assert read(folder)["errors"]["energy"]["max"]["all"] == 0
    with (folder / "predictions.csv").open(newline="") as file:
        assert [int(row["row"]) for row in csv.DictReader(file)] == list(range(60))


def test_a_training_reports_the_same_errors_again(pes_train: Command, work: Path) -> None:
    run = pes_train("--set", "training.epochs=2")
    cli.evaluate([str(run), "water.h5", "--device", "cpu"])
    trained = json.loads((run / "summary.json").read_text())
    found = read(run / "evaluation-water")["errors"]
    assert found["points"]["count"]["all"] == 60
    worst = max(trained["errors"][part]["energy"]["max"]["all"] for part in trained["points"])
    # Sums over other numbers of rows round differently.
    assert found["energy"]["max"]["all"] == pytest.approx(worst, rel=1e-9)


def test_a_plain_function_on_points_with_forces(
    work: Path, water: Callable[..., Dataset], refusal: Refusal
) -> None:
    write_hdf5(work / "water.h5", water(forces=True))
    (work / "own.py").write_text(
        "import numpy as np\n"
        "def zero(x): return np.zeros(len(x))\n"
        "def matrix(x): return np.zeros((len(x), 1))\n"
        "def hole(x): return np.where(np.arange(len(x)) == 3, np.nan, 0.0)\n"
    )
    cli.evaluate(["own.py:zero", "water.h5"])
    errors = read(work / "evaluation-water")["errors"]
    assert errors["force"]["rmse"]["all"] is None
    again = ["water.h5", "--overwrite"]
    assert "returned shape (60, 1)" in refusal(cli.evaluate, ["own.py:matrix", *again])
    assert "first at row 3" in refusal(cli.evaluate, ["own.py:hole", *again])
    assert "holds a finished run" in refusal(cli.evaluate, ["own.py:zero", "water.h5"])
    assert read(work / "evaluation-water")["errors"] == errors
