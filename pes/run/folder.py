"""The folder of a run: made once, never half-written, never overwritten unasked."""

import logging
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
import yaml
from pydantic import BaseModel

from pes.files import HOST, RUN_FINISHED, named_errors, replaced
from pes.run.lock import locked
from pes.staging import recovered

__all__ = [
    "check_folder",
    "check_space",
    "check_writable",
    "claimed",
    "open_folder",
    "open_log",
    "pick_device",
    "silence_log",
    "write_config",
]

SIGNS = {
    RUN_FINISHED: "a training",
    "split.json": "a training",
    "levels.json": "levels",
    "isotopologues.json": "levels of isotopologues",
    "sweep.json": "levels of a sweep",
    "model.json": "a model",
    "evaluation.json": "an evaluation",
    "gradients.json": "a check of gradients",
    "audit.json": "an audit",
    "sample.json": "geometries",
    "label.json": "labelled points",
    "refinement.json": "a refinement",
}
"""Kind of folder by the name of a file in it."""

log = logging.getLogger("pes")

MOST_THREADS = 256
"""Largest number of CPU threads; with very many the process ends."""

TRIAL = 2**20
"""Bytes that a folder must take before the work begins."""


def check_folder(
    folder: Path, *, finished: str = RUN_FINISHED, overwrite: bool = False, resume: bool = False
) -> None:
    """Refuse a folder that a run must not write to, before any work is done.

    Args:
        folder: folder of the run, existing or not.
        finished: name of the file that the run writes last.
        overwrite: an earlier run of the same kind may be lost.
        resume: an unfinished run is wanted.

    Raises:
        ValueError: if it is a file, belongs to another command, or holds a finished or an
            unfinished run and neither `overwrite` nor `resume` was given.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file; choose another --output")
    for name, kind in SIGNS.items():
        if kind != SIGNS[finished] and (folder / name).exists():
            raise ValueError(f"{folder} holds {kind}; choose another --output or `name`")
    if (folder / finished).exists() and not overwrite:
        raise ValueError(f"{folder} holds a finished run; give --overwrite or another --output")
    if (folder / "config.yaml").exists() and not overwrite and not resume:
        advice = "continue it with --resume auto, or " if finished == RUN_FINISHED else ""
        raise ValueError(f"{folder} holds an unfinished run; {advice}give --overwrite")


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Make a folder the one of this process while the block runs, before any work is done.

    The folder is made, locked, put in order after a process that was killed, and tried with a
    file. If the block leaves nothing in it, it goes again.

    Raises:
        ValueError: if it is a file, or another process writes to it.
        OSError: if it cannot be written to, or its disk is full.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file; choose another --output")
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        check_writable(folder)
        with locked(folder):
            recovered(folder)
            yield
    finally:
        for one in made:
            with suppress(OSError):
                one.rmdir()


def check_writable(folder: Path) -> None:
    """Write a megabyte to a folder and remove it.

    Raises:
        OSError: if the folder cannot be written to, or its disk is full.
    """
    trial = folder / f".trial.{HOST}.{os.getpid()}.tmp"
    try:
        with trial.open("wb") as file:
            file.write(os.urandom(TRIAL))  # random: some file systems store zeros in no space
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from None
    finally:
        with suppress(OSError):
            trial.unlink()


def check_space(folder: Path, size: int) -> None:
    """Refuse a calculation whose results do not fit on the disk.

    Args:
        folder: folder that exists.
        size: size of the results, bytes.

    Raises:
        ValueError: with what is free and what is needed.
    """
    free = shutil.disk_usage(folder).free
    if free < size:
        raise ValueError(
            f"{folder}: the results take {size / 2**20:.3g} MiB, {free / 2**20:.3g} MiB are free; "
            "free some space, choose another --output or ask for fewer levels"
        )


def open_folder(folder: Path, *, finished: str = RUN_FINISHED, stale: Sequence[str] = ()) -> None:
    """Make a run folder, or enter it again.

    Args:
        folder: passed by `check_folder`.
        finished: name of the file that the run writes last; removed.
        stale: names of further files of an earlier run to remove.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in (finished, *stale):
        (folder / name).unlink(missing_ok=True)


def open_log(path: Path | None, *, append: bool = False) -> None:
    """Send what the run says to the screen and to a file, if there is one by now."""
    for handler in list(log.handlers):
        log.removeHandler(handler)
        with suppress(OSError):
            handler.close()
    log.setLevel(logging.INFO)
    log.propagate = False
    screen = logging.StreamHandler(sys.stdout)
    screen.handleError = lambda record: None  # a closed pipe ends no calculation
    log.addHandler(screen)
    if path is not None:
        file = logging.FileHandler(path, mode="a" if append else "w", encoding="utf-8")
        file.handleError = lambda record: _raise_named(path)
        log.addHandler(file)


def _raise_named(path: Path) -> None:
    """Raise the error of a log that cannot be written, which `logging` would print."""
    error = sys.exc_info()[1]
    if error is not None:
        with named_errors(path):
            raise error


def silence_log() -> None:
    """Send what the run says nowhere."""
    log.addHandler(logging.NullHandler())
    log.propagate = False


def pick_device(name: str, threads: int | None = None) -> torch.device:
    """The device by its name in the configuration; `auto` takes CUDA where there is one.

    Raises:
        ValueError: for MPS, which has no float64, an unknown name or a missing CUDA.
    """
    if threads is not None:
        most = max(MOST_THREADS, 2 * (os.cpu_count() or 1))
        if threads > most:
            raise ValueError(
                f"`threads` must be at most {most}, got {threads}; this machine has "
                f"{os.cpu_count()} processors"
            )
        torch.set_num_threads(threads)
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("mps"):
        raise ValueError("device mps has no float64 arithmetic; use cpu or cuda")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ValueError(f"unknown device {name!r}; use auto, cpu or cuda") from None
    if device.type not in ("cpu", "cuda"):
        raise ValueError(f"device {name!r} is not one of auto, cpu and cuda")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ValueError("device cuda: no CUDA device is visible; use --device cpu")
    return device


def write_config(path: Path, config: BaseModel | Mapping[str, Any]) -> None:
    """Write a configuration with every default spelled out, or its content."""
    content = config.model_dump(mode="json") if isinstance(config, BaseModel) else dict(config)
    with replaced(path) as temporary:
        temporary.write_text(yaml.safe_dump(content, sort_keys=False))
