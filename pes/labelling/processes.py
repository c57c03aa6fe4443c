"""Worker processes of this machine, each replaced by a new one if it is killed."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from queue import SimpleQueue
from traceback import format_exc
from typing import Any, NamedTuple

__all__ = ["KILLS", "WorkerLostError", "processes"]

KILLS = 3
"""Processes that one call may cost before it fails."""


class WorkerLostError(RuntimeError):
    """A call whose workers die, such as one that needs more memory than there is."""


class _Worker(NamedTuple):
    process: SpawnProcess
    pipe: Connection


@contextmanager
def processes(count: int) -> Iterator[Callable[..., Future[Any]]]:
    """Start `count` processes when they are needed; all are gone after the block.

    They are spawned, not forked: a fork of a process with threads may hang. One that is killed
    costs the call that it was at, which is repeated; the others go on.

    Args:
        count: number of processes.

    Yields:
        A function that sends a function and its arguments, all of which can be pickled, to the next
        free process and returns the future of the result.
    """
    idle: SimpleQueue[_Worker | None] = SimpleQueue()
    running: dict[int, _Worker] = {}
    closing = threading.Event()
    for _ in range(count):
        idle.put(None)

    def call(function: Callable[..., Any], *arguments: Any) -> Any:
        worker = idle.get()
        try:
            for _ in range(KILLS):
                if worker is None and not closing.is_set():
                    worker = _started()
                    running[worker.process.pid or 0] = worker
                if worker is None or closing.is_set():
                    raise WorkerLostError("the batch ended")
                try:
                    worker.pipe.send((function, arguments))
                    good, result = worker.pipe.recv()
                except (EOFError, OSError):
                    _end(running.pop(worker.process.pid or 0, worker))
                    worker = None
                    continue
                if good:
                    return result
                raise result
            raise WorkerLostError(f"its process was killed {KILLS} times; too little memory?")
        finally:
            idle.put(worker)

    threads = ThreadPoolExecutor(count)
    try:
        yield lambda function, *arguments: threads.submit(call, function, *arguments)
    finally:
        closing.set()
        threads.shutdown(wait=False, cancel_futures=True)
        _end_all(running)
        threads.shutdown()
        _end_all(running)  # what was just being started


def _started() -> _Worker:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there,), daemon=True)
    process.start()
    there.close()
    return _Worker(process, here)


def _end_all(running: dict[int, _Worker]) -> None:
    for worker in list(running.values()):
        _end(worker)


def _end(worker: _Worker) -> None:
    """Kill a worker and the program that it runs."""
    with suppress(OSError):
        os.killpg(worker.process.pid or 0, signal.SIGKILL)
    worker.process.kill()
    worker.process.join()


def _serve(pipe: Connection) -> None:
    """Answer calls until the other end is gone; then end, with whatever was started.

    A group of its own: Ctrl-C reaches the first process alone, and the programs that a worker
    starts can be ended with it.
    """
    os.setpgid(0, 0)
    _end_with_parent()
    with suppress(EOFError, OSError):  # the parent was killed
        while True:
            function, arguments = pipe.recv()
            answer = _answer(function, arguments)
            try:
                pipe.send(answer)
            except (TypeError, AttributeError, ValueError) as error:
                pipe.send((False, TypeError(f"{answer[1]!r} cannot be pickled: {error}")))


def _answer(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[bool, Any]:
    """Success of a call, and its result or its error with the traceback."""
    try:
        return True, function(*arguments)
    except Exception as error:
        error.add_note(f"in a worker process:\n{format_exc()}")
        return False, error


def _end_with_parent() -> None:
    """Let this process end as soon as the one that started it is gone, even by SIGKILL."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
