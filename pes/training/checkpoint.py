"""Checkpoints: the state of an unfinished fit on disk, whole or not at all."""

import io
from dataclasses import asdict, fields
from pathlib import Path
from pickle import UnpicklingError
from zipfile import is_zipfile

import torch

from pes.files import replaced
from pes.training.epoch import TrainingState

__all__ = ["latest_checkpoint", "load_checkpoint", "previous", "save_checkpoint"]

FORMAT = "pes training state"
VERSION = 1


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
    if not path.is_file():
        raise FileNotFoundError(f"there is no checkpoint {path}")
    if not is_zipfile(path):
        raise ValueError(
            f"{path} is truncated or not a checkpoint; resume from another, or start afresh"
        )
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{path} is not a checkpoint of pes ({reason})") from None
    header = (content.get("format"), content.get("version")) if isinstance(content, dict) else None
    if not isinstance(content, dict) or header != (FORMAT, VERSION):
        raise ValueError(
            f"{path} is not a checkpoint that this pes can read (got {header}, "
            f"need {(FORMAT, VERSION)}); start afresh"
        )
    state = content["state"]
    if set(state) != {field.name for field in fields(TrainingState)}:
        raise ValueError(f"{path} holds another training state; start afresh")
    return TrainingState(**state)
