"""A resumable batch of calculations: one line of a journal for each finished point."""

import json
import multiprocessing
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any, TextIO

from tqdm import tqdm

__all__ = ["read_journal", "run_journal"]

Record = Mapping[str, Any]


def read_journal(path: Path, settings: Record) -> dict[int, Record]:
    """Finished points of a journal by row; an unfinished last line is cut off the file.

    A journal that does not exist, or whose settings were cut short, is started.

    Raises:
        ValueError: if the journal was written with other settings or is damaged inside.
    """
    header = json.dumps(settings) + "\n"
    content = path.read_bytes() if path.exists() else b""
    if header.encode().startswith(content):
        path.write_text(header)
        return {}
    whole = content[: content.rfind(b"\n") + 1]
    first, *lines = whole.decode().split("\n")
    if not _same(first, header):
        raise ValueError(f"{path} was written with other settings; move it away to start afresh")
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
    """Whether two lines of JSON hold the same settings, in any order of their keys."""
    try:
        return json.loads(first) == json.loads(header)
    except json.JSONDecodeError:
        return False


def run_journal(
    calculate: Callable[[Any], Record],
    inputs: Sequence[Any],
    path: Path,
    settings: Record,
    *,
    workers: int = 2,
) -> list[Record]:
    """Run `calculate` on every input that the journal does not hold yet.

    Each result is on disk before the next is waited for, so a killed run loses at most
    the points in flight. A calculation that raises is recorded under `failure`.

    Args:
        calculate: picklable; one input to a record of plain numbers and lists.
        inputs: one for each row.
        path: journal file (JSON lines, the settings first).
        settings: everything that determines the results; checked on resuming.
        workers: processes.

    Returns:
        One record for each input, in their order; failed ones have `failure`.
    """
    done = read_journal(path, settings)
    waiting = [row for row in range(len(inputs)) if row not in done]
    failures = sum("failure" in record for record in done.values())
    progress = tqdm(total=len(inputs), initial=len(done), unit="point", smoothing=0.02)
    pool = ProcessPoolExecutor(workers, initializer=_end_with_parent)
    with pool, path.open("a") as journal, progress:
        futures = [pool.submit(_attempt, calculate, row, inputs[row]) for row in waiting]
        try:
            for future in as_completed(futures):
                record = future.result()
                _append(journal, record)
                done[record["row"]] = record
                failures += "failure" in record
                progress.update()
                progress.set_postfix(failed=failures)
        finally:
            # After an error or Ctrl-C, leaving the pool would first run all that waits,
            # for hours, and throw the results away.
            pool.shutdown(cancel_futures=True)
            # Points that were finished beside the error, or while the pool closed, are kept too.
            for record in _results(futures):
                if record["row"] not in done:
                    _append(journal, record)
                    done[record["row"]] = record
    return [done[row] for row in range(len(inputs))]


def _results(futures: Sequence[Future[Record]]) -> list[Record]:
    """Records of all calculations that ended without an error."""
    ended = [f for f in futures if f.done() and not f.cancelled()]
    return [future.result() for future in ended if future.exception() is None]


def _end_with_parent() -> None:
    """Let this worker end as soon as the process that started it is gone, even by SIGKILL.

    It would else wait for work for ever: the other workers hold the pipe that it waits at open.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _append(journal: TextIO, record: Record) -> None:
    """One line, on disk when this returns."""
    journal.write(json.dumps(record) + "\n")
    journal.flush()
    os.fsync(journal.fileno())


def _attempt(calculate: Callable[[Any], Record], row: int, value: Any) -> Record:
    try:
        return {"row": row, **calculate(value)}
    except (RuntimeError, ValueError, ArithmeticError) as error:
        return {"row": row, "failure": f"{type(error).__name__}: {error}"}
