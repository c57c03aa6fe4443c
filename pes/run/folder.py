"""The folder of a run: made once, never half-written, never overwritten unasked."""

import json
import logging
import platform
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
import yaml
from pydantic import BaseModel

from pes.files import replaced

__all__ = [
    "check_folder",
    "environment",
    "environment_line",
    "open_folder",
    "open_log",
    "pick_device",
    "silence_log",
    "write_config",
    "write_json",
]

FINISHED = "summary.json"
"""Written last by a training."""
SIGNS = {
    FINISHED: "a training",
    "split.json": "a training",
    "levels.json": "levels",
    "model.json": "a model",
    "evaluation.json": "an evaluation",
    "audit.json": "an audit",
    "sample.json": "geometries",
    "refinement.json": "a refinement",
}
"""What a file of each name says about the folder it lies in."""
PACKAGES = ("pes", "torch", "numpy", "scipy", "h5py", "qcelemental")

log = logging.getLogger("pes")


def check_folder(
    folder: Path, *, finished: str = FINISHED, overwrite: bool = False, resume: bool = False
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
        advice = "continue it with --resume auto, or " if finished == FINISHED else ""
        raise ValueError(f"{folder} holds an unfinished run; {advice}give --overwrite")


def open_folder(folder: Path, *, finished: str = FINISHED, stale: Sequence[str] = ()) -> None:
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


def environment(device: torch.device, seed: int | None = None) -> dict[str, Any]:
    """What a reader needs to judge the numbers: versions, device, precision, seed."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return {
        # torch's own word tells a CPU build from a CUDA one.
        "versions": {"python": platform.python_version(), **versions, "torch": torch.__version__},
        "device": str(device),
        "threads": torch.get_num_threads(),
        "dtype": "float64",
        "units": "inside: hartree, bohr, electron mass; files and tables: cm-1, angstrom, u",
        "seed": seed,
    }


def environment_line(device: torch.device, seed: int | None = None) -> str:
    """The same for the first line of a log."""
    known = environment(device, seed)
    versions = ", ".join(f"{name} {number}" for name, number in known["versions"].items())
    drawn = "" if seed is None else f", seed {seed}"
    return (
        f"{versions}; {known['device']}, {known['threads']} threads, {known['dtype']}{drawn}; "
        f"units {known['units']}"
    )


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON, whole or not at all; a number that is none becomes null."""
    with replaced(path) as temporary:
        temporary.write_text(json.dumps(_plain(content), indent=1, allow_nan=False) + "\n")


def write_config(path: Path, config: BaseModel) -> None:
    """Write the resolved configuration with every default spelled out."""
    with replaced(path) as temporary:
        temporary.write_text(yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, torch.Tensor):
        return _plain(value.tolist())
    if isinstance(value, float) and value != value:
        return None
    return value
