"""Workers of Dask: processes of this machine, of a running cluster, or jobs of a batch system."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from logging import CRITICAL
from types import MappingProxyType
from typing import Any

import dask_jobqueue
import distributed
from dask.config import set as dask_settings
from distributed import Client, KilledWorker, LocalCluster

from pes.labelling.processes import KILLS, WorkerLostError

__all__ = ["SYSTEMS", "cluster_workers", "job_workers", "queue_cluster"]

SECONDS = 10.0
"""Time in which a scheduler must answer."""

SYSTEMS = MappingProxyType(
    {
        "slurm": dask_jobqueue.SLURMCluster,
        "pbs": dask_jobqueue.PBSCluster,
        "sge": dask_jobqueue.SGECluster,
        "lsf": dask_jobqueue.LSFCluster,
    }
)
"""Batch systems by their names."""

NAMES = {"", "stdout", "stderr"}
"""Headings in the error of a batch system's command."""

Submit = Callable[..., "Future[Any]"]


@contextmanager
def cluster_workers(address: str | None, count: int) -> Iterator[Submit]:
    """Workers of the scheduler at an address, or of a cluster of `count` processes made here.

    Raises:
        ValueError: if nobody answers at the address.
    """
    if address is not None:
        with _client(address) as submit:
            yield submit
        return
    options: dict[str, Any] = {"dashboard_address": None, "silence_logs": CRITICAL}
    with (
        _settings(),
        LocalCluster(n_workers=count, threads_per_worker=1, **options) as cluster,
        _client(cluster) as submit,
    ):
        yield submit


@contextmanager
def job_workers(system: str, jobs: int, options: Mapping[str, Any]) -> Iterator[Submit]:
    """Workers in jobs of a batch system; the jobs end with the block.

    Raises:
        ValueError: if the options do not fit, the system is not there, or it refuses the first job.
    """
    command = SYSTEMS[system].job_cls.submit_command.split()[0]
    if shutil.which(command) is None:
        raise ValueError(
            f"`workers.system`: {system} is not installed here, the command {command!r} is missing"
        )
    first: Future[str] = Future()
    options = {"job_cls": _watched(SYSTEMS[system].job_cls, first), **options}
    with _settings(), queue_cluster(system, options) as cluster:
        cluster.scale(jobs=jobs)
        try:
            first.result()
        except RuntimeError as error:
            raise ValueError(
                f"`workers`: {system} refused the first job: {_last_line(error)}"
            ) from None
        with _client(cluster) as submit:
            yield submit


def queue_cluster(system: str, options: Mapping[str, Any]) -> Any:
    """The cluster of a batch system, no job asked for yet.

    Raises:
        ValueError: if the options do not fit.
    """
    try:
        return SYSTEMS[system](**{"cores": 1, "processes": 1, **options})
    except (TypeError, ValueError) as error:
        raise ValueError(f"`workers.options`: {error}") from None


def _watched(job: type, first: "Future[str]") -> type:
    """The class of jobs whose first submission, or refusal, sets a future.

    Dask itself continues without workers, and points would wait for ever.
    """

    class Watched(job):
        async def _submit_job(self, script_filename: str) -> str:
            try:
                answer = await super()._submit_job(script_filename)
            except RuntimeError as error:
                self.status = distributed.Status.failed  # or the cluster could not be closed
                if not first.done():
                    first.set_exception(error)
                raise
            if not first.done():
                first.set_result(answer)
            return answer

    return Watched


def _last_line(error: RuntimeError) -> str:
    """Last line that the command of a batch system wrote."""
    lines = [line.strip() for line in str(error).splitlines()]
    return next((line for line in reversed(lines) if line.strip(":") not in NAMES), "no reason")


def _settings() -> Any:
    """A point that costs so many workers fails; it would else go from worker to worker."""
    return dask_settings({"distributed.scheduler.allowed-failures": KILLS - 1})


@contextmanager
def _client(cluster: Any) -> Iterator[Submit]:
    try:
        client = Client(cluster, timeout=SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ValueError(f"`workers`: no Dask scheduler answers at {cluster} ({error})") from None
    with client:
        yield lambda function, *arguments: _followed(
            client.submit(function, *arguments, pure=False)
        )


def _followed(remote: distributed.Future) -> Future[Any]:
    """The future of Dask as one of the standard library."""
    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()

    def ended(remote: distributed.Future) -> None:
        if remote.cancelled():
            future.set_exception(ConnectionError("the scheduler of Dask is gone; call again"))
            return
        error: Any = remote.exception()
        if isinstance(error, KilledWorker):
            error = WorkerLostError(f"its worker was lost {KILLS} times; too little memory?")
        if isinstance(error, CancelledError):
            error = ConnectionError("the scheduler of Dask is gone; call again")
        if error is None:
            future.set_result(remote.result())
        else:
            future.set_exception(error)

    remote.add_done_callback(ended)
    return future
