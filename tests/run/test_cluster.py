"""Where processes stand among others, and how all of them end when one does."""

import csv
import json
import signal
import threading
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch

from pes import cli
from pes.config import TrainConfig, load_config
from pes.potential import load_surface
from pes.run import cluster
from pes.run.cluster import Place, first_host, place, rank_device, rank_threads
from pes.run.train import command as run_train
from pes.training.distributed import Ranks

TORCHRUN = {
    "RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2",
    "MASTER_ADDR": "node1", "MASTER_PORT": "1234",
}  # fmt: skip
SRUN = {
    "SLURM_PROCID": "3", "SLURM_LOCALID": "1", "SLURM_NTASKS": "4", "SLURM_STEP_NUM_TASKS": "4",
    "SLURM_STEP_NODELIST": "gpu[003-004]", "SLURM_STEP_TASKS_PER_NODE": "2(x2)",
    "SLURM_JOB_ID": "40017", "SLURM_STEP_ID": "0",
}  # fmt: skip

SETTINGS = {
    "single": [],
    "ensemble": [
        "--set", "ensemble={members: 3, bootstrap: baseline}",
        "--set", "surface.baseline={kind: linear, degree: 2, ridge: auto}",
    ],
    "search": ["--set", "search={surface.hidden: [[1], [4]], strategy: grid, budget: 1000}"],
}  # fmt: skip


def test_torchrun() -> None:
    assert place(TORCHRUN) == Place(3, 4, 1, 2, "node1", "1234")


def test_srun() -> None:
    assert place(SRUN) == Place(3, 4, 1, 2, "gpu003", "20017")
    other = place(SRUN | {"SLURM_STEP_ID": "1"})
    assert other is not None
    assert other.port != "20017"
    assert place(SRUN | {"MASTER_ADDR": "a", "MASTER_PORT": "5"}) == Place(3, 4, 1, 2, "a", "5")


def test_alone() -> None:
    assert place({}) is None
    assert place(TORCHRUN | {"RANK": "0", "WORLD_SIZE": "1"}) is None
    assert place(SRUN | {"SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "1"}) is None
    batch = {"SLURM_PROCID": "0", "SLURM_NTASKS": "4", "SLURM_JOB_NODELIST": "a"}
    assert place(batch) is None, "the batch script itself is no step of four tasks"


def test_srun_that_does_not_say_where() -> None:
    with pytest.raises(ValueError, match="set MASTER_ADDR"):
        place({name: SRUN[name] for name in SRUN if "NODELIST" not in name})


@pytest.mark.parametrize(
    ("nodes", "host"),
    [
        ("a", "a"),
        ("a,b", "a"),
        ("node[7]", "node7"),
        ("node[003-006,010],b", "node003"),
        ("node[5,9-10]", "node5"),
        ("r[1-2]n[08-11]", "r1n08"),
        ("a-b[1-3]-ib", "a-b1-ib"),
    ],
)
def test_first_host(nodes: str, host: str) -> None:
    assert first_host(nodes) == host


def test_threads() -> None:
    assert rank_threads({}) is None
    assert rank_threads(SRUN | {"SLURM_CPUS_PER_TASK": "6"}) == 6
    assert rank_threads(SRUN | {"OMP_NUM_THREADS": "2"}) is None
    alone_on_its_machine = TORCHRUN | {"LOCAL_WORLD_SIZE": "100000"}
    assert rank_threads(alone_on_its_machine) == 1


@pytest.mark.parametrize(
    ("environment", "cards", "index"),
    [(TORCHRUN, 2, 1), (SRUN, 2, 1), (SRUN, 1, 0), (TORCHRUN, 1, None), (SRUN, 0, None)],
)
def test_one_card_for_each_rank(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], cards: int, index: int | None
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cards)
    monkeypatch.setattr(torch.cuda, "set_device", lambda device: None)
    monkeypatch.setattr(Ranks, "all_gather", lambda self, value: torch.full((self.count,), value))
    if index is None:
        with pytest.raises(ValueError, match="start one for each"):
            rank_device(torch.device("cuda"), Ranks(3, 4), environment)
    else:
        device = rank_device(torch.device("cuda"), Ranks(3, 4), environment)
        assert device == torch.device("cuda", index)
    assert rank_device(torch.device("cpu"), Ranks(3, 4), environment).type == "cpu"


def test_cards_on_some_ranks_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ranks, "all_gather", lambda self, value: torch.tensor([1.0, 0.0]))
    with pytest.raises(ValueError, match="others none; give --device cpu"):
        rank_device(torch.device("cuda"), Ranks(1, 2), TORCHRUN)


def test_more_ranks_than_points(tmp_path: Path, tiny_run: Callable[..., Path]) -> None:
    file = tiny_run(tmp_path) / "train.yaml"
    with pytest.raises(ValueError, match=r"40 ranks for \d points .* start at most \d ranks"):
        run_train.train(file, output=tmp_path / "run", ranks=Ranks(0, 40))
    assert not (tmp_path / "run").exists()


@pytest.fixture(scope="module")
def endings(
    tmp_path_factory: pytest.TempPathFactory, tiny_run: Callable[..., Path],
    on_ranks: Callable[..., Any], free_port: Callable[[], int],
) -> tuple[Path, list[dict[str, Any]]]:  # fmt: skip
    """Trainings refused, stopped and resumed, never stopped, searching; at last one killed."""
    folder = tiny_run(tmp_path_factory.mktemp("ranks"))
    program = Path(__file__).with_name("shared_run.py")
    # Under 60,000, so that a job number stands for it.
    ports = islice((port for port in iter(free_port, None) if port < 60000), 10)
    runs = on_ranks(2, program, json.dumps(SETTINGS), *ports, cwd=folder)
    said = [run.communicate(timeout=120)[1] for run in runs]
    assert [run.returncode for run in runs] == [0, -signal.SIGKILL], said
    return folder, [json.loads((folder / f"found{rank}.json").read_text()) for rank in (0, 1)]


Endings = tuple[Path, list[dict[str, Any]]]


def test_a_mistake_is_told_once(endings: Endings) -> None:
    refused = [found["refused"] for found in endings[1]]
    assert [one["code"] for one in refused] == [2, 2]
    (line,) = "".join(one["errors"] for one in refused).splitlines()
    assert line.startswith("pes: ")
    assert "nowhere.yaml" in line


@pytest.mark.parametrize(("name", "number"), [("single", "SIGUSR1"), ("ensemble", "SIGTERM")])
def test_all_ranks_stop_when_one_is_asked(endings: Endings, name: str, number: str) -> None:
    found = endings[1]
    stopped = [one[f"{name} stopped"] for one in found]
    assert [one["code"] for one in stopped] == [128 + signal.Signals[number]] * 2
    assert [one["errors"] for one in stopped] == ["", ""]
    assert "2 ranks share the points" in stopped[0]["output"]
    assert f"stopped by {number} after epoch 3" in stopped[0]["output"]
    assert stopped[1]["output"] == ""
    assert stopped[0]["epochs"] == 3
    # What srun sends to those that leave last does not change their exit codes.
    assert all(one[f"{name} ignores SIGTERM"]["code"] for one in found)


@pytest.mark.parametrize("name", ["single", "ensemble"])
def test_resumed_on_two_ranks_ends_bit_for_bit_the_same(endings: Endings, name: str) -> None:
    """Two summands have one sum in either order, and every rank takes it."""
    folder, found = endings
    for kind in ("resumed", "whole"):
        assert [one[f"{name} {kind}"]["code"] for one in found] == [0, 0], found
    ours, theirs = (surface(folder / "runs" / run) for run in (name, f"whole_{name}"))
    assert ours
    assert all(torch.equal(ours[key], theirs[key]) for key in ours | theirs)
    with (folder / "runs" / name / "metrics.csv").open(newline="") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == list("123456")
    assert len((folder / "runs" / name / "train.log").read_text().split("2 ranks share")) == 3


def surface(folder: Path) -> dict[str, torch.Tensor]:
    return load_surface(folder / "surface.safetensors")[0].state_dict()


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("name", ["single", "ensemble"])
@pytest.mark.parametrize(("kind", "resume"), [("one", []), ("stopped", ["--resume", "auto"])])
def test_one_rank_ends_where_two_do(
    endings: Endings, monkeypatch: pytest.MonkeyPatch, name: str, kind: str, resume: list[str]
) -> None:
    """From the start, and from where two ranks were stopped.

    Six epochs enlarge the rounding of sums in another order to 1e-12 of the weights; 1e-9 leaves
    room for other processors.
    """
    folder, _ = endings
    monkeypatch.chdir(folder)
    run = f"runs/{kind}_{name}"
    cli.train(["--config", "train.yaml", "--output", run, *SETTINGS[name], *resume])
    ours, theirs = (surface(folder / one) for one in (run, f"runs/whole_{name}"))
    for key in ours | theirs:
        assert torch.allclose(ours[key], theirs[key], rtol=1e-9, atol=1e-9), key


@pytest.mark.usefixtures("no_pictures")
def test_two_ranks_choose_what_one_does(endings: Endings, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, found = endings
    assert [one["searched"]["code"] for one in found] == [0, 0], found
    monkeypatch.chdir(folder)
    cli.train(["--config", "train.yaml", "--output", "runs/searched_by_one", *SETTINGS["search"]])
    tables = []
    for run in ("searched", "searched_by_one"):
        with (folder / "runs" / run / "search.csv").open(newline="") as file:
            tables.append(list(csv.DictReader(file)))
    for two, one in zip(*tables, strict=True):
        assert two["surface.hidden"] == one["surface.hidden"]
        assert two["epochs"] == one["epochs"] == "6"
        ours, theirs = (float(row["validation_rmse_cm1"]) for row in (two, one))
        assert ours == pytest.approx(theirs, rel=1e-8)  # as above
    chosen = [load_config(folder / "runs" / run / "config.yaml", TrainConfig).surface.hidden
              for run in ("searched", "searched_by_one")]  # fmt: skip
    assert chosen[0] == chosen[1]


def test_variables_of_slurm_alone(endings: Endings) -> None:
    """No MASTER_ADDR, no torchrun: host of the node list, port of the job; the same bits."""
    folder, found = endings
    assert [one["slurm"]["code"] for one in found] == [0, 0], found
    address = {one["slurm"]["address"] for one in found}
    assert len(address) == 1
    assert address.pop().startswith("127.0.0.1:")
    assert "2 ranks share the points" in found[0]["slurm"]["output"]
    ours, theirs = (surface(folder / "runs" / run) for run in ("slurm", "whole_single"))
    assert all(torch.equal(ours[key], theirs[key]) for key in ours | theirs)


def test_a_killed_rank_ends_the_others(endings: Endings) -> None:
    killed = endings[1][0]["killed"]
    assert killed["code"] == 2
    (line,) = killed["errors"].splitlines()
    assert line.startswith("pes: rank 0 of 2 lost the others")


class Frozen:
    """A store whose process is stopped: it never answers."""

    def add(self, key: str, amount: int) -> int:
        threading.Event().wait()
        return 0


class Gone:
    """A store whose process was killed."""

    def add(self, key: str, amount: int) -> int:
        raise RuntimeError("Connection closed by peer")


class There:
    """A store that counts failures."""

    def __init__(self, before: int) -> None:
        self.count = before

    def add(self, key: str, amount: int) -> int:
        self.count += amount
        return self.count


@pytest.mark.parametrize("store", [Frozen(), Gone()], ids=["frozen", "gone"])
def test_a_rank_that_lost_the_others_says_so(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed rank 0 could say nothing; rank 1 once ended with code 2 and pages of C++."""
    monkeypatch.setattr(cluster, "STORE", 0.2)
    assert cluster._first_to_fail(store, ConnectionError("lost"))
    assert not cluster._first_to_fail(store, ValueError("a mistake that the other told"))


def test_only_the_first_to_fail_speaks() -> None:
    first: Any = There(0)
    assert cluster._first_to_fail(first, ConnectionError("lost"))
    assert not cluster._first_to_fail(first, ConnectionError("lost"))


def test_patience_with_a_silent_rank() -> None:
    assert cluster._silence({}).total_seconds() == 180
    assert cluster._silence({"PES_RANK_TIMEOUT": "900"}).total_seconds() == 900
    for text in ("0", "-1", "soon", "nan", "1e99"):
        with pytest.raises(ValueError, match="PES_RANK_TIMEOUT must be a positive number of sec"):
            cluster._silence({"PES_RANK_TIMEOUT": text})
