"""Points in atomic units from the named numbers of a file: one way for all formats."""

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pes.data.dataset import Dataset
from pes.data.formats.names import agreed_unit, name_and_unit
from pes.data.formats.request import Request
from pes.data.formats.units import TABLES, echo, quantity_of, spelled, unit_factor
from pes.units import ENERGY_UNITS

__all__ = ["chosen_keys", "points", "rows_at_once"]

Array = np.ndarray

ENDINGS: Mapping[str, tuple[str, ...]] = {
    "energy": ("energy",),
    "forces": ("forces", "force"),
    "gradients": ("gradients", "gradient"),
    "dipole": ("dipole", "dipole_moment"),
}
"""Endings of the name of a quantity, in upper or lower case."""
VALUES_AT_ONCE = 2**21
"""Coordinates held at once while a file is read; 16 MiB."""


def rows_at_once(atoms: int) -> int:
    """Number of points of that many atoms that are read together."""
    return max(1, VALUES_AT_ONCE // (3 * atoms))


def chosen_keys(
    names: Collection[str], request: Request, fixed: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Key of the file that holds each quantity.

    The user's word comes first, then the name that the format fixes, then the quantity's own
    name, then the only key that ends with it (REF_energy); of several, the one that begins as
    the energy's does. A unit behind the name (energy_eV) is not part of it.

    Raises:
        ValueError: if a key that was stated is missing, no energy is there, or several are, or the
            unit in a name is not the one stated.

    Example:
        >>> chosen_keys(["REF_energy", "REF_forces", "t1"], Request())
        {'energy': 'REF_energy', 'forces': 'REF_forces'}
    """
    keys: dict[str, str] = {}
    for quantity, endings in ENDINGS.items():
        stated = request.keys.get(quantity)
        if stated not in names:  # perhaps without the unit in its name
            stated = next((n for n in names if name_and_unit(n)[0] == stated), stated)
        if stated is not None and stated not in names:
            raise ValueError(f"no `{stated}` ({quantity}); keys there: {_listed(names)}")
        usual = (fixed or {}).get(quantity)
        key = stated or (usual if usual in names else _named(quantity, endings, names, keys))
        if key is not None and key not in keys.values():
            keys[quantity] = key
    if "energy" not in keys:
        raise ValueError(
            f"no `energy` (keys there: {_listed(names)}); state its name in `keys` "
            "(--keys energy=NAME)"
        )
    if "forces" in keys:
        keys.pop("gradients", None)
    _named_units(keys, request.units)
    return keys


def _named_units(keys: Mapping[str, str], stated: Mapping[str, str]) -> dict[str, str]:
    """Units that the names of the quantities end with; they must be the ones stated."""
    units: dict[str, str] = {}
    for quantity, key in keys.items():
        own = "forces" if quantity == "gradients" else quantity
        unit = name_and_unit(key)[1]
        if unit is not None and own in TABLES:
            units[own] = agreed_unit(own, [unit], stated.get(own)) or unit
    return units


def _named(
    quantity: str, endings: tuple[str, ...], names: Collection[str], keys: Mapping[str, str]
) -> str | None:
    bare = {name: name_and_unit(name)[0].lower() for name in names}
    exact = [name for name in names if bare[name] in endings]
    ending = [name for name in names if bare[name].endswith(endings)]
    prefix = bare.get(keys.get("energy", ""), "").removesuffix("energy")
    same = [name for name in ending if prefix and name.lower().startswith(prefix)]
    for candidates in (exact[:1], same[:1], ending):
        if len(candidates) == 1:
            return candidates[0]
    if len(ending) > 1:
        raise ValueError(
            f"several keys may be the {quantity}: {_listed(ending)}; state one in `keys` "
            f"(--keys {quantity}={ending[0]})"
        )
    return None


def _listed(names: Collection[str]) -> str:
    return ", ".join(names) or "none"


def points(
    path: Path,
    format_words: str,
    symbols: tuple[str, ...],
    positions: Array,
    arrays: Mapping[str, Array],
    *,
    keys: Mapping[str, str],
    units: Mapping[str, str],
    first_row: int,
) -> Dataset:
    """Points from named arrays, converted and checked.

    Args:
        path: file, for the provenance.
        format_words: name of the format.
        symbols: isotopes of N atoms.
        positions: (B, N, 3) in the unit of lengths.
        arrays: every (B, ...) array of the file by its name.
        keys: name of the array that holds each quantity; the rest become columns.
        units: unit of each quantity.
        first_row: number of the first point in the file.

    Raises:
        ValueError: for a value that no point may have.
    """
    size, units = len(positions), {**units, **_named_units(keys, {})}
    values = {quantity: _tensor(arrays[key], key) for quantity, key in keys.items()}
    scaled = {
        q: v * unit_factor(units, "forces" if q == "gradients" else q) for q, v in values.items()
    }
    forces = scaled.get("forces")
    if "gradients" in scaled:
        forces = -scaled["gradients"]
    columns, column_units = {}, {}
    for key, array in arrays.items():
        if key not in keys.values():
            name, unit = _column_name(key, units["energy"])
            columns[name], column_units[name] = _tensor(array, key), unit
    return Dataset(
        symbols=symbols,
        positions=_tensor(positions, "positions") * unit_factor(units, "length"),
        energies=scaled["energy"].reshape(size),
        forces=None if forces is None else forces.reshape(size, len(symbols), 3),
        dipoles=scaled["dipole"].reshape(size, 3) if "dipole" in scaled else None,
        columns=columns,
        column_units=column_units,
        provenance={"source": path.name, "format": format_words, "units": echo(units, keys)},
        first_row=first_row,
    )


def _column_name(key: str, energy_unit: str) -> tuple[str, str]:
    """Name and unit of a further number; parts of the energy default to the energy's unit."""
    bare, unit = name_and_unit(key)
    if "energy" not in key.lower():
        return key, "1"
    if unit is not None and quantity_of(unit) == "energy":
        return bare, spelled("energy", unit)
    return key, energy_unit if energy_unit in ENERGY_UNITS else "1"


def _tensor(array: Array, name: str) -> Tensor:
    if array.dtype.kind not in "fiub":
        raise ValueError(f"`{name}` must hold numbers, it holds {array.dtype}")
    # A copy, so that nothing of a larger block or of a file stays alive.
    return torch.from_numpy(np.array(array, dtype=np.float64))
