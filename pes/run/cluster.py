"""The processes that torchrun or srun started, found from the environment and connected."""

import os
import re
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed

from pes.run.signals import Stopped
from pes.training.distributed import Ranks

__all__ = ["Place", "first_host", "place", "rank_device", "rank_threads", "ranks_started"]

START = timedelta(minutes=10)
"""Longest wait for the other ranks at the start: a queue may start them one by one."""

SILENCE = 180.0
"""Seconds that a rank may be late at a sum before it counts as lost; `PES_RANK_TIMEOUT` sets it."""

STORE = 10.0
"""Longest wait for the store in seconds; it lives with a rank that may be frozen."""

FAILURES = "pes/failures"


@dataclass(frozen=True)
class Place:
    """Rank of this process among those of a fit.

    Attributes:
        rank: its number, from 0.
        count: number of ranks.
        local_rank: its number on its machine.
        local_count: number of ranks on its machine.
        address: host of rank 0.
        port: where rank 0 listens.
    """

    rank: int
    count: int
    local_rank: int
    local_count: int
    address: str
    port: str


def place(environment: Mapping[str, str]) -> Place | None:
    """Rank that torchrun or srun gave this process; None if neither started several.

    Args:
        environment: RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE, MASTER_ADDR, MASTER_PORT
            of torchrun; else SLURM's variables of a job step.

    Raises:
        ValueError: if what is there does not tell where rank 0 is.
    """
    if "RANK" in environment and "WORLD_SIZE" in environment:
        found = _of_torchrun(environment)
    elif "SLURM_PROCID" in environment:
        found = _of_slurm(environment)
    else:
        return None
    return None if found is None or found.count == 1 else found


def _of_torchrun(environment: Mapping[str, str]) -> Place:
    rank, count = int(environment["RANK"]), int(environment["WORLD_SIZE"])
    return Place(
        rank,
        count,
        int(environment.get("LOCAL_RANK", rank)),
        int(environment.get("LOCAL_WORLD_SIZE", count)),
        environment.get("MASTER_ADDR", "127.0.0.1"),
        environment.get("MASTER_PORT", "29500"),
    )


def _of_slurm(environment: Mapping[str, str]) -> Place | None:
    """SLURM_NTASKS alone is no sign of srun: the batch script itself has it too."""
    count = environment.get("SLURM_STEP_NUM_TASKS")
    if count is None and "MASTER_ADDR" in environment:
        count = environment.get("SLURM_NTASKS")
    if count is None:
        return None
    rank = int(environment["SLURM_PROCID"])
    nodes = environment.get("SLURM_STEP_NODELIST") or environment.get("SLURM_JOB_NODELIST", "")
    address = environment.get("MASTER_ADDR") or first_host(nodes)
    if int(count) > 1 and not address:
        raise ValueError(
            f"SLURM started {count} tasks but SLURM_JOB_NODELIST is not set; "
            "set MASTER_ADDR to the host of task 0"
        )
    # Steps of one job may run side by side on one node: each its own port.
    job, step = (int(environment.get(f"SLURM_{name}_ID", 0)) for name in ("JOB", "STEP"))
    tasks = environment.get("SLURM_STEP_TASKS_PER_NODE", count)
    return Place(
        rank,
        int(count),
        int(environment.get("SLURM_LOCALID", rank)),
        int(re.split(r"\D", tasks)[0]),
        address,
        environment.get("MASTER_PORT", str(20000 + (job + 97 * step) % 40000)),
    )


def first_host(nodes: str) -> str:
    """The first host of a node list as SLURM writes it.

    Example:
        >>> first_host("gpu[003-006,010],login")
        'gpu003'
    """
    expanded = re.sub(r"\[([^\],-]+)[^\]]*\]", r"\1", nodes)
    return expanded.split(",")[0]


@contextmanager
def ranks_started(environment: Mapping[str, str] = os.environ) -> Iterator[Ranks]:
    """Connect the processes that share a fit while the block runs; alone there is nothing to do.

    Sums of CPU tensors go through gloo, of CUDA tensors through nccl. When the block ends by an
    error, all ranks end: only the first of them to fail raises it, the others exit with code 2.

    Args:
        environment: environment of this process.

    Raises:
        ConnectionError: if the other ranks do not come.
    """
    found = place(environment)
    if found is None:
        yield Ranks()
        return
    store = _connected(found)
    try:
        yield Ranks(found.rank, found.count)
    except (Stopped, KeyboardInterrupt) as stop:
        # srun --kill-on-bad-exit ends the ranks that are a little slower to leave by SIGTERM,
        # and of all exit codes tells the highest: this must stay that of the first signal.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if found.rank > 0:
            raise SystemExit(stop.code if isinstance(stop, Stopped) else 130) from None
        raise
    except Exception as error:
        first = _first_to_fail(store, error)
        _hang_up()
        if found.rank == 0:
            _wait_for_failures(store, found.count)
        if not first and isinstance(error, ValueError | OSError | FloatingPointError):
            raise SystemExit(2) from None
        raise
    finally:
        _hang_up()


def _connected(found: Place) -> torch.distributed.Store:
    """The process group, and the store through which its ranks first met."""
    # Its functions keep the process group of the moment as a default argument. torch.func imports
    # it in the middle of a fit, and the group, its threads and all would then outlive `_hang_up`
    # and now and then end the process by a signal. Imported before there is a group, it keeps none;
    # it takes a second or two, so a process alone does without.
    import torch.distributed.nn

    os.environ["MASTER_ADDR"], os.environ["MASTER_PORT"] = found.address, found.port
    try:
        store, *_ = next(
            torch.distributed.rendezvous("env://", found.rank, found.count, timeout=START)
        )
        torch.distributed.init_process_group(
            store=store, rank=found.rank, world_size=found.count, timeout=_silence()
        )
        # A rank that failed and hung up at once would else disturb those still connecting.
        torch.distributed.all_reduce(torch.zeros(1))
    except RuntimeError as error:  # DistNetworkError, DistStoreError and others of torch
        raise ConnectionError(
            f"rank {found.rank} of {found.count} did not find the others at {found.address}:"
            f"{found.port} ({str(error).splitlines()[0]}); start all of them with one torchrun "
            "or srun, or set MASTER_ADDR and MASTER_PORT"
        ) from None
    return store


def _silence(environment: Mapping[str, str] = os.environ) -> timedelta:
    """Longest wait at a sum.

    Raises:
        ValueError: if `PES_RANK_TIMEOUT` is not a positive number.
    """
    text = environment.get("PES_RANK_TIMEOUT", str(SILENCE))
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise ValueError(f"PES_RANK_TIMEOUT must be a positive number of seconds, got {text!r}")
    return timedelta(seconds=seconds)


def _first_to_fail(store: torch.distributed.Store, error: Exception) -> bool:
    """Whether no rank has failed before, as far as can be known.

    A store that is gone went with a rank that failed and said so, or with one that was killed and
    could not: then a rank that lost it speaks.
    """
    answers: list[int] = []

    def ask() -> None:
        with suppress(RuntimeError):
            answers.append(store.add(FAILURES, 1))

    # The store of a frozen rank never answers, whatever timeout it was given.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(STORE)
    return answers[0] == 1 if answers else isinstance(error, ConnectionError)


def _hang_up() -> None:
    """Close the connections, so that ranks waiting for this one notice."""
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def _wait_for_failures(store: torch.distributed.Store, count: int, *, seconds: float = 3.0) -> None:
    """Let the others look into the store, which lives with rank 0 unless torchrun has it."""
    end = time.monotonic() + seconds
    try:
        while store.add(FAILURES, 0) < count and time.monotonic() < end:
            time.sleep(0.05)
    except RuntimeError:  # torchrun has ended
        return


def rank_device(
    device: torch.device, ranks: Ranks, environment: Mapping[str, str] = os.environ
) -> torch.device:
    """The device of this rank: `cuda` becomes the card with the rank's number on its machine.

    Args:
        device: as a process alone would choose it.
        ranks: those of the fit.
        environment: environment of this process.

    Raises:
        ValueError: if a machine has fewer cards than ranks, or some machines have none.
    """
    found = place(environment)
    if found is None or ranks.count == 1:
        return device
    if len(set(ranks.all_gather(float(device.type == "cuda")).tolist())) > 1:
        raise ValueError("some ranks have a CUDA device and others none; give --device cpu")
    if device.type != "cuda":
        return device
    cards = torch.cuda.device_count()
    # srun with --gpus-per-task shows each task one card, its own.
    own_card = cards == 1 and "SLURM_PROCID" in environment
    if found.local_rank >= cards and not own_card:
        raise ValueError(
            f"{found.local_count} ranks on a machine with {cards} CUDA devices; start one for each"
        )
    device = torch.device("cuda", 0 if own_card else found.local_rank)
    torch.cuda.set_device(device)
    return device


def rank_threads(environment: Mapping[str, str] = os.environ) -> int | None:
    """CPU threads of this rank where the user has not set any: its part of the machine."""
    found = place(environment)
    if found is None or "OMP_NUM_THREADS" in environment:
        return None
    if "SLURM_CPUS_PER_TASK" in environment:
        return int(environment["SLURM_CPUS_PER_TASK"])
    return max(1, (os.cpu_count() or 1) // found.local_count)
