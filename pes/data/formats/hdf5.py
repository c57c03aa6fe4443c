"""Datasets in HDF5: every number with its unit, every file with where it came from.

Layout, version 1. Root attributes `format` = "pes-dataset", `version` = 1 and `symbols`
(isotopes, one string each); datasets `positions` (B, N, 3), `energies` (B,) and, where known,
`forces` (B, N, 3) and `dipoles` (B, 3); group `columns` of any further (B, ...) numbers;
group `provenance` whose attributes are free. Every dataset has an attribute `units`.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from torch import Tensor

from pes.data.dataset import Dataset
from pes.files import replaced
from pes.units import DIPOLE_UNITS, ENERGY_UNITS, FORCE_UNITS, LENGTH_UNITS

__all__ = ["read_hdf5", "write_hdf5"]

FORMAT, VERSION = "pes-dataset", 1
UNITS: Mapping[str, Mapping[str, float]] = {
    "positions": LENGTH_UNITS,
    "energies": ENERGY_UNITS,
    "forces": FORCE_UNITS,
    "dipoles": DIPOLE_UNITS,
}
"""Factors into atomic units that each dataset may be written in; the first is written."""


def write_hdf5(path: str | Path, dataset: Dataset) -> None:
    """Write a dataset in atomic units; an older file at `path` is replaced as a whole.

    Raises:
        FileNotFoundError: if the folder does not exist.
    """
    # This layout of HDF5 has checksums of its own bookkeeping; any h5py reads it.
    layout = ("v110", "v110")
    with replaced(path) as temporary, h5py.File(temporary, "w", libver=layout) as file:
        file.attrs.update(format=_fixed(FORMAT), version=VERSION, symbols=_fixed(dataset.symbols))
        for name, table in UNITS.items():
            tensor = getattr(dataset, name)
            if tensor is not None:
                _write(file, name, tensor, next(iter(table)))
        columns = file.create_group("columns")
        for name, column in dataset.columns.items():
            _write(columns, name, column, dataset.column_units[name])
        provenance = file.create_group("provenance").attrs
        for name, value in dataset.provenance.items():
            provenance[name] = _fixed(value) if isinstance(value, str) else value


def _write(group: h5py.Group, name: str, tensor: Tensor, units: str) -> None:
    # fletcher32: a flipped bit is an error on reading, not a strange energy.
    values = tensor.detach().cpu().numpy()
    written = group.create_dataset(
        name, data=values, compression="gzip", shuffle=True, fletcher32=True
    )
    written.attrs["units"] = _fixed(units)


def _fixed(text: str | Sequence[str]) -> np.ndarray:
    """Text of fixed length: what HDF5 keeps of other text has no checksum."""
    encoded = np.char.encode(np.array(text, dtype=np.str_), "utf-8")
    return encoded.astype(h5py.string_dtype("utf-8", max(encoded.dtype.itemsize, 1)))


def read_hdf5(path: str | Path) -> Dataset:
    """Read a dataset, from whatever units it is in.

    Returns:
        The points in atomic units.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, of another format or version, incomplete, without
            units or in unknown ones, or if a value is impossible; the message says where.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        with h5py.File(path, "r") as file:
            return _dataset(file)
    except (OSError, RuntimeError, KeyError) as error:
        raise ValueError(_damaged(path, error)) from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _damaged(path: Path, error: Exception) -> str:
    if path.stat().st_size == 0:
        return f"{path}: the file is empty"
    return f"{path}: cannot be read as HDF5, truncated or of another format ({error})"


def _dataset(file: h5py.File) -> Dataset:
    _check_layout(file)
    columns = file.get("columns", {})
    return Dataset(
        symbols=_symbols(file),
        columns={name: _tensor(columns[name]) for name in columns},
        column_units={name: _units(columns[name]) for name in columns},
        provenance=_provenance(file),
        **{name: _converted(file[name], UNITS[name]) for name in UNITS if name in file},
    )


def _check_layout(file: h5py.File) -> None:
    if _text(file.attrs.get("format")) != FORMAT:
        raise ValueError(
            f"not a {FORMAT} file: the root attribute `format` must be {FORMAT!r}, "
            f"got {_text(file.attrs.get('format'))!r}"
        )
    if file.attrs.get("version") != VERSION:
        raise ValueError(
            f"version {file.attrs.get('version')} of {FORMAT} is unknown here, "
            f"only version {VERSION} can be read"
        )
    for name in ("positions", "energies"):
        if name not in file:
            raise ValueError(f"the dataset `{name}` is missing")
    known = [*UNITS, "columns", "provenance"]
    for name in file:
        if name not in known:
            raise ValueError(
                f"unknown dataset `{name}`{_nearest(name, known)}; "
                "numbers of another kind belong into the group `columns`"
            )


def _symbols(file: h5py.File) -> tuple[str, ...]:
    symbols = file.attrs.get("symbols")
    if not isinstance(symbols, np.ndarray):
        raise ValueError(
            "the root attribute `symbols` must be a list of isotope symbols, "
            f"one string for each atom, got {_text(symbols)!r}"
        )
    return tuple(str(_text(symbol)) for symbol in symbols)


def _provenance(file: h5py.File) -> dict[str, Any]:
    attributes = file["provenance"].attrs if "provenance" in file else {}
    return {name: _text(value) for name, value in attributes.items()}


def _text(value: Any) -> Any:
    """Plain Python for what h5py returns as bytes or NumPy scalars."""
    if isinstance(value, bytes):
        return value.decode()
    return value.item() if isinstance(value, np.generic) else value


def _tensor(item: Any) -> Tensor:
    if not isinstance(item, h5py.Dataset) or item.dtype.kind not in "fiub":
        raise ValueError(f"`{item.name.lstrip('/')}` must be a dataset of numbers")
    return torch.from_numpy(np.asarray(item[()], dtype=np.float64))


def _units(item: h5py.Dataset) -> str:
    if "units" not in item.attrs:
        raise ValueError(f"`{item.name.lstrip('/')}` has no attribute `units`; say what it is in")
    return str(_text(item.attrs["units"]))


def _converted(item: h5py.Dataset, table: Mapping[str, float]) -> Tensor:
    """Values of a dataset in atomic units."""
    values, units = _tensor(item), _units(item)
    if units not in table:
        raise ValueError(
            f"`{item.name.lstrip('/')}` is in unknown units {units!r}{_nearest(units, table)}; "
            f"known are {', '.join(table)}"
        )
    return values * table[units]


def _nearest(name: str, known: Any) -> str:
    folded = {candidate.lower(): candidate for candidate in known}
    match = get_close_matches(name.lower(), folded, n=1)
    return f", did you mean {folded[match[0]]!r}?" if match else ""
