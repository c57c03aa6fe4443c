"""Workers compute the points. Each kind yields a function that sends a call to one of them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from pes.labelling.processes import processes

__all__ = ["Dask", "JobQueue", "Processes", "Workers"]

Submit = Callable[..., "Future[Any]"]


class Workers(ABC):
    """Somewhere to compute."""

    @abstractmethod
    def started(self) -> AbstractContextManager[Submit]:
        """A function that sends a call to a worker and returns its future, while the block runs."""


@dataclass(frozen=True)
class Processes(Workers):
    """Processes of this machine.

    Attributes:
        count: number of processes.
    """

    count: int = 1

    def started(self) -> AbstractContextManager[Submit]:
        """One process for each of `count`; one that dies is replaced."""
        return processes(self.count)


@dataclass(frozen=True)
class Dask(Workers):
    """Workers of Dask (extra `dask`).

    Attributes:
        address: address of a scheduler that runs, such as tcp://node1:8786; None starts a cluster
            of `count` processes on this machine.
        count: processes of that cluster.
    """

    address: str | None = None
    count: int = 1

    def started(self) -> AbstractContextManager[Submit]:
        """A client of the scheduler."""
        return _dask().cluster_workers(self.address, self.count)


@dataclass(frozen=True)
class JobQueue(Workers):
    """Dask workers that are jobs of a batch system (extra `dask`).

    Attributes:
        system: slurm, pbs, sge or lsf.
        jobs: number of jobs to ask for.
        options: options of the class of dask-jobqueue, such as queue, cores, memory and walltime.
    """

    system: str = "slurm"
    jobs: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)

    def started(self) -> AbstractContextManager[Submit]:
        """A client of a scheduler in this process, its workers in the jobs."""
        return _dask().job_workers(self.system, self.jobs, self.options)


def _dask() -> Any:
    try:
        return import_module("pes.labelling.dask_workers")
    except ModuleNotFoundError as error:
        raise ValueError(
            f"workers of Dask need the package {error.name}: pip install 'pes[dask]'"
        ) from None
