"""Signals that ask a training or a calculation of levels to stop: it saves and leaves."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Stopped", "stop_signals"]

SIGNALS = tuple(
    signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGUSR1") if hasattr(signal, name)
)


class Stopped(Exception):  # noqa: N818 - asked for, no error
    """A training or calculation stopped by a signal, what it reached saved.

    Args:
        number: number of the signal.
        saved: what follows "stopped by SIGTERM": what was saved, where, and how to go on.
    """

    def __init__(self, number: int, saved: str) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}{saved}")
        self.number = number

    @property
    def code(self) -> int:
        """The exit code that shells give to a process ended by this signal."""
        return 128 + self.number


@contextmanager
def stop_signals() -> Iterator[Callable[[], int]]:
    """Note SIGINT, SIGTERM and SIGUSR1 while the block runs; each at its second time kills.

    Outside the main thread, where Python allows no handlers, nothing is noted.

    Yields:
        A function that returns the number of the last signal received, 0 if there was none.
    """
    received = [0]

    def note(number: int, frame: FrameType | None) -> None:
        received[0] = number
        signal.signal(number, signal.SIG_DFL)

    if threading.current_thread() is not threading.main_thread():
        yield lambda: 0
        return
    before = {number: signal.signal(number, note) for number in SIGNALS}
    try:
        yield lambda: received[0]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
