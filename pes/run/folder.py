"""The folder of a run: made once, never half-written, never overwritten unasked."""

import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import yaml
from pydantic import BaseModel

from pes.files import RUN_FINISHED, replaced

__all__ = [
    "check_folder",
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
    "model.json": "a model",
    "evaluation.json": "an evaluation",
    "audit.json": "an audit",
    "sample.json": "geometries",
    "refinement.json": "a refinement",
}
"""What a file of each name says about the folder it lies in."""

log = logging.getLogger("pes")


def check_folder(
    folder: Path, *, finished: str = RUN_FINISHED, overwrite: bool = False, resume: bool = False
) -> None:
    """Refuse a folder that a run must not write to, before any work is done.

    Args:
        folder: of the run, existing or not.
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
        handler.close()
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(logging.StreamHandler(sys.stdout))
    if path is not None:
        log.addHandler(logging.FileHandler(path, mode="a" if append else "w", encoding="utf-8"))


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
        torch.set_num_threads(threads)
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("mps"):
        raise ValueError("device mps has no float64 arithmetic; use cpu or cuda")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ValueError(f"unknown device {name!r}; use auto, cpu or cuda") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ValueError("device cuda: no CUDA device is visible; use --device cpu")
    return device


def write_config(path: Path, config: BaseModel | Mapping[str, Any]) -> None:
    """Write a configuration with every default spelled out, or its content."""
    content = config.model_dump(mode="json") if isinstance(config, BaseModel) else dict(config)
    with replaced(path) as temporary:
        temporary.write_text(yaml.safe_dump(content, sort_keys=False))
