"""Sixty points of water and commands that are small enough for every test."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from matplotlib.figure import Figure

from pes import cli, plots
from pes.coordinates.valence import Valence
from pes.data import Dataset, write
from pes.potential import energies_and_forces
from pes.potential.analytic import WaterPJT
from pes.units import ANGSTROM, DEGREE


def points_of_water(*, forces: bool = False, points: int = 60) -> Dataset:
    """Points of the analytic surface below about 25,000 cm⁻¹, the minimum among them."""
    draw = torch.rand(points, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    unit = torch.tensor([ANGSTROM, ANGSTROM, DEGREE], dtype=torch.float64)
    low, high = torch.tensor([[0.8, 0.8, 70], [1.25, 1.25, 150]], dtype=torch.float64)
    q = (low + (high - low) * draw) * unit
    q[0] = torch.tensor([0.9579205, 0.9579205, 104.499647]) * unit
    positions = Valence(0, (1, 2)).to_positions(q)
    energies, gradient = energies_and_forces(WaterPJT(), positions)
    return Dataset(("O", "H", "H"), positions, energies, forces=gradient if forces else None)


TRAIN = {
    "name": "tiny",
    "device": "cpu",
    "threads": 1,
    "data": {"file": "water.h5", "fractions": [0.7, 0.15, 0.15]},
    "surface": {"descriptor": {"kind": "invariants", "degree": 2}, "hidden": [3]},
    "training": {"epochs": 6},
    "vibration": {
        "levels": 3,
        "convergence": False,
        "coordinates": {
            "ranges": {"r1": [0.7, 1.3], "r2": [0.7, 1.3], "theta": [60, 160]},
        },
        "basis": {"all": {"functions": 3, "points": 5, "primitives": 20}},
        "sensitivities": {"masses": False},
    },
}

LEVELS = {
    "name": "tiny",
    "device": "cpu",
    "threads": 1,
    "molecule": ["O", "H", "H"],
    "surface": "water_pjt1996",
    **TRAIN["vibration"],
}


def merged(content: dict, changes: dict) -> dict:
    """The content with some keys changed, section by section; None removes a key."""
    result = {**content, **changes}
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(content.get(key), dict):
            result[key] = merged(content[key], value)
        elif value is None:
            del result[key]
    return result


@pytest.fixture(autouse=True)
def sketches(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are put together everywhere, but drawn only in tests marked `pictures`.

    Drawing is a third of what a small command takes.
    """
    if request.node.get_closest_marker("pictures") is None:
        monkeypatch.setattr(Figure, "savefig", _without_drawing)


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures of trainings are not even put together: that takes longer than small trainings."""
    for name in ("learning_curve", "residuals", "calibration_curve"):
        monkeypatch.setattr(plots, name, lambda path, *_, **__: path.touch())


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Numbers that are compared bit by bit come from sums in one order."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def _without_drawing(figure: Figure, path: str | Path, *, format: str, dpi: int) -> None:
    """A file that begins as a picture does."""
    assert figure.get_axes()
    assert dpi > 0
    Path(path).write_bytes({"png": b"\x89PNG\r\n\x1a\n", "pdf": b"%PDF-1.4\n"}[format])


@pytest.fixture(scope="session")
def water() -> Callable[..., Dataset]:
    """Maker of data sets, `water(forces=True)`."""
    return points_of_water


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with water.h5."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "water.h5", points_of_water())
    return tmp_path


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """A port of this machine that nobody listens to."""

    def port() -> int:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            return free.getsockname()[1]

    return port


@pytest.fixture(scope="session")
def tiny_run() -> Callable[[Path], Path]:
    """Put the tiny configuration and its points into a folder; the folder."""

    def written(folder: Path) -> Path:
        write(folder / "water.h5", points_of_water())
        (folder / "train.yaml").write_text(yaml.safe_dump(TRAIN))
        return folder

    return written


@pytest.fixture(scope="session")
def on_ranks(free_port: Callable[[], int]) -> Iterator[Callable[..., list[subprocess.Popen[str]]]]:
    """Start a program in several processes, as torchrun would: `on_ranks(2, program, ...)`."""
    started: list[subprocess.Popen[str]] = []

    def start(count: int, *arguments: object, **how: Any) -> list[subprocess.Popen[str]]:
        environment = os.environ | {
            "WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()),
            "OMP_NUM_THREADS": "1",
        }  # fmt: skip
        runs = [
            subprocess.Popen(
                [sys.executable, *map(str, arguments)],
                env=environment | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **how,
            )
            for rank in range(count)
        ]  # fmt: skip
        started.extend(runs)
        return runs

    yield start
    for run in started:
        run.kill()
        if run.stdout and not run.stdout.closed:
            run.communicate()


Command = Callable[..., Path]
Refusal = Callable[..., str]


@pytest.fixture
def pes_train(work: Path) -> Command:
    """Run pes-train on the tiny configuration, some keys changed; the run folder."""

    def run(*arguments: object, **changes: object) -> Path:
        (work / "train.yaml").write_text(yaml.safe_dump(merged(TRAIN, changes)))
        cli.train(["--config", str(work / "train.yaml"), *map(str, arguments)])
        return work / "runs" / "tiny"

    return run


@pytest.fixture
def pes_levels(work: Path) -> Command:
    """Run pes-levels on the tiny configuration, some keys changed; its folder."""

    def run(*arguments: object, **changes: object) -> Path:
        (work / "levels.yaml").write_text(yaml.safe_dump(merged(LEVELS, changes)))
        cli.levels(["--config", str(work / "levels.yaml"), *map(str, arguments)])
        return work / "runs" / "tiny"

    return run


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def refusal(capsys: pytest.CaptureFixture[str], work: Path) -> Refusal:
    """Run a command that must fail: one line, exit code 2, nothing written to runs/."""

    def run(command: Callable[..., object], *arguments: object, **changes: object) -> str:
        runs = work / "runs"
        before = contents(runs)
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            command(*arguments, **changes)
        assert end.value.code == 2
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1, lines
        assert lines[0].startswith("pes: ")
        assert contents(runs) == before
        assert bool(before) == runs.exists()
        return lines[0].removeprefix("pes: ")

    return run
