"""A calculation of levels that was cut short goes on from its last vectors.

Where sizes are given these are the vectors of the iterations; where sizes grow, the levels of the
last two calculations, and the vectors of the one under way.
"""

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
from pes.setup.automatic.quanta.kept_stages import Store
from pes.training.checkpoint import load_plain
from pes.vibration.eigensolvers.davidson import Progress

__all__ = [
    "STATE",
    "check_state",
    "digest",
    "earlier",
    "keeper",
    "series_digest",
    "series_store",
]

log = logging.getLogger("pes")

STATE = "levels.state"
LIMITS = ("minutes", "memory", "threads", "device")
"""Keys that do not change the levels, only how many of them are reached and how fast."""

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
            f"{folder} holds a calculation that ended early; continue it with --resume auto, or "
            "give --overwrite"
        )
    return path


def digest(content: Mapping[str, Any]) -> str:
    """Hash that tells one configuration from another."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def series_digest(content: Mapping[str, Any]) -> str:
    """Hash of a configuration without the time and memory that a growing series may take."""
    return digest({k: _without_limits(v) for k, v in content.items() if k not in LIMITS})


def _without_limits(value: Any) -> Any:
    """A section, such as that of a training, without the limits."""
    if not isinstance(value, Mapping):
        return value
    return {k: v for k, v in value.items() if k not in LIMITS}


def series_store(folder: Path, state: Path | None, configuration: str) -> Store:
    """Calculations of a growing series in a state, and the file that later ones are kept in.

    Args:
        folder: folder of the results.
        state: state file to go on from; None to begin afresh.
        configuration: hash of the configuration.
    """
    content = _read(state, configuration, {"config", "series"})

    def write(series: Mapping[str, Any]) -> None:
        _write(folder, {"config": configuration, "series": dict(series)})

    if content is None:
        return Store(write=write)
    store = Store(content["series"], write)
    log.info("going on from %s after %.0f CPU-s", state, store.seconds)
    return store


def earlier(path: Path | None, configuration: str) -> Tensor | None:
    """Vectors in a state of the calculation whose configuration has this hash."""
    state = _read(path, configuration, {"config", "products", "vectors"})
    if state is None:
        return None
    log.info("going on from %s after %d products H·v", path, state["products"])
    return state["vectors"]


def _read(path: Path | None, configuration: str, keys: set[str]) -> dict[str, Any] | None:
    """A state with these keys and of this configuration; None, and a sentence, for another."""
    if path is None:
        return None
    try:
        state = load_plain(path)
        if not isinstance(state, dict) or "config" not in state:
            raise ValueError(f"{path} is not the state of a levels calculation")
    except ValueError as failure:
        log.warning("warning: %s; starting afresh", failure)
        return None
    if state["config"] != configuration or set(state) != keys:
        log.info("%s belongs to another configuration; starting afresh", path)
        return None
    return state


def keeper(folder: Path, configuration: str) -> Callable[[Progress], None]:
    """Function that writes the vectors of the first calculation once a minute."""
    written = time.monotonic()

    def keep(progress: Progress) -> None:
        nonlocal written
        if time.monotonic() - written < INTERVAL:
            return
        written = time.monotonic()
        _write(folder, {
            "config": configuration, "products": progress.matvecs,
            "vectors": progress.vectors.cpu(),
        })  # fmt: skip

    return keep


def _write(folder: Path, state: Mapping[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    with replaced(folder / STATE) as temporary:
        temporary.write_bytes(buffer.getvalue())
