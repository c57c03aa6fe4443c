"""Dipole surfaces on labelled points."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from scattered_waters import WATER, bond_moments, waters

from pes import cli
from pes.data import Dataset, write
from pes.setup.training.dipoles.dipole import train_dipole
from pes.setup.training.dipoles.dipole_forms import DipoleForm
from pes.units import DEBYE

Refusal = Callable[..., str]


def points(count: int = 60) -> Dataset:
    x = waters(count, 3, size=0.2)
    return Dataset(WATER, x, (x[:, 0] - x[:, 1]).norm(dim=1), dipoles=bond_moments(x))


def test_command_prints_and_writes_the_errors_of_the_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Refusal
) -> None:
    monkeypatch.chdir(tmp_path)
    data = points()
    form = DipoleForm(degree=2, chosen_by="leave_one_out", members=3)
    fit = train_dipole(data, form=form)
    run = fit.save(tmp_path / "dipole")
    write(tmp_path / "water.h5", data)
    cli.evaluate([str(run), "water.h5", "--device", "cpu"])
    made = json.loads((run / "evaluation-water" / "evaluation.json").read_text())
    for part in ("train", "test"):
        for window, row in fit.errors[part].items():
            assert made["errors_debye"][part][window] == pytest.approx(row, rel=1e-6)
    with (run / "evaluation-water" / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    x, label = data.positions[7:8], data.dipoles
    assert label is not None
    expected = (fit.surface(x) - label[7])[0] / DEBYE
    found = [float(rows[7][f"prediction_minus_label_{axis}_debye"]) for axis in "xyz"]
    torch.testing.assert_close(torch.tensor(found).double(), expected.detach())
    assert float(rows[7]["spread_x_debye"]) > 0
    write(tmp_path / "plain.h5", Dataset(data.symbols, data.positions, data.energies))
    assert "have no dipole moments" in refusal(cli.evaluate, [str(run), "plain.h5"])
