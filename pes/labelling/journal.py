"""The journal of a batch: settings first, then one line of JSON for each finished point."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Any

from pes.files import named_errors

__all__ = ["append", "opened", "read_journal"]

Record = Mapping[str, Any]


def read_journal(path: Path, settings: Record) -> dict[int, Record]:
    """Finished points of a journal by row; an unfinished last line is cut off the file.

    A journal that does not exist, or whose settings were cut short, is started. A row that was
    repeated counts with its last line.

    Raises:
        ValueError: if the journal was written with other settings or is damaged inside.
    """
    header = json.dumps(settings) + "\n"
    content = path.read_bytes() if path.exists() else b""
    if header.encode().startswith(content):
        path.write_text(header)
        return {}
    whole = content[: content.rfind(b"\n") + 1]
    first, *lines = whole.decode(errors="replace").split("\n")
    if not _same(first, header):
        raise ValueError(
            f"{path} was written with other settings; move it to another place to start anew"
        )
    records = {}
    for number, line in enumerate(lines[:-1], start=2):
        try:
            record = json.loads(line)
            records[record["row"]] = record
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"{path}, line {number}: damaged; remove that line") from None
    # Only the tail goes: rewriting the file would lose every point if killed half-way.
    os.truncate(path, len(whole))
    return records


def _same(first: str, header: str) -> bool:
    """True if two lines of JSON hold the same settings, in any order of their keys."""
    try:
        return json.loads(first) == json.loads(header)
    except json.JSONDecodeError:
        return False


@contextmanager
def opened(path: Path) -> Iterator[FileIO]:
    """A journal to append to, without a buffer that could be lost."""
    with path.open("ab", buffering=0) as file:
        yield file


def append(journal: FileIO, record: Record) -> None:
    """One line, on disk when this returns, or not there at all.

    Raises:
        OSError: if it cannot be written, such as on a full disk; with the name of the file.
    """
    line = memoryview((json.dumps(record) + "\n").encode())
    start = journal.seek(0, os.SEEK_END)
    try:
        with named_errors(str(journal.name)):
            while line:
                line = line[journal.write(line) :]
            os.fsync(journal.fileno())
    except OSError:
        # A line that is cut off would spoil the next one.
        with suppress(OSError):
            journal.truncate(start)
        raise
