"""A resumable batch of calculations: one line of a journal for each finished point."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, as_completed
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

from pes.labelling.journal import append, opened, read_journal
from pes.labelling.processes import WorkerLostError

__all__ = ["HOPELESS", "Report", "run_batch"]

Record = Mapping[str, Any]
Submit = Callable[..., "Future[Record]"]
Report = Callable[[int, int, int], object]
"""Called with the numbers of points that are done, of those that failed, and of all."""

HOPELESS = 10
"""Failures without any success after which a batch stops: there is something wrong with all."""


def run_batch(
    calculate: Callable[[int, Any], Record],
    inputs: Sequence[Any],
    path: Path,
    settings: Record,
    *,
    submit: Submit,
    retry: bool = False,
    report: Report = lambda *_: None,
) -> list[Record]:
    """Run `calculate` on every input that the journal does not hold yet.

    Each result is on disk before the next is waited for, so a killed run loses at most the points
    in flight.

    Args:
        calculate: row and input to a record of plain numbers and lists, with `row`, and with
            `failure` where the calculation failed. Any error stops the batch.
        inputs: one for each row.
        path: journal file (JSON lines, the settings first).
        settings: everything that determines the results; checked on resuming.
        submit: sends a function and its arguments to a worker.
        retry: calculate failed points of the journal again.
        report: see `Report`.

    Returns:
        One record for each input, in their order; failed ones have `failure`.

    Raises:
        ValueError: if the first points all fail, or the journal is of other settings.
    """
    done = dict(read_journal(path, settings))
    if retry:
        done = {row: record for row, record in done.items() if "failure" not in record}
    waiting = [row for row in range(len(inputs)) if row not in done]
    report(len(done), _failed(done), len(inputs))
    with opened(path) as journal, _submitted(submit, calculate, waiting, inputs) as futures:
        try:
            for future in as_completed(futures):
                _kept(journal, done, _record(future, futures[future]))
                report(len(done), _failed(done), len(inputs))
                _check_hope(done)
        finally:
            # Points that were finished beside an error are kept too.
            for future, row in futures.items():
                if row not in done and _succeeded(future):
                    _kept(journal, done, future.result())
    return [done[row] for row in range(len(inputs))]


@contextmanager
def _submitted(
    submit: Submit, calculate: Callable[..., Record], rows: Sequence[int], inputs: Sequence[Any]
) -> Iterator[dict[Future[Record], int]]:
    """The row of every future; after an error, what still waits is not begun."""
    futures = {submit(calculate, row, inputs[row]): row for row in rows}
    try:
        yield futures
    finally:
        for future in futures:
            future.cancel()


def _record(future: Future[Record], row: int) -> Record:
    """The result; a point that no worker survives is a failed one."""
    try:
        return future.result()
    except WorkerLostError as error:
        return {"row": row, "failure": str(error)}


def _succeeded(future: Future[Record]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _kept(journal: FileIO, done: dict[int, Record], record: Record) -> None:
    append(journal, record)
    done[record["row"]] = record


def _failed(done: Mapping[int, Record]) -> int:
    return sum("failure" in record for record in done.values())


def _check_hope(done: Mapping[int, Record]) -> None:
    if len(done) >= HOPELESS and _failed(done) == len(done):
        row = min(done)
        raise ValueError(
            f"the first {len(done)} points all failed; row {row}: {done[row]['failure']}; correct "
            "it and try these points again (--retry)"
        )
