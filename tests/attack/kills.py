"""Commands that SIGKILL ends, or whose disk is full, anywhere: what is left, and how they go on.

A moment is counted in changes of files: every file that a command opens to write, moves or removes
in its folder. Each command works by turns in an empty folder and where it has worked before, with
other results.
"""

import os
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from attack.cases import COMMAND_LINES
from attack.harness import forked
from safetensors import safe_open

import pes
from pes.data.formats.extxyz import write_geometries

__all__ = ["BAD_ENDS", "ENDS", "RESULTS", "WAYS", "Broken", "Interruption", "interruptions"]

ENDS = ("same", "refused", "lost", "other", "silent")
"""The same results as those of a whole run; a second run that fails; earlier results gone or mixed;
other results; a full disk without one clear line."""

BAD_ENDS = ENDS[1:]

WAYS = ("kill", "kill in writing", "kill on a slow disk", "full disk")

RESULTS: Mapping[str, str] = {
    "train": "runs/tiny/surface.safetensors", "levels": "runs/tiny/levels.csv",
    "refine": "runs/tiny/surface.safetensors", "sample": "runs/tiny/geometries.xyz",
    "evaluate": "runs/evaluation/predictions.csv", "audit": "runs/audit/audit.csv",
    "convert": "out.xyz", "export": "water.py", "label": "runs/tiny/points.h5",
    "spectrum": "runs/tiny/lines.csv", "check-gradients": "runs/gradients/gradients.csv",
}  # fmt: skip
"""File of each command by which its results are compared."""

EARLIER: Mapping[str, tuple[str, ...]] = {
    "train": ("--set", "training.epochs=2"), "levels": ("--set", "levels=2"),
    "refine": ("--set", "adjust.degree=2"), "sample": ("--set", "count=4"),
    "label": ("--set", "geometries=less.xyz"), "spectrum": ("--set", "levels=2"),
}  # fmt: skip
"""What makes earlier results of a command others; those without get fewer points."""

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate")
"""Audit events of a file that changes, beside those of `open`."""


@dataclass(frozen=True)
class Interruption:
    """A command that is broken off.

    Attributes:
        command: name without `pes-`.
        way: one of `WAYS`.
        share: where, as a share of all changes of files of a whole run.
        again: whether there are earlier results.
        delay: seconds after that change, for kills in writing.
    """

    command: str
    way: str
    share: float
    again: bool
    delay: float


def interruptions(seed: int, count: int) -> Iterator[Interruption]:
    """So many moments for each command and each of `WAYS`."""
    draw = Random(seed)
    for command in RESULTS:
        for way in WAYS:
            for k in range(count):
                yield Interruption(command, way, draw.random(), k % 2 == 1, draw.uniform(0, 0.01))


class Broken:
    """Runs of one command: whole once, then broken off and given again.

    Args:
        command: name without `pes-`.
        valid: folder of valid inputs.
        folder: empty, to work in.
    """

    def __init__(self, command: str, valid: Path, folder: Path) -> None:
        self.command = command
        self.empty, self.used, self.work = (folder / name for name in ("empty", "used", "work"))
        shutil.copytree(valid, self.empty, dirs_exist_ok=True)
        _more_inputs(self.empty)
        shutil.copytree(self.empty, self.work)
        status, words = self._run(self.work, before=_count)
        assert status == 0, (status, words)
        self.new = contents(self.work / RESULTS[command])
        self.changes = int((self.work / "changes").read_text())
        shutil.copytree(self.empty, self.used)
        with _fewer_points(self.used, others=command not in EARLIER):
            status, words = self._run(self.used, *EARLIER.get(command, ()))
        assert status == 0, (status, words)
        self.old = contents(self.used / RESULTS[command])

    def end(self, one: Interruption) -> tuple[str, str]:
        """One of `ENDS`, and the last words."""
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(self.used if one.again else self.empty, self.work)
        number = 1 + int(one.share * self.changes)
        more = ("--overwrite",) if one.again else ()
        status, words = self._run(self.work, *more, before=lambda: _break_off(one, number))
        left = contents(self.work / RESULTS[self.command])
        if left not in (self.old if one.again else None, self.new):
            return "lost", words
        if status == 0:
            return ("same" if left == self.new else "other"), words
        if one.way == "full disk" and not _is_one_line(status, words):
            return "silent", words
        status, words = self._run(self.work, *self._once_more(one.again))
        left = contents(self.work / RESULTS[self.command])
        if status and not (left == self.new and "holds a finished run" in words):
            return "refused", words
        return ("same" if left == self.new else "other"), words

    def _run(
        self, work: Path, *more: str, before: Callable[[], object] = lambda: None
    ) -> tuple[int | None, str]:
        return forked(self.command, (*COMMAND_LINES[self.command], *more), work, before=before)

    def _once_more(self, again: bool) -> tuple[str, ...]:
        """What the documentation says to add after a run that was broken off."""
        if self.command == "label" and not again:
            return ()
        if self.command in ("train", "levels") and not again:
            return ("--resume", "auto")
        return ("--overwrite",)


def _more_inputs(folder: Path) -> None:
    """Fewer points, for other results."""
    data = pes.read(folder / "water.h5")
    pes.write(folder / "less.h5", data.select(slice(0, 40)))
    write_geometries(folder / "less.xyz", data.symbols, data.positions[:2])


@contextmanager
def _fewer_points(folder: Path, *, others: bool) -> Iterator[None]:
    """Within the block water.h5 holds fewer points, if `others`."""
    whole = (folder / "water.h5").read_bytes()
    if others:
        shutil.copy(folder / "less.h5", folder / "water.h5")
    yield
    (folder / "water.h5").write_bytes(whole)


def contents(path: Path) -> str | None:
    """What a file of results says, None where there is none; times apart."""
    if not path.exists():
        return None
    if path.suffix == ".safetensors":
        with safe_open(path, framework="np") as file:
            tensors = {name: file.get_tensor(name).tobytes() for name in sorted(file.keys())}
        return repr(tensors)
    if path.suffix == ".h5":
        data = pes.read(path)
        return repr((data.positions.tolist(), data.energies.tolist()))
    return path.read_text()


def _changes(at: Callable[[], object]) -> None:
    """Call a function at every change of a file in the present folder, in this process."""
    here = os.getcwd()

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if not isinstance(flags, int) or not flags & WRITING:
                return
        elif event in CHANGES:
            path = arguments[0]
        else:
            return
        if isinstance(path, str | os.PathLike) and os.path.abspath(path).startswith(here):
            at()

    sys.addaudithook(hook)


def _count() -> None:
    """Keep the number of changes in a file of its own."""
    number = 0
    file = os.open("changes", os.O_WRONLY | os.O_CREAT)

    def at() -> None:
        nonlocal number
        number += 1
        os.pwrite(file, b"%d" % number, 0)

    _changes(at)


def _break_off(one: Interruption, number: int) -> None:
    """Kill this process at a change of a file or soon after it, or take it the disk."""
    left = number

    def at() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            HOW[one.way](one.delay)

    if one.way == "kill on a slow disk":
        written = os.fsync
        os.fsync = lambda file: (time.sleep(0.01), written(file))[1]
    _changes(at)


def _kill(_: float) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _kill_soon(delay: float) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends the process at once, as SIGKILL does
    signal.setitimer(signal.ITIMER_REAL, delay + 1e-6)


def _fill_disk(_: float) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


HOW: Mapping[str, Callable[[float], None]] = {
    "kill": _kill,
    "kill in writing": _kill_soon,
    "kill on a slow disk": _kill_soon,
    "full disk": _fill_disk,
}


def _is_one_line(status: int | None, words: str) -> bool:
    """Whether a command ended with exit code 2, without a traceback, and with a line of its own."""
    ended = status is not None and os.waitstatus_to_exitcode(status) == 2
    return ended and "Traceback" not in words and words.splitlines()[-1].startswith("pes")
