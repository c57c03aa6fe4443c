"""One broken input after the other, each in a fork of this process, and how the command took it."""

import importlib
import os
import pkgutil
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import torch

import pes
from pes import cli
from pes.run.audit.command import EXIT_CODES

__all__ = ["COMMANDS", "OUTCOMES", "Attack", "Outcome", "attacked", "forked", "preload"]

COMMANDS: Mapping[str, Callable[[list[str]], None]] = {
    "train": cli.train, "levels": cli.levels, "refine": cli.refine, "evaluate": cli.evaluate,
    "audit": cli.audit, "convert": cli.convert, "sample": cli.sample, "export": cli.export,
    "label": cli.label, "spectrum": cli.spectrum, "check-gradients": cli.check_gradients,
    "report": cli.report,
}  # fmt: skip

OUTCOMES = ("clear", "accepted", "traceback", "silent", "hang", "crash", "lost", "code run")
"""One line and exit code 2; exit code 0; a traceback or several lines; another exit code without a
word; more than the time; a signal; earlier results changed though the command failed; code of a
data file was run."""

RESULTS = (".h5", ".safetensors", ".pt", ".csv", ".xyz", "split.json")

SECONDS = 60
"""CPU seconds after which a command hangs; wall time may be five times that."""

MEMORY = 6 * 2**30
"""Bytes of address space that a command may take: a declared size must not be believed."""


@dataclass(frozen=True)
class Attack:
    """A command and what is broken in its input.

    Attributes:
        command: name without `pes-`.
        name: what is broken.
        arguments: of the command.
        broken: puts the broken input into a folder that holds the valid one.
        right: accepting it is right, for the reason given.
    """

    command: str
    name: str
    arguments: tuple[str, ...]
    broken: Callable[[Path], object] = field(repr=False)
    right: str = ""


@dataclass(frozen=True)
class Outcome:
    """How a command took an attack: one of `OUTCOMES`, its words, and its time in s."""

    attack: Attack
    kind: str
    words: str
    seconds: float


def attacked(attack: Attack, valid: Path, work: Path, *, seconds: int = SECONDS) -> Outcome:
    """Run a command on a broken copy of a folder.

    Args:
        attack: what is broken.
        valid: folder of valid inputs.
        work: folder to work in, emptied first.
        seconds: of CPU time after which the command hangs.
    """
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(valid, work, symlinks=True)
    attack.broken(work)
    before = _results(work)
    started = time.monotonic()
    status, words = forked(attack.command, attack.arguments, work, seconds=seconds)
    took = time.monotonic() - started
    kind = _kind(attack.command, status, words)
    if (work / "executed").exists():
        kind = "code run"
    elif kind not in ("accepted", "crash", "hang") and not before.items() <= _results(work).items():
        kind = "lost"
    return Outcome(attack, kind, words.strip()[-2000:], took)


def preload() -> None:
    """Import the whole package once, which every fork would do again."""
    ours = [module.name for module in pkgutil.walk_packages(pes.__path__, "pes.")]
    for name in (*ours, "matplotlib.pyplot", "scipy.optimize", "torch.func"):
        if not name.endswith("__main__"):
            with suppress(ModuleNotFoundError):  # an extra that is not installed
                importlib.import_module(name)


def _results(work: Path) -> dict[str, bytes]:
    """Results of earlier commands in `runs`; logs grow, and configurations are written in full."""
    files = (file for kind in RESULTS for file in (work / "runs").rglob(f"*{kind}"))
    return {str(file): file.read_bytes() for file in files}


def forked(
    command: str,
    arguments: Sequence[str],
    work: Path,
    *,
    before: Callable[[], object] = lambda: None,
    seconds: int = SECONDS,
) -> tuple[int | None, str]:
    """Run a command in a fork of this process.

    Args:
        command: name without `pes-`.
        arguments: of the command.
        work: folder to work in.
        before: called in the fork first.
        seconds: of CPU time after which the command is killed.

    Returns:
        Exit status as `os.waitpid` gives it, None after too long a time; and what went to stderr.
    """
    # A pipe: files of the command may be on a disk that is full.
    ours, theirs = os.pipe()
    if not (pid := os.fork()):
        code = 1
        try:
            code = _child(command, arguments, work, theirs, seconds, before)
        finally:
            os._exit(code)
    os.close(theirs)
    try:
        return _waited(pid, 5 * seconds), _words(ours)
    finally:
        os.close(ours)


def _words(pipe: int) -> str:
    """Whatever a command left in a pipe, which processes of its own may still hold open."""
    os.set_blocking(pipe, False)
    words = b""
    with suppress(BlockingIOError):
        while more := os.read(pipe, 2**16):
            words += more
    return words.decode(errors="replace")


def _waited(pid: int, seconds: float) -> int | None:
    end = time.monotonic() + seconds
    pause = 0.002
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        time.sleep(pause)
        pause = min(0.05, 1.5 * pause)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


def _child(
    command: str, arguments: Sequence[str], work: Path, errors: int, seconds: int,
    before: Callable[[], object],
) -> int:  # fmt: skip
    os.chdir(work)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(errors, 2)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    torch.set_num_threads(1)  # threads do not live on in forks
    code = 0
    try:
        before()
        COMMANDS[command](list(arguments))
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def _kind(command: str, status: int | None, words: str) -> str:
    if status is None:
        return "hang"
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGXCPU:
        return "hang"
    if code < 0:
        return "crash"
    if "Traceback" in words:
        return "traceback"
    if code == 0:
        return "accepted"
    if command == "audit" and code in EXIT_CODES.values():
        return "clear"  # the report says what is wrong
    lines = [line for line in words.splitlines() if not line.startswith("pes: warning: ")]
    if code == 2 and lines and lines[-1].startswith(("pes: ", "pes-")):
        return "clear"
    return "silent"
