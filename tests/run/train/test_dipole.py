"""`pes-train` of a dipole surface, and the commands that take or refuse it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml

import pes
from pes.cli import evaluate, report, train
from pes.data import Dataset, write
from pes.run.train import dipole_networks
from pes.setup.training.dipoles.dipole_fits import NetworkSessions
from pes.training.epoch import TrainingState

CHARGES = torch.tensor([-0.6, 0.3, 0.3]).double()


@pytest.fixture
def folder(tmp_path: Path, water: Callable[..., Dataset], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Points with dipole moments, and the configuration of a fit."""
    monkeypatch.chdir(tmp_path)
    data = water(points=40)
    write(tmp_path / "water.xyz", replace(data, dipoles=CHARGES @ data.positions))
    settings = {"name": "mu", "data": {"file": "water.xyz"}, "surface": {"kind": "dipole"}}
    (tmp_path / "mu.yaml").write_text(yaml.safe_dump(settings))
    return tmp_path


def test_a_run_and_its_surface(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train(["--config", "mu.yaml", "--set", "surface.degree=[1, 2]", "--set", "surface.members=2"])
    assert {p.name for p in (folder / "runs/mu").iterdir()} == {
        "config.yaml", "split.json", "summary.json", "surface.safetensors", "train.log",
    }  # fmt: skip
    surface = pes.load("runs/mu")
    assert surface.is_dipole
    data = pes.read("water.xyz")
    assert torch.allclose(surface(data.positions), CHARGES @ data.positions, atol=1e-7)
    with pytest.raises(SystemExit):
        train(["--config", "mu.yaml"])
    assert "holds a finished run" in capsys.readouterr().err


def test_a_run_of_networks(folder: Path) -> None:
    changes = ("surface={kind: dipole_network, hidden: [4]}", "training.optimizer=lbfgs",
               "training.epochs=3")  # fmt: skip
    train(["--config", "mu.yaml", *(word for one in changes for word in ("--set", one))])
    summary = json.loads((folder / "runs/mu/summary.json").read_text())
    assert summary["candidates"][0]["endings"][0]["epochs"] == 3
    data = pes.read("water.xyz")
    errors = (pes.load("runs/mu")(data.positions) - CHARGES @ data.positions) / pes.units.DEBYE
    part = json.loads((folder / "runs/mu/split.json").read_text())["test"]
    rmse = float(errors[part].square().mean().sqrt().detach())
    assert rmse == pytest.approx(summary["errors_debye"]["test"]["all"]["rmse"], rel=1e-6)
    # What the run wrote down is a configuration, and the run has a page.
    train(["--config", "runs/mu/config.yaml", "--output", "runs/again"])
    assert torch.equal(pes.load("runs/again")(data.positions), pes.load("runs/mu")(data.positions))
    evaluate(["runs/mu", "water.xyz"])
    report(["runs/mu"])
    assert "networks" in (folder / "runs/mu/report.html").read_text()


def test_points_alone_are_enough(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Charges that are constant: polynomials of the lowest degree are exact."""
    train(["water.xyz", "--dipole"])
    data, run = pes.read("water.xyz"), folder / "runs/water_dipole"
    assert torch.allclose(pes.load(run)(data.positions), CHARGES @ data.positions, atol=1e-7)
    chosen = yaml.safe_load((run / "config.yaml").read_text())
    assert (chosen["surface"]["kind"], chosen["surface"]["degree"]) == ("dipole", 1)
    assert chosen["training"]["budget"] is None
    train(["--config", str(run / "config.yaml"), "--output", "again"])
    assert torch.equal(pes.load("again")(data.positions), pes.load(run)(data.positions))
    with pytest.raises(SystemExit):
        train(["--config", "mu.yaml", "--dipole"])
    assert "--dipole goes with a file of points" in capsys.readouterr().err
    train(["water.xyz", "--dipole", "--set", "surface.charge=1", "--output", "ion"])
    assert yaml.safe_load((folder / "ion/config.yaml").read_text())["surface"]["charge"] == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("training.budget=1", "write `surface: auto_dipole`, which chooses within this time"),
        ("surface.charge=2", "for a total charge of 0 e, not 2; set `surface.charge`"),
        ("training.restarts=2", "`training.restarts` is for surfaces of energies"),
        ("ensemble.members=3", "a dipole surface has `members`"),
        ("surface.variable=cosine", "must be 'morse' or 'inverse', got 'cosine'"),
    ],
)
def test_mistakes(
    folder: Path, capsys: pytest.CaptureFixture[str], change: str, words: str
) -> None:
    data = pes.read("water.xyz")
    shift = torch.randn(len(data), 1, 3, generator=torch.Generator().manual_seed(0)).double()
    write(folder / "water.xyz", replace(data, positions=data.positions + shift))
    with pytest.raises(SystemExit) as stop:
        train(["--config", "mu.yaml", "--set", change])
    said = capsys.readouterr().err
    assert stop.value.code == 2
    assert words in said
    assert len(said.splitlines()) == 1
    assert not (folder / "runs").exists() or not any((folder / "runs").iterdir())


NETWORKS = ("surface={kind: dipole_network, hidden: [4], members: 2}", "training.optimizer=lbfgs",
            "training.epochs=12")  # fmt: skip


def with_networks(*more: str) -> list[str]:
    return ["--config", "mu.yaml", *(word for one in NETWORKS for word in ("--set", one)), *more]


def test_a_killed_fit_goes_on_and_ends_as_if_left_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed in the seventh epoch of the second network."""
    train(with_networks("--output", "whole"))
    monkeypatch.setattr(dipole_networks, "SAVE_SECONDS", 0.0)
    alone, heard = NetworkSessions.__init__, []

    def killed(self: NetworkSessions, earlier: dict, watch: Callable) -> None:
        def until(number: int, state: TrainingState) -> None:
            heard.append((number, state.epoch))
            if heard.count((1, 7)) == 1 and heard[-1] == (1, 7):
                raise KeyboardInterrupt
            watch(number, state)

        alone(self, earlier, until)

    monkeypatch.setattr(NetworkSessions, "__init__", killed)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        train(with_networks("--output", "cut"))
    assert not (folder / "cut/summary.json").exists()
    with pytest.raises(SystemExit):
        train(with_networks("--output", "cut"))
    assert "continue it with --resume auto" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        train(with_networks("--output", "cut", "--resume", "auto", "--set", "surface.degree=2"))
    assert "`surface` is not as in" in capsys.readouterr().err
    train(with_networks("--output", "cut", "--resume", "auto"))
    # The first network was done; the second goes on after its sixth epoch.
    again = heard[heard.index((1, 7)) + 1 :]
    assert again == [(1, epoch) for epoch in range(7, 13)]
    data = pes.read("water.xyz")
    assert torch.equal(pes.load("cut")(data.positions), pes.load("whole")(data.positions))
    assert {p.name for p in (folder / "cut").iterdir()} == {
        p.name for p in (folder / "whole").iterdir()
    }


def test_another_state_than_that_of_the_run_folder_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        train(with_networks("--resume", "state.pt"))
    assert "a state for each network in its run folder" in capsys.readouterr().err
