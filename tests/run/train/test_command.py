"""A training from YAML to a finished folder, interrupted and continued."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml

from pes.config import TrainConfig, load_config
from pes.data import Dataset, write
from pes.potential import load_surface
from pes.run.train import epochs as run_epochs
from pes.run.train import planned as planned_run

Command = Callable[..., Path]
Refusal = Callable[..., str]

WINDOWS = {"all", "5000", "10000", "15000", "25000"}


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_surface(folder / "surface.safetensors")[0].state_dict()


def assert_same(a: Path, b: Path) -> None:
    """Bit for bit."""
    ours, theirs = weights(a), weights(b)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours | theirs)


def epochs(folder: Path) -> list[int]:
    with (folder / "metrics.csv").open(newline="") as file:
        return [int(row["epoch"]) for row in csv.DictReader(file)]


def summary(folder: Path) -> dict:
    return json.loads((folder / "summary.json").read_text())


def test_everything_a_run_leaves(pes_train: Command, work: Path) -> None:
    folder = pes_train()
    # A fit of more than five seconds, as on a busy machine, has saved its state more than once.
    assert {p.name for p in folder.iterdir()} - {"previous_state.pt"} == {
        "config.yaml", "split.json", "chosen.json", "metrics.csv", "state.pt",
        "surface.safetensors", "summary.json", "learning_curve.png", "residuals.png", "train.log",
    }  # fmt: skip
    config = load_config(folder / "config.yaml", TrainConfig)
    assert config.data.file == work / "water.h5"
    assert config.training.patience == 500
    rows = json.loads((folder / "split.json").read_text())
    assert sorted(rows["train"] + rows["validation"] + rows["test"]) == list(range(60))
    assert epochs(folder) == [1, 2, 3, 4, 5, 6]
    found = summary(folder)
    for part in ("train", "validation", "test"):
        for measure in ("rmse", "mae", "max"):
            assert set(found["errors"][part]["energy"][measure]) == WINDOWS
            assert set(found["errors"][part]["force"][measure].values()) == {None}
    energy = found["errors"]["train"]["energy"]
    assert 0 < energy["mae"]["all"] < energy["rmse"]["all"] < energy["max"]["all"]
    assert found["seed"] == 0
    assert found["versions"]["torch"] == torch.__version__
    assert 0 < found["seconds"]["training"] <= found["seconds"]["this_session"]
    first, *rest = (folder / "train.log").read_text().splitlines()
    for word in ("torch", "cpu", "float64", "seed 0", "hartree"):
        assert word in first
    assert any(line.startswith("tiny: 60 points of H2O") for line in rest)


@pytest.mark.usefixtures("no_pictures")
def test_same_seed_same_surface(pes_train: Command, work: Path) -> None:
    first = pes_train()
    assert_same(first, pes_train("--output", work / "again") and work / "again")
    other = work / "other"
    pes_train("--output", other, "--set", "seed=1")
    assert summary(other)["errors"] != summary(first)["errors"]


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("optimizer", ["levenberg_marquardt", "lbfgs", "adam"])
def test_forces_with_each_optimizer(
    pes_train: Command, work: Path, water: Callable[..., Dataset], optimizer: str
) -> None:
    write(work / "water.h5", water(forces=True))
    folder = pes_train(training={"optimizer": optimizer, "epochs": 2})
    force = summary(folder)["errors"]["test"]["force"]
    assert all(force[measure]["all"] > 0 for measure in ("rmse", "mae", "max"))
    assert epochs(folder) == [1, 2]


@pytest.mark.usefixtures("no_pictures")
def test_forces_can_be_left_out(
    pes_train: Command, work: Path, water: Callable[..., Dataset]
) -> None:
    pes_train()
    write(work / "water.h5", water(forces=True))
    pes_train("--output", work / "without", data={"forces": False})
    assert_same(work / "runs" / "tiny", work / "without")


@pytest.mark.usefixtures("no_pictures")
def test_each_weight(pes_train: Command, work: Path) -> None:
    errors = []
    for kind in ("none", "partridge_schwenke", "boltzmann", "ratio"):
        settings = {"kind": kind} | ({"top": 5e3} if kind == "partridge_schwenke" else {})
        pes_train("--output", work / kind, training={"weights": settings, "epochs": 3})
        errors.append(summary(work / kind)["errors"]["train"]["energy"]["rmse"]["all"])
    assert len(set(errors)) == 4


@pytest.mark.usefixtures("no_pictures")
def test_linear_baseline_does_most_of_the_work(pes_train: Command, work: Path) -> None:
    few = {"epochs": 1}
    alone = pes_train(training=few)
    linear = {"baseline": {"kind": "linear", "degree": 3}}
    pes_train("--output", work / "both", surface=linear, training=few)
    a, b = (summary(f)["errors"]["train"]["energy"]["rmse"]["all"] for f in (alone, work / "both"))
    assert b < a / 10


@pytest.mark.usefixtures("no_pictures")
def test_check_writes_nothing(
    pes_train: Command, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pes_train("--check")
    assert "60 points of H2O" in capsys.readouterr().out
    assert {p.name for p in work.iterdir()} == {"water.h5", "train.yaml"}


@pytest.mark.usefixtures("no_pictures")
def test_settings_win_over_the_file(pes_train: Command) -> None:
    folder = pes_train("--set", "training.epochs=2", "--set", "surface.hidden=[2]")
    assert epochs(folder) == [1, 2]
    config = yaml.safe_load((folder / "config.yaml").read_text())
    assert config["surface"]["hidden"] == [2]


@pytest.mark.usefixtures("no_pictures")
def test_max_seconds(pes_train: Command) -> None:
    folder = pes_train(training={"epochs": 500, "max_seconds": 1e-9})
    assert summary(folder)["stopped_by"] == "max_seconds"
    assert epochs(folder) == [1]


@pytest.mark.usefixtures("no_pictures")
def test_finished_folder(pes_train: Command, refusal: Refusal) -> None:
    folder = pes_train()
    assert "holds a finished run; give --overwrite" in refusal(pes_train)
    pes_train("--resume", "auto", "--set", "training.epochs=8")
    assert epochs(folder) == list(range(1, 9))
    pes_train("--overwrite", "--set", "training.epochs=2")
    assert epochs(folder) == [1, 2]


def killed(pes_train: Command, monkeypatch: pytest.MonkeyPatch, epoch: int, **how: object) -> Path:
    """A run that dies after an epoch; its last state is two epochs old."""

    def dying(file: object, record: object) -> None:
        append(file, record)
        patch.setattr(run_epochs, "SAVE_SECONDS", 1e9 if record.epoch >= epoch - 2 else 0)
        if record.epoch == epoch:
            raise ZeroDivisionError

    append = run_epochs.append_epoch
    with monkeypatch.context() as patch:
        patch.setattr(run_epochs, "append_epoch", dying)
        with pytest.raises(ZeroDivisionError):
            pes_train(**how)
    return Path("runs") / "tiny"


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize(
    "optimizer",
    ["levenberg_marquardt", "lbfgs", "adam", {"kind": "adam_lbfgs", "adam_epochs": 4}],
    ids=["levenberg_marquardt", "lbfgs", "adam", "adam_lbfgs"],
)
def test_resumed_run_ends_where_the_whole_one_does(
    pes_train: Command, work: Path, monkeypatch: pytest.MonkeyPatch, refusal: Refusal,
    optimizer: str | dict[str, object],
) -> None:  # fmt: skip
    how = {"training": {"optimizer": optimizer, "epochs": 8}}
    whole = work / "whole"
    pes_train("--output", whole, **how)
    folder = work / killed(pes_train, monkeypatch, 5, **how)
    assert epochs(folder) == [1, 2, 3, 4, 5]
    assert "unfinished run; continue it with --resume auto" in refusal(pes_train, **how)
    pes_train("--resume", "auto", **how)
    assert epochs(folder) == list(range(1, 9))
    assert_same(whole, folder)
    assert (folder / "train.log").read_text().count("tiny: 60 points") == 2


@pytest.mark.usefixtures("no_pictures")
def test_a_torn_last_state_costs_an_epoch(
    pes_train: Command, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = work / "whole"
    pes_train("--output", whole)
    folder = work / killed(pes_train, monkeypatch, 5)
    (folder / "state.pt").write_bytes(b"torn")
    pes_train("--resume", "auto")
    assert "going on from" in (folder / "train.log").read_text()
    assert epochs(folder) == [1, 2, 3, 4, 5, 6]
    assert_same(whole, folder)


@pytest.mark.usefixtures("no_pictures")
def test_continued_with_more_epochs_from_another_folder(pes_train: Command, work: Path) -> None:
    whole = work / "whole"
    pes_train("--output", whole)
    short = pes_train("--set", "training.epochs=3")
    longer = work / "longer"
    pes_train("--resume", short / "state.pt", "--output", longer)
    assert epochs(longer) == [1, 2, 3, 4, 5, 6]
    assert_same(whole, longer)
    assert epochs(short) == [1, 2, 3]


@pytest.mark.usefixtures("no_pictures")
def test_killed_before_the_first_state_starts_again(pes_train: Command, work: Path) -> None:
    folder = pes_train()
    for name in ("state.pt", "summary.json", "surface.safetensors"):
        (folder / name).unlink()
    pes_train("--resume", "auto")
    assert epochs(folder) == [1, 2, 3, 4, 5, 6]


@pytest.mark.usefixtures("no_pictures")
def test_overwriting_forgets_the_old_state(
    pes_train: Command, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a run killed at once would continue the one that it replaced."""
    folder = pes_train()

    def dying(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(planned_run, "planned_epochs", dying)
        with pytest.raises(ZeroDivisionError):
            pes_train("--overwrite", "--set", "seed=5")
    left = {p.name for p in (folder / "unfinished").iterdir()}
    assert left == {"config.yaml", "split.json", "chosen.json", "train.log"}


@pytest.mark.usefixtures("no_pictures")
def test_overwriting_keeps_the_finished_run_until_the_new_one_is_finished(
    pes_train: Command, refusal: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = pes_train()
    before = {p.name: p.read_bytes() for p in folder.iterdir()}

    def dying(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(planned_run, "write_results", dying)
        with pytest.raises(ZeroDivisionError):
            pes_train("--overwrite", "--set", "seed=5")
    assert {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()} == before
    line = refusal(pes_train, "--set", "seed=5")
    assert "unfinished holds an unfinished run; continue it with --resume auto, or" in line
    pes_train("--resume", "auto", "--set", "seed=5")
    assert epochs(folder) == [1, 2, 3, 4, 5, 6]
    assert not (folder / "unfinished").exists()
    assert {p.name for p in folder.iterdir()} == set(before) | {"previous_state.pt"}
    pes_train("--output", folder.parents[1] / "whole", "--set", "seed=5")
    assert_same(folder.parents[1] / "whole", folder)


@pytest.mark.usefixtures("no_pictures")
def test_resuming_with_other_data_or_settings(
    pes_train: Command, work: Path, water: Callable[..., Dataset], refusal: Refusal
) -> None:
    (pes_train() / "summary.json").unlink()
    for setting in ("seed=3", "surface.hidden=[4]", "training.optimizer=adam"):
        key = setting.partition("=")[0].partition(".hidden")[0]
        line = refusal(pes_train, "--resume", "auto", "--set", setting)
        assert line.startswith(f"`{key}` is not as in ")
    data = water()
    write(work / "water.h5", replace(data, energies=data.energies + 1e-6))
    line = refusal(pes_train, "--resume", "auto")
    assert "this split belongs to other data" in line
    assert "split.json" in line


@pytest.mark.usefixtures("no_pictures")
def test_loss_that_explodes(pes_train: Command, work: Path, capsys: pytest.CaptureFixture) -> None:
    optimizer = {"kind": "adam", "learning_rate": 1e300, "last_learning_rate": 1e300}
    with pytest.raises(SystemExit) as end:
        pes_train(training={"optimizer": optimizer})
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "lower `learning_rate`" in line
