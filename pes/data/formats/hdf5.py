"""Datasets in HDF5: every number with its unit, every file with where it came from.

Layout, version 1. Root attributes `format` = "pes-dataset", `version` = 1 and `symbols`
(isotopes, one string each); datasets `positions` (B, N, 3), `energies` (B,) and, where known,
`forces` (B, N, 3) and `dipoles` (B, 3); group `columns` of any further (B, ...) numbers;
group `provenance` whose attributes are free. Every dataset has an attribute `units`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from torch import Tensor

from pes.data.dataset import Dataset
from pes.data.formats.compressed import plain_file
from pes.data.formats.points import rows_at_once
from pes.data.formats.request import Request
from pes.hdf5_files import replaced_hdf5
from pes.units import DIPOLE_UNITS, ENERGY_UNITS, FORCE_UNITS, LENGTH_UNITS

__all__ = ["appended", "read_hdf5", "stored", "write_hdf5"]

FORMAT, VERSION = "pes-dataset", 1
UNITS: Mapping[str, Mapping[str, float]] = {
    "positions": LENGTH_UNITS,
    "energies": ENERGY_UNITS,
    "forces": FORCE_UNITS,
    "dipoles": DIPOLE_UNITS,
}
"""Factors into atomic units that each dataset may be written in; the first is written."""
LARGEST_RATIO = 1100
"""Bytes that one stored byte can hold; deflate reaches 1032."""
BYTES_AT_ONCE = 2**18
"""Size of HDF5's own chunks."""


def write_hdf5(path: Path, parts: Iterable[Dataset]) -> None:
    """Write points in atomic units, part by part; symbols and provenance are the first one's.

    Raises:
        FileNotFoundError: if the folder does not exist.
    """
    # This layout of HDF5 has checksums of its own bookkeeping; any h5py reads it.
    layout = ("v110", "v110")
    rows = 0
    with replaced_hdf5(path, libver=layout) as file:
        for part in parts:
            if rows == 0:
                _write_root(file, part)
            for name, table in UNITS.items():
                tensor = getattr(part, name)
                if tensor is not None:
                    _append(file, name, tensor, next(iter(table)), rows)
            for name, column in part.columns.items():
                _append(file, f"columns/{name}", column, part.column_units[name], rows)
            rows += len(part)
            columns: Any = file["columns"]
            for column in columns.values():
                column.resize(rows, axis=0)


def _write_root(file: Any, part: Dataset) -> None:
    file.attrs.update(format=_fixed(FORMAT), version=VERSION, symbols=_fixed(part.symbols))
    file.create_group("columns")
    provenance = file.create_group("provenance").attrs
    for name, value in part.provenance.items():
        provenance[name] = _fixed(value) if isinstance(value, str) else value


def _append(file: Any, name: str, tensor: Tensor, units: str, rows: int) -> None:
    written = appended(file, name, tensor.detach().cpu().numpy(), rows)
    written.attrs["units"] = _fixed(units)


def appended(group: Any, name: str, values: np.ndarray, rows: int) -> Any:
    """The dataset `name` with `values` behind its first `rows` rows, NaN where it had none.

    Raises:
        ValueError: if the shape of a row differs from that of earlier rows.
    """
    if name not in group:
        width = max(1, values[0].nbytes)
        # fletcher32: a flipped bit is an error on reading, not a strange energy.
        group.create_dataset(
            name, shape=(0, *values.shape[1:]), maxshape=(None, *values.shape[1:]),
            chunks=(max(1, min(len(values), BYTES_AT_ONCE // width)), *values.shape[1:]),
            dtype=values.dtype, fillvalue=np.nan, compression="gzip", shuffle=True,
            fletcher32=True,
        )  # fmt: skip
    item = group[name]
    if item.shape[1:] != values.shape[1:]:
        raise ValueError(
            f"`{name}` has shape {values.shape[1:]} in this part, {item.shape[1:]} in parts before"
        )
    item.resize(rows + len(values), axis=0)
    item[rows:] = values
    return item


def _fixed(text: str | Sequence[str]) -> np.ndarray:
    """Text of fixed length: what HDF5 keeps of other text has no checksum."""
    encoded = np.char.encode(np.array(text, dtype=np.str_), "utf-8")
    return encoded.astype(h5py.string_dtype("utf-8", max(encoded.dtype.itemsize, 1)))


def read_hdf5(path: Path, request: Request) -> Iterator[Dataset]:
    """Read points from whatever units they are in, block by block.

    Raises:
        ValueError: if the file is of another format or version, incomplete, without units or in
            unknown ones, or if a value is impossible; the message says where.
    """
    if request.units or request.keys:
        raise ValueError(f"a {FORMAT} file states its units and keys itself; leave them out")
    with plain_file(path) as plain, h5py.File(plain, "r") as file:
        _check_layout(file)
        symbols = request.isotopes(_symbols(file))
        columns: Any = file.get("columns", {})
        if not hasattr(columns, "keys"):
            raise ValueError("`columns` must be a group of datasets, one for each column")
        items: dict[str, Any] = {f"columns/{name}": columns[name] for name in columns}
        items |= {name: file[name] for name in UNITS if name in file}
        rows = _rows(items)
        for start in range(0, rows, size := rows_at_once(len(symbols))):
            some = slice(start, start + size)
            yield Dataset(
                symbols=symbols,
                columns={name: _tensor(columns[name], some) for name in columns},
                column_units={name: _units(columns[name]) for name in columns},
                provenance=_provenance(file),
                first_row=start,
                **{name: _converted(file[name], UNITS[name], some)
                   for name in UNITS if name in file},
            )  # fmt: skip


def _rows(items: Mapping[str, Any]) -> int:
    """Number of points, which all datasets share."""
    for item in items.values():
        _check_numbers(item)
        stored(item)
    rows = items["energies"].size
    if rows == 0:
        raise ValueError("a dataset needs at least one point, got none")
    for name, item in items.items():
        if item.shape[:1] != (rows,):
            raise ValueError(
                f"{name} must have {rows} rows, one for each energy, got shape {item.shape}"
            )
    return rows


def stored(item: Any) -> None:
    """Refuse a dataset that declares far more numbers than are stored.

    Raises:
        ValueError: naming the dataset and both sizes.
    """
    size, kept = item.size * item.dtype.itemsize, item.id.get_storage_size()
    if size > max(LARGEST_RATIO * kept, 1 << 20):
        raise ValueError(
            f"`{item.name.lstrip('/')}` declares {size / 2**30:,.3g} GiB, but {kept} bytes of it "
            "are stored; the file is damaged or was never filled"
        )


def _check_layout(file: Any) -> None:
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
                "other numbers belong in the group `columns`"
            )


def _symbols(file: Any) -> tuple[str, ...]:
    symbols = file.attrs.get("symbols")
    if not isinstance(symbols, np.ndarray):
        raise ValueError(
            "the root attribute `symbols` must be a list of isotope symbols, "
            f"one string for each atom, got {_text(symbols)!r}"
        )
    return tuple(str(_text(symbol)) for symbol in symbols)


def _provenance(file: Any) -> dict[str, Any]:
    attributes = file["provenance"].attrs if "provenance" in file else {}
    return {name: _text(value) for name, value in attributes.items()}


def _text(value: Any) -> Any:
    """Plain Python for what h5py returns as bytes or NumPy scalars."""
    if isinstance(value, bytes):
        return value.decode()
    return value.item() if isinstance(value, np.generic) else value


def _check_numbers(item: Any) -> None:
    if type(item) is not h5py.Dataset or item.dtype.kind not in "fiub" or item.ndim == 0:
        raise ValueError(f"`{str(item.name).lstrip('/')}` must be a dataset of numbers")


def _tensor(item: Any, rows: slice) -> Tensor:
    return torch.from_numpy(np.asarray(item[rows], dtype=np.float64))


def _units(item: Any) -> str:
    if "units" not in item.attrs:
        raise ValueError(f"`{item.name.lstrip('/')}` has no attribute `units`; add it")
    return str(_text(item.attrs["units"]))


def _converted(item: Any, table: Mapping[str, float], rows: slice) -> Tensor:
    """Values of a dataset in atomic units."""
    values, units = _tensor(item, rows), _units(item)
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
