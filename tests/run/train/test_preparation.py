"""Linear surfaces, surfaces on top of others, and what `auto` leaves in the run folder."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml

from pes import cli
from pes.data import Dataset, write
from pes.potential import UserFunction, load_surface
from pes.setup.inputs.surfaces import load_potential
from pes.units import ANGSTROM, CM1

Command = Callable[..., Path]
Refusal = Callable[..., str]

LINEAR = {"kind": "linear", "descriptor": None, "hidden": None}


pytestmark = pytest.mark.usefixtures("no_pictures")


def summary(folder: Path) -> dict:
    return json.loads((folder / "summary.json").read_text())


def chosen_in(folder: Path) -> dict:
    """The only fit of chosen.json."""
    (fit,) = json.loads((folder / "chosen.json").read_text())["fits"]
    return fit


def test_linear_surface_leaves_a_run_without_epochs(pes_train: Command) -> None:
    folder = pes_train(surface=LINEAR | {"degree": [2, 3, 4], "length": [0.8, 1.2]})
    assert {p.name for p in folder.iterdir()} == {
        "config.yaml", "split.json", "chosen.json", "surface.safetensors", "summary.json",
        "residuals.png", "train.log",
    }  # fmt: skip
    found, chosen = summary(folder), chosen_in(folder)["linear"]
    tried = found["candidates"]
    assert len(tried) == 6 * 13
    best = min(tried, key=lambda one: one["validation_cm1"])
    assert (chosen["degree"], chosen["length_angstrom"]) == (
        best["degree"],
        best["length_angstrom"],
    )
    assert chosen["ridge"] == best["ridge"]
    # The weights are all one, so that the error is the RMSE of the report.
    rmse = found["errors"]["validation"]["energy"]["rmse"]["all"]
    assert rmse == pytest.approx(best["validation_cm1"], rel=1e-3)
    assert "epochs" not in found
    words = (folder / "train.log").read_text()
    assert words.count("linear surface of degree") == 6
    assert words.count(": chosen") == 1
    pes_train("--output", folder.with_name("again"), surface=LINEAR | {
        "degree": chosen["degree"], "length": chosen["length_angstrom"], "ridge": chosen["ridge"],
    })  # fmt: skip
    again = summary(folder.with_name("again"))
    assert again["errors"] == found["errors"]


def test_linear_surface_with_forces(
    pes_train: Command, work: Path, water: Callable[..., Dataset]
) -> None:
    data = water(forces=True)
    write(work / "water.h5", data)
    folder = pes_train(surface=LINEAR | {"degree": 4})
    assert summary(folder)["errors"]["test"]["force"]["rmse"]["all"] > 0
    rows = json.loads((folder / "split.json").read_text())["train"]
    train = data.select(rows)
    assert train.forces is not None
    expected = train.energies.var(correction=0) / (9 * train.forces.square().mean()) / ANGSTROM**2
    assert chosen_in(folder)["force_weight_angstrom2"] == pytest.approx(float(expected))
    assert summary(folder)["force_weight_angstrom2"] == pytest.approx(float(expected))


def test_too_few_points_for_a_linear_surface(pes_train: Command, refusal: Refusal) -> None:
    line = refusal(pes_train, surface=LINEAR | {"degree": 8, "ridge": 0})
    assert line.startswith("linear fit: 42 points cannot determine 94 coefficients")
    line = refusal(pes_train, surface=LINEAR | {"degree": 12}, training={"memory": 1})
    assert "251 coefficients need 2 MiB" in line
    assert "raise `training.memory`" in line


def test_auto_ridge_of_a_baseline_is_resolved_and_resumed(
    pes_train: Command, work: Path, water: Callable[..., Dataset]
) -> None:
    write(work / "water.h5", water(forces=True))
    how = {"surface": {"baseline": {"kind": "linear", "degree": [2, 3], "ridge": "auto"}}}
    whole = work / "whole"
    pes_train("--output", whole, **how)
    baseline = chosen_in(whole)["linear"]
    assert baseline["degree"] in (2, 3)
    assert isinstance(baseline["ridge"], float)
    assert baseline["force_weight_angstrom2"] > 0
    assert chosen_in(whole)["force_weight_angstrom2"] > 0
    folder = pes_train("--set", "training.epochs=3", **how)
    (folder / "summary.json").unlink()
    pes_train("--resume", "auto", **how)
    ours, theirs = (load_surface(f / "surface.safetensors")[0] for f in (folder, whole))
    theirs = theirs.state_dict()
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.state_dict().items())


def test_network_corrects_a_stored_surface(pes_train: Command, work: Path) -> None:
    """The new file holds the old surface whole."""
    pes_train("--output", work / "low", surface=LINEAR | {"degree": 5})
    folder = pes_train(surface={"baseline": {"kind": "surface", "surface": "low"}})
    config = yaml.safe_load((folder / "config.yaml").read_text())
    assert config["surface"]["baseline"]["surface"] == str(work / "low")
    low, record = load_surface(work / "low" / "surface.safetensors")
    (work / "low" / "surface.safetensors").unlink()
    surface, _ = load_surface(folder / "surface.safetensors")
    x = record.training_positions
    torch.testing.assert_close(surface.baseline(x), low(x), rtol=0, atol=0)


@pytest.mark.parametrize("surface", [{}, LINEAR | {"degree": 1}])
def test_on_top_of_an_analytic_surface(pes_train: Command, surface: dict) -> None:
    """The points are that surface's own: nothing is left to fit."""
    folder = pes_train(
        surface=surface | {"baseline": {"kind": "surface", "surface": "water_pjt1996"}}
    )
    assert summary(folder)["errors"]["test"]["energy"]["rmse"]["all"] < 1e-3
    surface, _ = load_surface(folder / "surface.safetensors")
    assert type(surface.baseline).__name__ == "WaterPJT"


MINE = """
import numpy as np
import torch

def in_numpy(x):
    return 0.1 * ((x[:, 0] - x[:, 1]) ** 2).sum(-1) + np.zeros(len(x))

def in_torch(x):
    return torch.as_tensor(0.1 * ((x[:, 0] - x[:, 1]) ** 2).sum(-1))

def wrong(x):
    return x[:, 0, 0] * float("nan")
"""


@pytest.mark.parametrize("function", ["in_numpy", "in_torch"])
def test_on_top_of_a_function(pes_train: Command, work: Path, function: str) -> None:
    (work / "mine.py").write_text(MINE)
    folder = pes_train(surface={"baseline": {"kind": "surface", "surface": f"mine.py:{function}"}})
    with pytest.raises(ValueError, match=rf"mine\.py:{function}.*pass `functions`"):
        load_surface(folder / "surface.safetensors")
    with pytest.raises(ValueError, match=r"runs no code; if you trust .*--function .*mine\.py"):
        load_potential(str(folder), Path())
    name = f"mine.py:{function}"
    loaded = load_potential(str(folder), Path(), [name])
    assert isinstance(loaded.potential, UserFunction) == (function == "in_numpy")
    rmse = summary(folder)["errors"]["test"]["energy"]["rmse"]["all"]
    cli.evaluate(
        [str(folder), str(work / "water.h5"), "--function", name, "--output", "evaluation"]
    )
    report = json.loads((work / "evaluation" / "evaluation.json").read_text())
    assert report["errors"]["energy"]["rmse"]["all"] == pytest.approx(rmse, rel=10)
    (work / "mine.py").unlink()
    with pytest.raises(FileNotFoundError, match=r"mine.py: no such file"):
        load_potential(str(folder), Path(), [name])


def test_baselines_that_do_not_fit(
    pes_train: Command, work: Path, water: Callable[..., Dataset], refusal: Refusal
) -> None:
    (work / "mine.py").write_text(MINE)

    def line(name: str) -> str:
        return refusal(pes_train, surface={"baseline": {"kind": "surface", "surface": name}})

    assert "gives NaN or infinity at 42 of 42 training points" in line("mine.py:wrong")
    assert "is not a run folder" in line("nowhere")
    data = water(forces=True)
    write(work / "water.h5", data)
    assert "not differentiable by torch" in line("mine.py:in_numpy")
    ammonia = torch.cat((data.positions, data.positions[:, 2:] + 2.0), 1)
    write(work / "water.h5", Dataset(("N", "H", "H", "H"), ammonia, data.energies))
    assert "water_pjt1996 is for the atoms O H H, the data have N H H H" in line("water_pjt1996")


def test_small_difference_needs_few_points(
    pes_train: Command, work: Path, water: Callable[..., Dataset]
) -> None:
    """Δ-learning: 30 points of the higher level, 60 of the lower."""
    data = water()
    pes_train("--output", work / "low", surface=LINEAR | {"degree": 5})
    heights = data.energies - data.energies.min()
    high = replace(data, energies=1.1 * heights + 20 * CM1).select(slice(0, 30))
    write(work / "water.h5", high)
    on_top = {"degree": 1, "baseline": {"kind": "surface", "surface": "low"}}
    errors = []
    for name, changes in (("alone", {"degree": [1, 2, 3]}), ("difference", on_top)):
        pes_train("--output", work / name, surface=LINEAR | changes)
        errors.append(summary(work / name)["errors"]["test"]["energy"]["rmse"]["all"])
    assert errors[1] < errors[0]
