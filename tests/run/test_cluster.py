"""Where processes stand among others, and how all of them end when one does."""

import csv
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from pes.run import train as run_train
from pes.run.cluster import Place, first_host, place, rank_device, rank_threads
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
    monkeypatch.setattr(Ranks, "each", lambda self, value: torch.full((self.count,), value))
    if index is None:
        with pytest.raises(ValueError, match="start one for each"):
            rank_device(torch.device("cuda"), Ranks(3, 4), environment)
    else:
        device = rank_device(torch.device("cuda"), Ranks(3, 4), environment)
        assert device == torch.device("cuda", index)
    assert rank_device(torch.device("cpu"), Ranks(3, 4), environment).type == "cpu"


def test_cards_on_some_ranks_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ranks, "each", lambda self, value: torch.tensor([1.0, 0.0]))
    with pytest.raises(ValueError, match="others none; give --device cpu"):
        rank_device(torch.device("cuda"), Ranks(1, 2), TORCHRUN)


def test_more_ranks_than_points(tmp_path: Path, tiny_run: Callable[..., Path]) -> None:
    file = tiny_run(tmp_path) / "train.yaml"
    with pytest.raises(ValueError, match=r"40 ranks for \d points .* start at most \d ranks"):
        run_train.train(file, output=tmp_path / "run", ranks=Ranks(0, 40))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "section", [{"ensemble": {"members": 2}}, {"search": {"surface.hidden": [[2]]}}]
)
def test_what_one_process_does_by_itself(
    tmp_path: Path, tiny_run: Callable[..., Path], section: dict[str, Any]
) -> None:
    file = tiny_run(tmp_path) / "train.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | section))
    with pytest.raises(ValueError, match=f"`{next(iter(section))}` on 2 ranks"):
        run_train.train(file, output=tmp_path / "run", ranks=Ranks(0, 2))
    assert not (tmp_path / "run").exists()


@pytest.fixture(scope="module")
def endings(
    tmp_path_factory: pytest.TempPathFactory, tiny_run: Callable[..., Path],
    on_ranks: Callable[..., Any], free_port: Callable[[], int],
) -> tuple[Path, list[dict[str, Any]]]:  # fmt: skip
    """A training refused, one stopped by SIGUSR1 to rank 1, one whose rank 1 is killed."""
    folder = tiny_run(tmp_path_factory.mktemp("ranks"))
    program = Path(__file__).with_name("shared_run.py")
    runs = on_ranks(2, program, *(free_port() for _ in range(3)), cwd=folder)
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


def test_all_ranks_stop_when_one_is_asked(endings: Endings) -> None:
    folder, found = endings
    stopped = [one["stopped"] for one in found]
    assert [one["code"] for one in stopped] == [128 + signal.SIGUSR1] * 2
    assert [one["errors"] for one in stopped] == ["", ""]
    assert "2 ranks share the points" in stopped[0]["output"]
    assert "stopped by SIGUSR1 after epoch 3" in stopped[0]["output"]
    assert stopped[1]["output"] == ""
    run = folder / "runs" / "tiny"
    assert (run / "state.pt").is_file()
    with (run / "metrics.csv").open(newline="") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2", "3"]


def test_a_killed_rank_ends_the_others(endings: Endings) -> None:
    killed = endings[1][0]["killed"]
    assert killed["code"] == 2
    (line,) = killed["errors"].splitlines()
    assert line.startswith("pes: rank 0 of 2 lost the others")
