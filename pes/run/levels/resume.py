"""A calculation of levels that was cut short goes on from its last vectors."""

import hashlib
import io
import json
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pes.files import replaced
from pes.training.checkpoint import load_plain
from pes.vibration.eigensolvers.davidson import Progress

__all__ = ["STATE", "check_state", "digest", "earlier", "keeper"]

log = logging.getLogger("pes")

STATE = "levels.state"
INTERVAL = 60.0
"""Seconds between two states written."""


def check_state(folder: Path, resume: str | None, *, overwrite: bool) -> Path | None:
    """The state to go on from, None to start afresh.

    Args:
        folder: folder of the run.
        resume: `auto` for the state in the folder, if there is one; else a state file.
        overwrite: a state may be lost.

    Raises:
        ValueError: if the folder holds a state and nothing was said of it.
        FileNotFoundError: if there is no such state file.
    """
    if resume not in (None, "auto"):
        if not Path(resume).is_file():
            raise FileNotFoundError(
                f"--resume {resume}: no such file; --resume auto takes {STATE} of the run"
            )
        return Path(resume)
    path = folder / STATE
    if not path.exists() or (overwrite and resume is None):
        return None
    if resume is None:
        raise ValueError(
            f"{folder} holds a calculation that was cut short; continue it with --resume auto, or "
            "give --overwrite"
        )
    return path


def digest(content: Mapping[str, Any]) -> str:
    """Hash that tells one configuration from another."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def earlier(path: Path | None, configuration: str) -> Tensor | None:
    """Vectors in a state of the calculation whose configuration has this hash.

    Raises:
        ValueError: if the file is not the state of a levels calculation.
    """
    if path is None:
        return None
    try:
        state = load_plain(path)
        if not isinstance(state, dict) or set(state) != {"config", "products", "vectors"}:
            raise ValueError(f"{path} is not the state of a levels calculation")
    except ValueError as failure:
        log.warning("warning: %s; starting afresh", failure)
        return None
    if state["config"] != configuration:
        log.info("%s belongs to another configuration; starting afresh", path)
        return None
    log.info("going on from %s after %d products H·v", path, state["products"])
    return state["vectors"]


def keeper(folder: Path, configuration: str) -> Callable[[Progress], None]:
    """Function that writes the vectors of the first calculation once a minute."""
    written = time.monotonic()

    def keep(progress: Progress) -> None:
        nonlocal written
        if time.monotonic() - written < INTERVAL:
            return
        written = time.monotonic()
        folder.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        with replaced(folder / STATE) as temporary:
            state = {
                "config": configuration, "products": progress.matvecs,
                "vectors": progress.vectors.cpu(),
            }  # fmt: skip
            torch.save(state, buffer)
            temporary.write_bytes(buffer.getvalue())

    return keep
