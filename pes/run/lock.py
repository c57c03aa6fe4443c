"""One folder, one writer: a lock file that says who writes."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pes.files import HOST, alive

__all__ = ["LOCK", "locked"]

LOCK = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder that exists while the block runs.

    The lock is a file with process and machine, made by a hard link, which is atomic on network
    file systems too. The lock of a process of this machine that has ended is taken over.

    Raises:
        ValueError: if another process holds the lock.
        OSError: if the folder cannot be written to.
    """
    path = folder / LOCK
    own = {"host": HOST, "pid": os.getpid(), "started": _started(os.getpid()), "time": time.ctime()}
    if not _made(path, own):
        _take_over(path, own)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()


def _made(path: Path, own: dict[str, Any]) -> bool:
    """Make the lock, whole from the first moment; False if there is one."""
    mine = path.with_name(f".lock.{HOST}.{os.getpid()}.tmp")
    try:
        mine.write_text(json.dumps(own))
        os.link(mine, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.filename2 is None:
            raise
        return _made_without_links(path, own)  # FAT, some network folders
    finally:
        mine.unlink(missing_ok=True)
    return True


def _made_without_links(path: Path, own: dict[str, Any]) -> bool:
    try:
        with path.open("x") as file:
            file.write(json.dumps(own))
    except FileExistsError:
        return False
    return True


def _take_over(path: Path, own: dict[str, Any]) -> None:
    """Replace the lock of a process that has ended.

    Raises:
        ValueError: if it has not, or if another process was faster.
    """
    before = _read(path)
    stale = path.with_name(f".lock.{HOST}.{os.getpid()}.stale")
    if before is None or not _ended(before):
        raise ValueError(_in_use(path, before))
    with suppress(FileNotFoundError):
        os.replace(path, stale)
        if _read(stale) != before:  # two processes saw the stale lock; the other has taken it
            with suppress(FileExistsError):
                os.link(stale, path)
            stale.unlink()
            raise ValueError(_in_use(path, _read(path)))
        stale.unlink()
    if not _made(path, own):
        raise ValueError(_in_use(path, _read(path)))


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) and isinstance(content.get("pid"), int) else None


def _ended(lock: dict[str, Any]) -> bool:
    """Whether the process of a lock has ended, as far as this machine can know."""
    if lock.get("host") != HOST:
        return False
    pid, started = lock["pid"], lock.get("started")
    # Numbers of processes are used again.
    return not alive(pid) or (started is not None and _started(pid) != started)


def _started(pid: int) -> str | None:
    """Time at which a process started, in ticks since the machine did, where `/proc` tells it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


def _in_use(path: Path, lock: dict[str, Any] | None) -> str:
    who = "another process"
    if lock is not None:
        who = f"process {lock['pid']} on {lock.get('host')} since {lock.get('time')}"
    return (
        f"{path.parent} is being written to by {who}; wait for it or choose another --output, and "
        f"if that process has ended, remove {path}"
    )
