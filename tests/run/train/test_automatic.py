"""`pes-train DATA`: no configuration in, one out that gives the same surface."""

import json
import re
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml

from pes import cli
from pes.data import Dataset, split, write
from pes.potential import load_surface
from pes.setup.training.outcome.fit_result import FitResult
from pes.units import CM1

pytestmark = pytest.mark.usefixtures("no_pictures")


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, water: Callable[..., Dataset]
) -> Callable[..., Path]:
    monkeypatch.chdir(tmp_path)
    write("mine.h5", water(points=120))

    def train(*arguments: str) -> Path:
        cli.train([*arguments])
        return tmp_path / "runs" / "mine"

    return train


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as end:
        cli.train([*arguments])
    assert end.value.code == 2
    return capsys.readouterr().err


def energies(folder: Path, points: Dataset) -> torch.Tensor:
    surface, _ = load_surface(folder / "surface.safetensors")
    with torch.no_grad():
        return surface(points.positions)


def test_the_configuration_written_gives_the_surface_again(
    here: Callable[..., Path], water: Callable[..., Dataset]
) -> None:
    folder = here("mine.h5", "--minutes", "0.008")
    log = (folder / "train.log").read_text()
    assert "plan for 0.008 CPU-minutes" in log
    written = yaml.safe_load((folder / "config.yaml").read_text())
    assert written["surface"]["kind"] in ("neural", "linear")
    assert written["training"]["budget"] is None
    record = json.loads((folder / "automatic.json").read_text())
    assert sum(trial["chosen"] for trial in record["trials"]) == 1
    times, errors = ([row[key] for row in record["progress"]]
                     for key in ("cpu_seconds", "validation_cm1"))  # fmt: skip
    assert times == sorted(times)
    assert errors == sorted(errors, reverse=True)
    cli.train(["--config", str(folder / "config.yaml"), "--output", "again"])
    points = water()
    assert torch.equal(energies(folder, points), energies(Path("again"), points))


def test_dipole_moments_among_the_points_are_pointed_out(
    here: Callable[..., Path], water: Callable[..., Dataset]
) -> None:
    """Once the energies are fitted: with the command that fits the moments."""
    log = (here("mine.h5", "--minutes", "0.005") / "train.log").read_text()
    assert ("dipole" in log) == (water().dipoles is not None)
    points = water(points=120)
    charges = torch.tensor([-0.6, 0.3, 0.3], dtype=torch.float64)
    moments = torch.einsum("a,pai->pi", charges, points.positions)
    write("with.h5", replace(points, dipoles=moments))
    cli.train(["with.h5", "--minutes", "0.005"])
    log = Path("runs/with/train.log").read_text()
    assert "the points have dipole moments: pes-train" in log
    assert "with.h5 --dipole fits them" in log


def test_a_signal_is_the_reason_and_nothing_else(
    here: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    save = FitResult.save_surface

    def saved_and_stopped(result: FitResult, folder: Path) -> None:
        save(result, folder)
        signal.raise_signal(signal.SIGTERM)
        monkeypatch.setattr(FitResult, "save_surface", save)

    monkeypatch.setattr(FitResult, "save_surface", saved_and_stopped)
    with pytest.raises(SystemExit) as end:
        here("mine.h5", "--minutes", "5")
    assert end.value.code == 128 + signal.SIGTERM
    *_, last = lines = Path("runs/mine/train.log").read_text().splitlines()
    assert "stopped by SIGTERM; the best surface so far is in runs/mine" in last
    assert last.endswith("repeat the command with --overwrite, which tries the whole plan again")
    assert sum("stopped by a signal after" in line for line in lines) == 1
    assert not any("too little time" in line or "nothing else" in line for line in lines)
    here("mine.h5", "--minutes", "0.005", "--overwrite")


def test_a_network_goes_on_in_place(here: Callable[..., Path]) -> None:
    """The configuration of a finished network, with more CPU time."""
    settings = {
        "name": "mine", "data": {"file": "mine.h5"},
        "surface": {"descriptor": {"degree": 2}, "hidden": [3]}, "training": {"epochs": 2},
    }  # fmt: skip
    Path("mine.yaml").write_text(yaml.safe_dump(settings))
    folder = here("--config", "mine.yaml")
    here("--config", "mine.yaml", "--resume", "auto", "--minutes", "1e-9")
    summary = json.loads((folder / "summary.json").read_text())
    assert (summary["epochs"], summary["stopped_by"]) == (3, "budget")
    written = yaml.safe_load((folder / "config.yaml").read_text())
    assert (written["training"]["epochs"], written["training"]["budget"]) == (3, None)
    log = (folder / "train.log").read_text()
    assert "stopped after 3 epochs: the CPU time given to it was used up" in log


def test_doubtful_labels_are_named_again_where_a_network_goes_on(
    here: Callable[..., Path], water: Callable[..., Dataset]
) -> None:
    points = water(points=150)
    points.energies[split(points, seed=0).train[[5, 60]]] += 3000 * CM1
    write("mine.h5", points)
    settings = {
        "name": "mine", "data": {"file": "mine.h5", "doubtful": "leave_out"},
        "surface": {"descriptor": {"degree": 2}, "hidden": [3]}, "training": {"epochs": 2},
    }  # fmt: skip
    Path("mine.yaml").write_text(yaml.safe_dump(settings))
    for more in ((), ("--resume", "auto", "--minutes", "1e-9")):
        log = here("--config", "mine.yaml", *more) / "train.log"
        line = re.search(r"2 points have doubtful labels .* 2 were left out", log.read_text())
        assert line is not None, more


def test_rows_of_wrong_forces_stay_left_out_where_forces_are_not_fitted(
    here: Callable[..., Path], water: Callable[..., Dataset]
) -> None:
    points = water(forces=True, points=150)
    assert points.forces is not None
    rows = split(points, seed=0).train[[5, 60]].sort().values
    points.forces[rows] *= -1
    write("mine.h5", points)
    settings = {
        "name": "mine", "data": {"file": "mine.h5", "doubtful": "leave_out", "forces": False},
        "surface": {"kind": "linear", "degree": 3}, "training": {},
    }  # fmt: skip
    Path("mine.yaml").write_text(yaml.safe_dump(settings))
    folder = here("--config", "mine.yaml")
    parts = json.loads((folder / "split.json").read_text())
    assert not set(rows.tolist()) & {*parts["train"], *parts["validation"]}
    assert "2 points have doubtful labels" in (folder / "train.log").read_text()
    points.forces[:] *= -1  # all but two of the other sign: energies alone can still be fitted
    write("mine.h5", points)
    folder = here("--config", "mine.yaml", "--overwrite")
    assert len(json.loads((folder / "split.json").read_text())["train"]) == len(parts["train"]) + 2


def test_a_file_of_test_points(here: Callable[..., Path], water: Callable[..., Dataset]) -> None:
    points = water(points=130)
    write("test.h5", points.select(slice(120, None)))
    write("mine.h5", points.select(slice(0, 120)))
    folder = here("mine.h5", "--test", "test.h5", "--minutes", "0.005")
    rows = json.loads((folder / "split.json").read_text())
    assert rows["test"] == list(range(120, 130))
    assert len(rows["train"]) + len(rows["validation"]) == 120


@pytest.mark.usefixtures("here")
def test_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], water: Callable[..., Dataset]
) -> None:
    Path("c.yaml").write_text("name: a\ndata: {file: mine.h5}\n")
    assert "--units goes with a file of points" in refused(
        capsys, "--config", "c.yaml", "--units", "energy=eV"
    )
    assert "training.budget" in refused(capsys, "mine.h5", "--minutes", "-1")
    write("copy.h5", water(points=120).select([3]))
    assert "copy.h5: 1 geometries occur" in refused(capsys, "mine.h5", "--test", "copy.h5")
    assert "leave out one of them" in refused(
        capsys, "mine.h5", "--test", "copy.h5", "--split", "rows.json"
    )
