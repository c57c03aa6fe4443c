"""Files that are whole or absent: written beside their place, then moved there."""

import csv
import errno
import glob
import json
import os
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from math import isfinite
from pathlib import Path
from typing import Any

__all__ = [
    "HOST",
    "RUN_FINISHED",
    "RUN_SURFACE",
    "alive",
    "check_file",
    "named_errors",
    "replaced",
    "write_csv",
    "write_json",
]

RUN_SURFACE = "surface.safetensors"
"""Name of the surface in the folder of a training."""

RUN_FINISHED = "summary.json"
"""Written last by a training."""

HOST = socket.gethostname().replace("/", "-")
"""Name of this machine in the names of temporary files and in locks."""


def alive(pid: int) -> bool:
    """Whether a process of this machine is running; True where that cannot be known.

    Example:
        >>> alive(os.getpid())
        True
    """
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def check_file(path: Path, kind: str = "file") -> None:
    """Refuse what is not a file, with the reason.

    Args:
        path: path of the file to read.
        kind: name of the kind of file, for messages.

    Raises:
        FileNotFoundError, IsADirectoryError, OSError: if it is none.
    """
    try:
        path.stat()
    except FileNotFoundError:
        leads = " (a symbolic link that leads nowhere)" if path.is_symlink() else ""
        raise FileNotFoundError(f"{path}: no such {kind}{leads}") from None
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        loop = " (a symbolic link that leads to itself)"
        raise FileNotFoundError(f"{path}: no such {kind}{loop}") from None
    except ValueError:  # a zero byte
        raise ValueError(f"{str(path)!r} cannot be the name of a file") from None
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; name a {kind} in it")


@contextmanager
def named_errors(path: str | Path) -> Iterator[None]:
    """Give errors of the system, such as a full disk, the file that they are about.

    Raises:
        OSError: the same, with a name of a file.
    """
    try:
        yield
    except OSError as error:
        if error.filename is not None or error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from None


@contextmanager
def replaced(path: str | Path) -> Iterator[Path]:
    """A temporary file in the folder of `path`, put in its place when the block ends well.

    Killed or failed half-way, what stood at `path` before stays as it was; what a process that
    was killed left beside it is removed.

    Raises:
        FileNotFoundError: if the folder does not exist.
        OSError: if the file cannot be written, with its name.
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{target}: the folder {target.parent} does not exist")
    for left in target.parent.glob(f".{glob.escape(target.name)}.{glob.escape(HOST)}.*.tmp"):
        if not alive(int(left.suffixes[-2].removeprefix("."))):
            left.unlink(missing_ok=True)
    temporary = target.with_name(f".{target.name}.{HOST}.{os.getpid()}.tmp")
    try:
        with named_errors(target):
            yield temporary
            with temporary.open("rb+") as written:
                os.fsync(written.fileno())
            os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON, whole or not at all; NaN and infinity become null."""
    with replaced(path) as temporary:
        temporary.write_text(json.dumps(_plain(content), indent=1, allow_nan=False) + "\n")


def write_csv(
    path: Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str] | None = None
) -> None:
    """Write rows under a head, whole or not at all; lines end as those of any text file.

    Args:
        path: path of the file.
        rows: values by column, made one after the other if there are many.
        columns: the head; by default the keys of the first row.
    """
    remaining = iter(rows)
    first = list(islice(remaining, 1))
    head = columns or (list(first[0]) if first else [])
    with replaced(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, head, lineterminator="\n")
        writer.writeheader()
        writer.writerows(chain(first, remaining))


def _plain(value: Any) -> Any:
    """Mappings, lists and numbers; an array or a tensor becomes a list."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not isfinite(value):
        return None
    return value
