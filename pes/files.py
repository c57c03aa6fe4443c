"""Files that are whole or absent: written beside their place, then moved there."""

import csv
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["RUN_FINISHED", "RUN_SURFACE", "replaced", "write_csv", "write_json"]

RUN_SURFACE = "surface.safetensors"
"""Name of the surface in the folder of a training."""

RUN_FINISHED = "summary.json"
"""Written last by a training."""


@contextmanager
def replaced(path: str | Path) -> Iterator[Path]:
    """A temporary file in the folder of `path`, put in its place when the block ends well.

    Killed or failed half-way, what stood at `path` before stays as it was.

    Raises:
        FileNotFoundError: if the folder does not exist.
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{target}: the folder {target.parent} does not exist")
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON, whole or not at all; NaN becomes null."""
    with replaced(path) as temporary:
        temporary.write_text(json.dumps(_plain(content), indent=1, allow_nan=False) + "\n")


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows with their keys as head, whole or not at all."""
    with replaced(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else [])
        writer.writeheader()
        writer.writerows(rows)


def _plain(value: Any) -> Any:
    """Mappings, lists and numbers; an array or a tensor becomes a list."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and value != value:
        return None
    return value
