"""PhysNet's npz (KerNN too): N, Q, Z, R, E, F, D in Å, eV, eV/Å and e·Å."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from pes.data.dataset import Dataset, joined
from pes.data.formats.compressed import plain_file
from pes.data.formats.npz import check_rows, names_of, numeric, opened_npz
from pes.data.formats.points import chosen_keys, points, rows_at_once
from pes.data.formats.request import Request
from pes.data.formats.units import file_units, unit_factor
from pes.elements import atomic_number, element
from pes.files import replaced

__all__ = ["is_physnet", "read_physnet", "write_physnet"]

FIXED = {"length": "angstrom", "energy": "eV"}
KEYS = {"energy": "E", "forces": "F", "dipole": "D"}


def is_physnet(path: Path, _request: Request) -> bool:
    """Whether there is an array Z, of atomic numbers row by row."""
    with plain_file(path) as plain:
        return "Z" in names_of(plain)


def read_physnet(path: Path, request: Request) -> Iterator[Dataset]:
    """Points of one molecule; Z and R may be padded with zeros behind its atoms.

    Raises:
        ValueError: for a missing array, or a row of another molecule.

    References:
        O. T. Unke, M. Meuwly, J. Chem. Theory Comput. 15, 3678 (2019),
        doi:10.1021/acs.jctc.9b00181
    """
    units = file_units(request.units, FIXED)
    with plain_file(path) as plain, opened_npz(plain) as members:
        if not {"R", "Z"} <= set(members):
            raise ValueError(f"arrays R and Z are needed; arrays there: {', '.join(members)}")
        rows = members["R"].shape[0] if members["R"].shape else 0
        own = ("N", "R", "Z")
        keys = chosen_keys([n for n in numeric(members) if n not in own], request, KEYS)
        check_rows(members, {**keys, "atomic numbers": "Z", "positions": "R"}, rows)
        if members["Z"].shape != members["R"].shape[:2] or members["R"].shape[2:] != (3,):
            raise ValueError(
                f"R must have shape (points, atoms, 3) and Z (points, atoms), got "
                f"{members['R'].shape} and {members['Z'].shape}"
            )
        kept = [m for m in numeric(members).values() if m.shape[:1] == (rows,)]
        charges = np.zeros(0)
        for start in range(0, rows, size := rows_at_once(members["R"].shape[1])):
            arrays = {m.name: m.rows(min(size, rows - start)) for m in kept}
            block = arrays.pop("Z")
            charges = block[0] if start == 0 else charges
            _check_molecule(block, charges, start)
            atoms = int((charges > 0).sum())
            symbols = request.isotopes([element(int(z)) for z in charges[:atoms]])
            arrays.pop("N", None)
            positions = arrays.pop("R")[:, :atoms]
            if "forces" in keys:
                arrays[keys["forces"]] = arrays[keys["forces"]][:, :atoms]
            yield points(
                path, "PhysNet npz", symbols, positions, arrays,
                keys=keys, units=units, first_row=start,
            )  # fmt: skip


def _check_molecule(block: np.ndarray, charges: np.ndarray, start: int) -> None:
    differing = (block != charges).any(axis=1).nonzero()[0]
    if len(differing):
        row = int(differing[0])
        raise ValueError(
            f"row {start + row}: atomic numbers {block[row].tolist()} differ from "
            f"{charges.tolist()} of row 0; one file holds one molecule in one order"
        )


def write_physnet(path: Path, parts: Iterable[Dataset]) -> None:
    """Write N, Z, R, E and, where known, F, D and a column Q; the whole set is held in memory.

    Isotopes become elements; other columns are kept under their own names.
    """
    data = joined(parts)
    units = file_units({}, FIXED)
    numbers = [atomic_number(element) for element in data.elements]
    arrays = {
        "N": np.full(len(data), len(numbers)),
        "Z": np.tile(numbers, (len(data), 1)),
        "R": (data.positions / unit_factor(units, "length")).numpy(),
        "E": (data.energies / unit_factor(units, "energy")).numpy(),
        **{name: column.numpy() for name, column in data.columns.items()},
    }
    arrays.setdefault("Q", np.zeros(len(data)))
    if data.forces is not None:
        arrays["F"] = (data.forces / unit_factor(units, "forces")).numpy()
    if data.dipoles is not None:
        arrays["D"] = (data.dipoles / unit_factor(units, "dipole")).numpy()
    with replaced(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
