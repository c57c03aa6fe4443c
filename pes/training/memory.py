"""How much memory a fit will take, told before it starts."""

import os
from pathlib import Path

import torch

__all__ = ["check_memory", "free_memory", "needed_memory"]

MIB = 2**20
CGROUP = Path("/sys/fs/cgroup")


def free_memory(device: torch.device) -> int | None:
    """Bytes that can still be taken on a device, None where the system does not say.

    On a CPU the limit of the process's control group (containers, SLURM) counts too.
    """
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    found = [value for value in (_system_free(), _group_free(CGROUP)) if value is not None]
    return min(found, default=None)


def _system_free() -> int | None:
    """What Linux calls available, pages that only cache files included."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if "MemAvailable" in line)
    except (OSError, StopIteration):
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None


def _group_free(folder: Path) -> int | None:
    try:
        limit = (folder / "memory.max").read_text().strip()
        used = int((folder / "memory.current").read_text())
    except (OSError, ValueError):
        return None
    return None if limit == "max" else max(int(limit) - used, 0)


def needed_memory(kind: str, *, parameters: int, chunks: int, history: int = 100) -> dict[str, int]:
    """Bytes at the peak of a fit by what takes them.

    Args:
        kind: of the optimizer.
        parameters: P.
        chunks: `memory` of the fit: ∂f/∂x and one chunk.
        history: of L-BFGS.

    Returns:
        `matrix`: JᵀJ, its damped copy, the factor of that and one more; `history`: two vectors
        for each past step, in use, in the last state and in the file being written; `chunks`.
    """
    return {
        "matrix": 4 * 8 * parameters**2 if kind == "levenberg_marquardt" else 0,
        "history": 5 * 16 * history * parameters if "lbfgs" in kind else 12 * 8 * parameters,
        "chunks": chunks,
    }


_ADVICE = {
    "matrix": "make `surface.hidden` smaller or set `training.optimizer: lbfgs`",
    "history": "lower `history` of `training.optimizer` or make `surface.hidden` smaller",
    "chunks": "lower `training.memory`",
}


def check_memory(needed: dict[str, int], free: int | None) -> None:
    """Refuse a fit that cannot end well.

    Raises:
        ValueError: in one line that names the setting to lower.

    Example:
        >>> check_memory({"matrix": 10, "history": 0, "chunks": 5}, 100)
    """
    total = sum(needed.values())
    if free is None or total <= free:
        return
    largest = max(needed, key=lambda name: needed[name])
    raise ValueError(
        f"the fit needs about {total / MIB:,.0f} MiB and {free / MIB:,.0f} are free; "
        f"most of it ({needed[largest] / MIB:,.0f} MiB) is for the {largest}: {_ADVICE[largest]}"
    )
