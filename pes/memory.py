"""Free memory of a device; on a CPU the limits of containers and batch systems count too."""

import os
from pathlib import Path

import torch

__all__ = ["free_memory", "is_full", "resident_memory"]

PROCESS_GROUPS = Path("/proc/self/cgroup")
CGROUPS = Path("/sys/fs/cgroup")
MEMINFO = Path("/proc/meminfo")
PAGES = Path("/proc/self/statm")

LIBRARIES = 350 * 2**20
"""Bytes that Python, torch and SciPy take."""

FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
"""Limit, use and, in `memory.stat`, cached files of a control group, by its version 2 or 1."""


def is_full(error: BaseException) -> bool:
    """Whether memory is the trouble; on a CPU torch raises a plain RuntimeError."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def free_memory(device: torch.device) -> int | None:
    """Bytes that can still be taken on a device, None where the system does not say.

    On a CPU this is the least of what the machine has left and what each control group above
    the process (container, SLURM job, step and task) still allows.

    Example:
        >>> free = free_memory(torch.device("cpu"))
        >>> free is None or free > 0
        True
    """
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    known = [_free_of_machine(), *(_free_of_group(folder) for folder in _groups())]
    return min((free for free in known if free is not None), default=None)


def resident_memory() -> int:
    """Bytes that this process has in memory, Python and its libraries included.

    Where the system does not say, what these usually are.

    Example:
        >>> 2**20 < resident_memory() < 2**40
        True
    """
    try:
        return int(PAGES.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        return LIBRARIES


def _free_of_machine() -> int | None:
    """Memory that Linux calls available, pages that only cache files included."""
    try:
        lines = MEMINFO.read_text().splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if "MemAvailable" in line)
    except (OSError, StopIteration):
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None


def _groups() -> list[Path]:
    """Folders of the process's control groups for memory, and of all groups above these.

    Each line of the process's list reads `number:controllers:path`; version 2 names no controller.
    Inside a container the path may be the host's: folders that do not exist are skipped later.
    """
    try:
        lines = [line.split(":", 2) for line in PROCESS_GROUPS.read_text().splitlines()]
    except OSError:
        lines = []
    folders = [CGROUPS, CGROUPS / "memory"]
    for _, controllers, path in (line for line in lines if len(line) == 3):
        if controllers in ("", "memory"):
            root = CGROUPS / controllers
            group = root / path.strip("/")
            folders += [group, *(above for above in group.parents if root in above.parents)]
    return folders


def _free_of_group(folder: Path) -> int | None:
    """Limit less use, where a group sets a limit; cached files give way and count as free."""
    for limit, used, cached in FILES:
        try:
            most, taken = (int((folder / name).read_text()) for name in (limit, used))
        except (OSError, ValueError):  # no such group, or its limit is `max`
            continue
        return max(most - taken + _cached(folder / "memory.stat", cached), 0)
    return None


def _cached(table: Path, name: str) -> int:
    try:
        rows = (line.split() for line in table.read_text().splitlines())
        return next(int(row[1]) for row in rows if row and row[0] == name)
    except (OSError, StopIteration, ValueError, IndexError):
        return 0
