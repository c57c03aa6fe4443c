"""One file per surface: tensors in safetensors, everything else as JSON in its header."""

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from pes.files import replaced
from pes.molecule import Molecule
from pes.potential.atomic_charges import MARK
from pes.potential.header import (
    FORMAT,
    METADATA,
    UNITS,
    VERSION,
    header_of,
    signed,
    unsigned,
)
from pes.potential.kinds import Functions, references, surface_from, surface_settings

__all__ = ["SurfaceRecord", "load_surface", "save_surface"]

PREFIX = "surface."
POSITIONS = "training_positions"
FINGERPRINTS = "fingerprints."
"""Prefix of the name of a part of the points."""


@dataclass(frozen=True)
class SurfaceRecord:
    """Origin of a surface: atoms, training points, errors.

    Attributes:
        symbols: isotope symbols in the order of the positions.
        energy_range: lowest and highest training energy in hartree.
        data_hash: data hash of the training data.
        training_positions: (T, N, 3) in bohr, what `Coverage` asks for.
        notes: anything else that JSON can hold: configuration, errors, versions.
        fingerprints: part (`train`, `validation`, `test`) → fingerprints (M,) of all its points,
            which show whether points of a file took part in the fit.
    """

    symbols: tuple[str, ...]
    energy_range: tuple[float, float]
    data_hash: str
    training_positions: Tensor
    notes: dict[str, Any] = field(default_factory=dict)
    fingerprints: dict[str, Tensor] = field(default_factory=dict)


def save_surface(path: Path | str, surface: nn.Module, record: SurfaceRecord) -> None:
    """Write a surface and its record to one file.

    An interrupted write leaves no incomplete file.

    Args:
        path: usually ending in `.safetensors`; replaced if it exists.
        surface: one of `SURFACES`.
        record: where it comes from.

    Raises:
        ValueError: for a surface that is none of `SURFACES`.
    """
    header = {
        "format": FORMAT,
        "version": VERSION,
        "units": UNITS,
        "settings": surface_settings(surface),
        "symbols": list(record.symbols),
        "energy_range": list(record.energy_range),
        "data_hash": record.data_hash,
        "notes": record.notes,
    }
    tensors = {PREFIX + name: tensor for name, tensor in surface.state_dict().items()}
    tensors[POSITIONS] = record.training_positions
    tensors |= {FINGERPRINTS + part: keys for part, keys in record.fingerprints.items()}
    own = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    metadata = {METADATA: signed(header, own)}
    with replaced(path) as temporary:
        temporary.write_bytes(save(own, metadata))


def load_surface(
    path: Path | str, *, functions: Callable[[str], Callable[[Tensor], Tensor]] | None = None
) -> tuple[nn.Module, SurfaceRecord]:
    """The surface and the record that `save_surface` wrote, on the CPU.

    Nothing in the file is executed: a pickle is refused without being opened, and a function that
    the file names is not imported.

    Args:
        path: path of the file.
        functions: turns the reference of a function, such as `file.py:function`, into the
            function; needed where a surface is built on one, which the file knows by name only.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: for a damaged file, another format or another version, a header that the
            schema refuses, or a surface built on a function if no `functions` is given.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no surface file {path}")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(
            f"{path} is cut off, damaged or no safetensors file ({error}); "
            "copy it again or write it with save_surface"
        ) from None
    header = _header(path, metadata, tensors)
    known = _functions(path, header, functions)
    try:
        surface = surface_from(header["settings"], known)
        positions = tensors.pop(POSITIONS)
        parts = [name for name in tensors if name.startswith(FINGERPRINTS)]
        keys = {name.removeprefix(FINGERPRINTS): tensors.pop(name) for name in parts}
        made = {n: t for n, t in surface.state_dict().items() if not t.is_floating_point()}
        stored = {n.removeprefix(PREFIX): t for n, t in tensors.items()}
        _check_tensors(header, surface, stored, positions)
        surface.load_state_dict(made | stored if header["version"] == 1 else stored)
        record = SurfaceRecord(
            tuple(header["symbols"]),
            (header["energy_range"][0], header["energy_range"][1]),
            header["data_hash"],
            positions,
            header["notes"],
            keys,
        )
    except (KeyError, IndexError, TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(
            f"{path}: header and tensors do not agree ({reason}); copy the file again"
        ) from None
    return surface, record


def _functions(
    path: Path,
    header: dict[str, Any],
    functions: Callable[[str], Callable[[Tensor], Tensor]] | None,
) -> Functions:
    names = references(header["settings"])
    if names and functions is None:
        raise ValueError(
            f"{path}: this surface is built on the function {names[0]}, which the file knows by "
            "name only and does not run; pass `functions`, which turns the name into the function"
        )
    return {} if functions is None else {name: functions(name) for name in names}


def _header(path: Path, metadata: dict[str, str], tensors: dict[str, Tensor]) -> dict[str, Any]:
    """The header of a file whose checksum is right, or that is older than checksums."""
    text, right = unsigned(metadata.get(METADATA, ""), tensors)
    try:
        header = json.loads(text)
        found = (header["format"], header["version"])
    except (KeyError, TypeError, json.JSONDecodeError, RecursionError):
        raise ValueError(
            f"{path} holds tensors but no {FORMAT}; was it written by save_surface?"
        ) from None
    if found[0] != FORMAT or found[1] not in range(1, VERSION + 1):
        raise ValueError(
            f"{path} is {found[0]!r} version {found[1]}, this pes reads {FORMAT!r} version 1 to "
            f"{VERSION}; use the version of pes that wrote it"
        )
    if right is None and found[1] < 3:
        warnings.warn(
            f"{path} is of an earlier version without a checksum: damage would not be noticed; "
            "load it and write it again with pes.save", stacklevel=4,
        )  # fmt: skip
    elif not right:
        raise ValueError(
            f"{path} is damaged: its checksum does not belong to its content; copy it again from "
            "where it was written, or repeat the run"
        )
    try:
        return header_of(text)
    except ValueError as error:
        raise ValueError(f"{path}: {error}; write it again with save_surface") from None


def _check_tensors(
    header: dict[str, Any], surface: nn.Module, stored: dict[str, Tensor], positions: Tensor
) -> None:
    """Types, shapes and values that `load_state_dict` would accept or convert without a word.

    Raises:
        ValueError: which tensor is wrong.
    """
    atoms = len(header["symbols"])
    if positions.ndim != 3 or positions.shape[1:] != (atoms, 3):
        raise ValueError(f"{POSITIONS} of shape {tuple(positions.shape)} for {atoms} atoms")
    elements = Molecule(header["symbols"]).elements
    for part in surface.modules():
        own = tuple(e.removesuffix(MARK) for e in getattr(part, "elements", elements))
        if own != elements:
            raise ValueError(f"a surface of {' '.join(own)} for {' '.join(elements)}")
    expected = {POSITIONS: torch.float64, **{n: t.dtype for n, t in surface.state_dict().items()}}
    for name, tensor in {**stored, POSITIONS: positions}.items():
        if tensor.dtype != expected.get(name, tensor.dtype):
            raise ValueError(f"{name} must have type {expected[name]}, has {tensor.dtype}")
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise ValueError(f"{name} holds NaN or infinity")
