"""`pes.train` against `pes-train`, and what a Python user gets."""

import csv
import json
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from inspect import signature
from pathlib import Path

import numpy as np
import pytest
import torch

import pes
from pes.config import TrainConfig
from pes.data import Dataset, Split, read, write
from pes.potential import load_surface
from pes.run.train.settings import training_settings
from pes.training import adam
from pes.training.weights import boltzmann
from pes.units import CM1

Command = Callable[..., Path]
FEW = {"form": pes.NetworkForm(degree=2, hidden=(3,)), "fractions": (0.7, 0.15, 0.15)}
"""The settings of the small runs of tests/conftest.py."""
BASELINE = {"kind": "linear", "degree": [1, 2], "ridge": "auto"}


pytestmark = pytest.mark.usefixtures("no_pictures")


CASES = {
    "network": ({}, {}),
    "forces": ({"training": {"force_weight": 0.3}}, {"force_weight": 0.3}),
    "default force weight": ({"surface": {"baseline": BASELINE}}, {
        "form": pes.NetworkForm(
            degree=2, hidden=(3,), baseline=pes.LinearBaseline(degree=(1, 2), ridge="auto")
        ),
    }),
    "adam, weights": (
        {"training": {"optimizer": {"kind": "adam", "batch": 7}, "weights": "boltzmann"}},
        {
            "optimizer": partial(adam, batch=7),
            "weights": partial(boltzmann, energy=5000 * CM1),
        },
    ),
    "ensemble": ({"ensemble": {"members": 2}}, {"ensemble": pes.EnsembleForm(members=2)}),
    "linear": (
        {"surface": {"kind": "linear", "descriptor": None, "hidden": None, "degree": [2, 3]}},
        {"form": pes.LinearForm(degree=(2, 3))},
    ),
    "stored baseline": (
        {"surface": {"baseline": {"kind": "surface", "surface": "water_pjt1996"}}},
        {"form": pes.NetworkForm(degree=2, hidden=(3,), baseline="water_pjt1996")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_bit_for_bit_as_the_command(
    pes_train: Command, work: Path, water: Callable[..., Dataset], case: str
) -> None:
    keys, arguments = CASES[case]
    write(work / "water.h5", water(forces="force" in case))
    folder = pes_train(**keys)
    fit = pes.train(pes.read(work / "water.h5"), epochs=6, **{**FEW, **arguments})
    ours, theirs = fit.module.state_dict(), load_surface(folder / "surface.safetensors")[0]
    assert all(torch.equal(ours[name], theirs.state_dict()[name]) for name in ours)
    assert set(ours) == set(theirs.state_dict())
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["errors"] == fit.errors
    assert summary.get("stopped_by") == fit.stopped_by
    assert json.loads((folder / "chosen.json").read_text())["optimizer"] == (
        fit.plan.choices.optimizer
    )
    again = fit.save(work / "again")
    assert (again / "surface.safetensors").read_bytes()[-2000:] == (
        folder / "surface.safetensors"
    ).read_bytes()[-2000:]
    names = {"surface.safetensors", "split.json", "chosen.json", "summary.json"}
    assert {path.name for path in again.iterdir()} == (
        names if fit.state is None else names | {"metrics.csv"}
    )
    parts = Split.load(again / "split.json", read(work / "water.h5"))
    assert torch.equal(parts.test, fit.plan.parts.test)
    if fit.state is not None:
        texts = [(run / "metrics.csv").read_text() for run in (again, folder)]
        rows = [list(csv.reader(text.splitlines())) for text in texts]
        seconds = rows[0][0].index("seconds")
        for row in (*rows[0], *rows[1]):
            row[seconds] = ""
        assert rows[0] == rows[1]


def test_defaults_are_those_of_the_command() -> None:
    section = {"name": "a", "data": {"file": "a.h5"}}
    settings = training_settings(TrainConfig.model_validate(section))
    given = {name: one.default for name, one in signature(pes.train).parameters.items()}
    assert settings.form == pes.NetworkForm()
    for field in fields(settings):
        if field.name in given and field.name not in ("form", "weights"):
            assert getattr(settings, field.name) == given[field.name], field.name


def test_the_surface_is_the_one_that_is_loaded(
    water: Callable[..., Dataset], tmp_path: Path
) -> None:
    points = water()
    fit = pes.train(points, form=pes.LinearForm(degree=2))
    again = pes.load(fit.save(tmp_path / "fit"))
    assert repr(fit.surface) == repr(again)
    assert fit.surface.symbols == points.symbols
    numbers = fit.surface(points.positions.numpy())
    assert isinstance(numbers, np.ndarray)
    assert torch.equal(torch.from_numpy(numbers), again(points.positions).detach())
    with pytest.warns(UserWarning, match="these positions look like Å"):
        fit.surface(points.positions / pes.units.ANGSTROM)


def test_result_in_words(water: Callable[..., Dataset]) -> None:
    fit = pes.train(water(), epochs=3, **FEW)
    assert fit.stopped_by == "epochs"
    rmse = fit.errors["test"]["energy"]["rmse"]["all"]
    assert repr(fit) == (
        f"FitResult(NeuralSurface of H2O: test RMSE {rmse:.4g} cm-1, stopped after 3 epochs: "
        "the largest number of epochs was reached)"
    )
    assert "optimizer levenberg_marquardt: an iteration" in str(fit)
    html = fit._repr_html_()
    assert html.startswith("<table>")
    assert "energy (cm-1) &lt; 5000 cm-1" in html
    assert f"{rmse:.4f}" in html


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"epochs": 2}, "epochs"),
        ({"epochs": 2, "patience": 2}, "epochs"),
        ({"max_seconds": 1e-9}, "max_seconds"),
        ({"optimizer": partial(adam, learning_rate=0.5), "patience": 2}, "patience"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("ensemble", [None, pes.EnsembleForm(members=2)])
def test_stop_reason_is_said(
    water: Callable[..., Dataset], settings: dict, reason: str, ensemble: pes.EnsembleForm | None
) -> None:
    if ensemble is not None and "optimizer" in settings:
        pytest.skip("members are trained by levenberg_marquardt")
    assert pes.train(water(), ensemble=ensemble, **FEW, **settings).stopped_by == reason


def test_watch_sees_every_epoch(water: Callable[..., Dataset]) -> None:
    seen: list[int] = []
    pes.train(water(), epochs=3, watch=lambda epoch: seen.append(epoch.epoch), **FEW)
    assert seen == [1, 2, 3]


def test_a_module_as_baseline_stays_as_it_is(water: Callable[..., Dataset]) -> None:
    points = water()
    low = pes.train(points, form=pes.LinearForm(degree=2)).module.requires_grad_(True)
    form = pes.NetworkForm(degree=2, hidden=(3,), baseline=low)
    surface = pes.train(points, epochs=2, form=form).module
    assert all(parameter.requires_grad for parameter in low.parameters())
    assert torch.equal(surface.baseline(points.positions), low(points.positions))


def test_wrong_forces_are_refused(water: Callable[..., Dataset]) -> None:
    data = water(forces=True, points=120)
    assert data.forces is not None
    wrong = Dataset(data.symbols, data.positions, data.energies, -data.forces)
    with pytest.raises(ValueError, match="change their sign"):
        pes.train(wrong, **FEW)
