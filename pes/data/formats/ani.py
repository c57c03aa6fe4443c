"""HDF5 groups of ANI: one group for each molecule with coordinates, species and energies."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from pes.data.dataset import Dataset
from pes.data.formats.compressed import plain_file
from pes.data.formats.hdf5 import appended, stored
from pes.data.formats.points import chosen_keys, points, rows_at_once
from pes.data.formats.request import Request
from pes.data.formats.units import file_units, unit_factor
from pes.elements import element
from pes.hdf5_files import replaced_hdf5
from pes.molecule import Molecule

__all__ = ["is_ani", "read_ani", "write_ani"]

FIXED = {"length": "angstrom", "energy": "hartree"}
ATOMS = ("species", "atomic_numbers")


def is_ani(path: Path, _request: Request) -> bool:
    """Whether there is a group with `coordinates`."""
    with plain_file(path) as plain, h5py.File(plain, "r") as file:
        return bool(_groups(file))


def read_ani(path: Path, request: Request) -> Iterator[Dataset]:
    """Points of one molecule in hartree and Å; of several molecules `formula` names one.

    Energies are `energies`, or the one that `keys` names (wb97x_dz.energy).

    Raises:
        ValueError: if several molecules are there and none or another one is named.

    References:
        J. S. Smith, O. Isayev, A. E. Roitberg, Sci. Data 4, 170193 (2017),
        doi:10.1038/sdata.2017.193
    """
    units = file_units(request.units, FIXED)
    first = 0
    with plain_file(path) as plain, h5py.File(plain, "r") as file:
        groups = _groups(file)
        if not groups:
            raise ValueError("no group has `coordinates` and `species`")
        for group in _of_one_molecule(groups, request):
            for part in _points(path, group, units, request, first):
                first += len(part)
                yield part


def _groups(file: h5py.File) -> list[Any]:
    groups: list[Any] = []

    def visit(_name: str, item: Any) -> None:
        if isinstance(item, h5py.Group) and "coordinates" in item:
            groups.append(item)

    visit("/", file)
    file.visititems(visit)
    return [group for group in groups if any(name in group for name in ATOMS)]


def _of_one_molecule(groups: Sequence[Any], request: Request) -> list[Any]:
    atoms = {group.name: _symbols(group) for group in groups}
    if request.symbols is not None:
        stated = [element(symbol) for symbol in request.symbols]
        chosen = [group for group in groups if list(atoms[group.name]) == stated]
        if chosen:
            return chosen
    kinds = dict.fromkeys(atoms.values())
    if len(kinds) > 1 or request.symbols is not None:
        listed = ", ".join(" ".join(kind) for kind in list(kinds)[:6])
        raise ValueError(
            f"{len(kinds)} molecules are there ({listed}{', …' if len(kinds) > 6 else ''}); name "
            "one in `formula` with its atoms in that order"
        )
    return list(groups)


def _symbols(group: Any) -> tuple[str, ...]:
    item = group[next(name for name in ATOMS if name in group)]
    values = np.asarray(item[:1] if item.ndim > 1 else item[()]).ravel().tolist()
    names = [v.decode() if isinstance(v, bytes) else v for v in values]
    symbols = [element(v) if isinstance(v, int) else str(v) for v in names]
    return Molecule(symbols).elements


def _points(
    path: Path, group: Any, units: dict[str, str], request: Request, first: int
) -> Iterator[Dataset]:
    rows = len(group["coordinates"])
    symbols = request.isotopes(_symbols(group))
    items = {
        name: item for name, item in group.items()
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "fiu" and name not in ATOMS
        and item.shape[:1] == (rows,)
    }  # fmt: skip
    keys = chosen_keys([n for n in items if n != "coordinates"], request, {"energy": "energies"})
    for item in items.values():
        stored(item)
    if items["coordinates"].shape != (rows, len(symbols), 3):
        raise ValueError(
            f"`{group.name}/coordinates` must have shape ({rows}, {len(symbols)}, 3), got "
            f"{items['coordinates'].shape}"
        )
    for start in range(0, rows, size := rows_at_once(len(symbols))):
        arrays = {name: item[start : start + size] for name, item in items.items()}
        yield points(
            path, "ANI HDF5", symbols, arrays.pop("coordinates"), arrays,
            keys=keys, units=units, first_row=first + start,
        )  # fmt: skip


def write_ani(path: Path, parts: Iterable[Dataset]) -> None:
    """Write one group in hartree and Å, forces in hartree/Å; isotopes become elements."""
    units = file_units({}, FIXED)
    with replaced_hdf5(path) as file:
        for part in parts:
            group = file.require_group(Molecule(part.symbols).formula)
            if "species" not in group:
                group["species"] = np.array(part.elements, dtype="S2")
            named = {
                "coordinates": part.positions / unit_factor(units, "length"),
                "energies": part.energies,
                **part.columns,
            }
            if part.forces is not None:
                named["forces"] = part.forces / unit_factor(units, "forces")
            if part.dipoles is not None:
                named["dipole"] = part.dipoles / unit_factor(units, "dipole")
            known = group.get("energies")
            rows = len(known) if isinstance(known, h5py.Dataset) else 0
            for name, tensor in named.items():
                appended(group, name, tensor.numpy(), rows)
