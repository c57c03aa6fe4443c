"""Checkpoints: the state of an unfinished fit on disk, whole or not at all."""

import io
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import torch
from torch import Tensor

from pes.files import replaced
from pes.training.epoch import TrainingState

__all__ = ["latest_checkpoint", "load_checkpoint", "load_plain", "previous", "save_checkpoint"]

FORMAT = "pes training state"
VERSION = 1

TYPES: dict[str, type | tuple[type, ...]] = {
    "epoch": int,
    "seconds": (int, float),
    "parameters": Tensor,
    "best_parameters": Tensor,
    "best_loss": (int, float),
    "best_epoch": int,
    "optimizer": dict,
    "restart": int,
    "restart_loss": (int, float),
    "restart_epoch": int,
}
"""Types of the fields of a `TrainingState`."""


def previous(path: Path) -> Path:
    """Path of the state before the last one."""
    return path.with_name(f"previous_{path.name}")


def save_checkpoint(path: Path | str, state: TrainingState) -> None:
    """Write the state, plain types and tensors only; the one before it is kept beside."""
    path = Path(path)
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, "version": VERSION, "state": asdict(state)}, buffer)
    with replaced(path) as temporary:
        temporary.write_bytes(buffer.getvalue())
        if path.is_file():
            path.replace(previous(path))


def latest_checkpoint(path: Path) -> tuple[TrainingState, str | None]:
    """The last state that can be read, and what was wrong with the last one written, if so.

    Raises:
        FileNotFoundError, ValueError: if neither the last state nor the one before can be read.
    """
    try:
        return load_checkpoint(path), None
    except (FileNotFoundError, ValueError) as error:
        if not previous(path).is_file():
            raise
        return load_checkpoint(previous(path)), f"{error}; going on from {previous(path)}"


def load_checkpoint(path: Path | str) -> TrainingState:
    """The state that `save_checkpoint` wrote, on the CPU; no code of the file is executed.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: for a damaged file, another format or another version.
    """
    path = Path(path)
    content = load_plain(path)
    header = (content.get("format"), content.get("version")) if isinstance(content, dict) else None
    if not isinstance(content, dict) or header != (FORMAT, VERSION):
        raise ValueError(
            f"{path} is not a checkpoint that this pes can read (got {header}, "
            f"need {(FORMAT, VERSION)}); start afresh"
        )
    state = content.get("state")
    if not isinstance(state, dict) or set(state) != {one.name for one in fields(TrainingState)}:
        raise ValueError(f"{path} is the state of another kind of training; start afresh")
    for name, kind in TYPES.items():
        if not isinstance(state[name], kind):
            raise ValueError(
                f"{path}: `{name}` is of type {type(state[name]).__name__}, the file is damaged; "
                "start afresh"
            )
    return TrainingState(**state)


def load_plain(path: Path) -> Any:
    """Tensors and plain values that `torch.save` wrote, on the CPU; no code is executed.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: for a damaged file, or one that holds anything else.
    """
    if not path.is_file():
        raise FileNotFoundError(f"checkpoint {path} does not exist")
    try:
        with ZipFile(path) as file:
            damaged = file.testzip()
    except (BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError):
        damaged = "the whole"
    if damaged is not None:
        raise ValueError(
            f"{path} is truncated, damaged or not a checkpoint; resume from another, or start "
            "afresh"
        )
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # torch's own words advise to run the code of the file
        raise ValueError(
            f"{path} is not a checkpoint of pes: it contains other things than numbers, and it was "
            "not opened, because such a file can run code; resume from another, or start afresh"
        ) from None
