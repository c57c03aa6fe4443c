"""Databases (.db) and trajectories (.traj) of ASE in eV, Å, eV/Å and e·Å."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import ase.db
import ase.io
import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io.trajectory import TrajectoryWriter

from pes.data.dataset import Dataset
from pes.data.formats.compressed import plain_file
from pes.data.formats.named_arrays import stacked
from pes.data.formats.points import chosen_keys, points
from pes.data.formats.request import Request
from pes.data.formats.units import file_units, unit_factor
from pes.files import replaced

__all__ = ["read_ase", "write_database", "write_trajectory"]

FIXED = {"length": "angstrom", "energy": "eV"}
FRAMES_AT_ONCE = 5_000
BEGINNINGS = (b"- of Ulm", b"SQLite format 3")


def read_ase(path: Path, request: Request) -> Iterator[Dataset]:
    """Results of the calculator of every frame; other numbers of a frame become columns.

    Raises:
        ValueError: naming the frame that lacks its energy or is of another molecule.
    """
    units = file_units(request.units, FIXED)
    keys: dict[str, str] = {}
    elements: list[str] = []
    first = 0
    with plain_file(path) as plain:
        frames = _frames(plain)
        while some := list(islice(frames, FRAMES_AT_ONCE)):
            elements = elements or some[0][0].get_chemical_symbols()
            named = [_numbers(atoms, extra) for atoms, extra in some]
            keys = keys or chosen_keys(list(named[0]), request)
            _check_frames(some, named, elements, keys, first)
            names = dict.fromkeys(name for one in named for name in one)
            yield points(
                path, "ASE", request.isotopes(_symbols(some[0][0])),
                np.array([atoms.positions for atoms, _ in some]),
                {name: stacked(name, named, "frames") for name in names},
                keys=keys, units=units, first_row=first,
            )  # fmt: skip
            first += len(some)
    if first == 0:
        raise ValueError("the file holds no frames")


def _frames(path: Path) -> Iterator[tuple[Atoms, Mapping[str, Any]]]:
    with path.open("rb") as file:
        head = file.read(32)
    if not head.startswith(BEGINNINGS):
        raise ValueError("the file is not an ASE trajectory or database, or it is truncated")
    # SQLite writes its page size and number of pages here, and reads a short last page as zeros.
    pages = int.from_bytes(head[16:18], "big") * int.from_bytes(head[28:32], "big")
    if head.startswith(BEGINNINGS[1]) and path.stat().st_size < pages:
        raise ValueError(f"truncated: a database of {pages} bytes in {path.stat().st_size}")
    if path.suffix.lower() == ".db":
        with _database(path) as database:
            for row in database.select():
                yield row.toatoms(), {**row.data, **row.key_value_pairs}
    else:
        for atoms in ase.io.iread(path, format="traj"):
            yield atoms, atoms.info


def _symbols(atoms: Atoms) -> tuple[str, ...]:
    """Elements; hydrogen with the mass of deuterium is D."""
    heavy = {"H": {2: "D", 3: "T"}}
    return tuple(
        heavy.get(str(symbol), {}).get(round(mass), str(symbol))
        for symbol, mass in zip(atoms.get_chemical_symbols(), atoms.get_masses(), strict=True)
    )


def _numbers(atoms: Atoms, extra: Mapping[str, Any]) -> dict[str, np.ndarray]:
    results = atoms.calc.results if atoms.calc is not None else {}
    own = ("numbers", "positions", "tags", "masses", "momenta", "initial_magmoms",
           "initial_charges")  # fmt: skip
    arrays = {name: values for name, values in atoms.arrays.items() if name not in own}
    named = {}
    for name, value in {**arrays, **extra, **results}.items():
        if not isinstance(value, str | bool | dict | type(None)):
            array = np.asarray(value)
            if array.dtype.kind in "fiu":
                named[name] = array
    return named


def _check_frames(
    some: list[tuple[Atoms, Mapping[str, Any]]],
    named: list[dict[str, np.ndarray]],
    elements: list[str],
    keys: Mapping[str, str],
    first: int,
) -> None:
    for k, (atoms, _) in enumerate(some):
        symbols = atoms.get_chemical_symbols()
        if symbols != elements:
            raise ValueError(
                f"frame {first + k}: atoms {' '.join(symbols)} differ from {' '.join(elements)} of "
                "frame 0; one file holds one molecule in one order"
            )
        lacking = [key for key in keys.values() if key not in named[k]]
        if lacking:
            raise ValueError(f"frame {first + k}: no `{lacking[0]}`, which frame 0 has")


def _atoms(part: Dataset, units: Mapping[str, str]) -> Iterator[tuple[Atoms, dict[str, Any]]]:
    """Frames with a calculator that holds the results, and the columns beside."""
    for k in range(len(part)):
        positions = (part.positions[k] / unit_factor(units, "length")).numpy()
        atoms: Any = Atoms(part.elements, positions=positions)
        masses = [{"D": 2.014, "T": 3.016}.get(symbol) for symbol in part.symbols]
        if any(masses):
            atoms.set_masses([m or own for m, own in zip(masses, atoms.get_masses(), strict=True)])
        results: dict[str, Any] = {"energy": float(part.energies[k]) / unit_factor(units, "energy")}
        if part.forces is not None:
            results["forces"] = (part.forces[k] / unit_factor(units, "forces")).numpy()
        if part.dipoles is not None:
            results["dipole"] = (part.dipoles[k] / unit_factor(units, "dipole")).numpy()
        atoms.calc = SinglePointCalculator(atoms, **results)
        columns = {name: values[k] for name, values in part.columns.items()}
        yield atoms, {n: v.numpy() if v.dim() else float(v) for n, v in columns.items()}


def write_trajectory(path: Path, parts: Iterable[Dataset]) -> None:
    """Write a trajectory; columns go to `info`."""
    units = file_units({}, FIXED)
    with replaced(path) as temporary, TrajectoryWriter(temporary) as file:
        for part in parts:
            for atoms, columns in _atoms(part, units):
                atoms.info.update(columns)
                file.write(atoms)


def write_database(path: Path, parts: Iterable[Dataset]) -> None:
    """Write a database; columns go to `data`."""
    units = file_units({}, FIXED)
    with replaced(path) as temporary, _database(temporary) as database:
        for part in parts:
            for atoms, columns in _atoms(part, units):
                database.write(atoms, data=columns)


def _database(path: Path) -> Any:
    return ase.db.connect(path, type="db")
