"""Dask on this machine, addresses that nobody answers at, and scripts of batch jobs."""

import os
import sys
from pathlib import Path

import pytest
from toy_programs import deadly, square

from pes.labelling.workers import Dask, JobQueue


def test_dask_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask_jobqueue", None)
    monkeypatch.delitem(sys.modules, "pes.labelling.dask_workers", raising=False)
    with pytest.raises(ValueError, match=r"the package dask_jobqueue: pip install 'pes\[dask\]'"):
        Dask().started()


@pytest.fixture
def paths(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules of the tests and Dask itself, for workers and for this process."""
    pytest.importorskip("distributed")
    pytest.importorskip("dask_jobqueue")
    tests = Path(__file__).parents[1]
    monkeypatch.setenv("PYTHONPATH", f"{tests}:{tests.parent}")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("paths")
def test_a_cluster_of_this_machine() -> None:
    from pes.labelling.batch import run_batch  # noqa: F401 - what the workers serve

    with Dask(count=1).started() as submit:
        futures = [submit(square, k, float(k)) for k in range(4)]
        assert [future.result()["energy"] for future in futures] == [0.0, 1.0, 4.0, 9.0]
        # One worker is one process with one thread.
        assert len({submit(os.getpid).result() for _ in range(4)}) == 1
        error = submit(deadly, 0, "no number").exception()
        assert isinstance(error, TypeError)


@pytest.mark.usefixtures("paths")
def test_a_scheduler_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, free_port: object
) -> None:
    from pes.labelling import dask_workers

    monkeypatch.setattr(dask_workers, "SECONDS", 0.3)
    address = f"tcp://127.0.0.1:{free_port()}"  # type: ignore[operator]
    with (
        pytest.raises(ValueError, match=f"no Dask scheduler answers at {address}"),
        Dask(address).started(),
    ):
        pass
    with pytest.raises(ValueError, match="no Dask scheduler"), Dask("nonsense://x").started():
        pass


@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("paths")
def test_jobs_of_slurm() -> None:
    from pes.labelling.dask_workers import queue_cluster

    options = {"queue": "long", "memory": "2GB", "walltime": "04:00:00"}
    with queue_cluster("slurm", options) as cluster:
        script = cluster.job_script()
    for line in ("#SBATCH -p long", "#SBATCH -t 04:00:00", "#SBATCH --cpus-per-task=1"):
        assert line in script
    with pytest.raises(ValueError, match=r"`workers.options`: .*nonsense"):
        queue_cluster("slurm", {**options, "nonsense": 1})
    with pytest.raises(ValueError, match=r"`workers.options`: .*memory"):
        queue_cluster("slurm", {})


@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("paths")
def test_slurm_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    workers = JobQueue("slurm", 1, {"memory": "2GB"})
    with (
        pytest.raises(
            ValueError, match="slurm is not installed here, the command 'sbatch' is missing"
        ),
        workers.started(),
    ):
        pass


@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("paths")
def test_slurm_that_refuses_says_so_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    command = tmp_path / "sbatch"
    command.write_text("#!/bin/sh\necho sbatch: invalid partition: nowhere >&2\nexit 1\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    workers = JobQueue("slurm", 2, {"memory": "2GB", "queue": "nowhere"})
    reason = "slurm refused the first job: sbatch: invalid partition: nowhere"
    with pytest.raises(ValueError, match=reason), workers.started():
        pass
