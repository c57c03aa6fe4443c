"""npz of MD17, rMD17 and sGDML: one z for all rows, R, E, F in Å and kcal/mol."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from pes.data.dataset import Dataset, joined
from pes.data.formats.compressed import plain_file
from pes.data.formats.npz import Member, check_rows, numeric, opened_npz
from pes.data.formats.points import chosen_keys, points, rows_at_once
from pes.data.formats.request import Request
from pes.data.formats.units import file_units, unit_factor
from pes.elements import atomic_number, element
from pes.files import replaced

__all__ = ["read_md17", "write_md17"]

FIXED = {"length": "angstrom", "energy": "kcal/mol"}
NUMBERS, POSITIONS = ("z", "nuclear_charges"), ("R", "coords")
KEYS = {"energy": ("E", "energies"), "forces": ("F", "forces")}
"""Keys of MD17 and sGDML, then those of rMD17."""


def read_md17(path: Path, request: Request) -> Iterator[Dataset]:
    """Points of one molecule; the units are those of `r_unit` and `e_unit` where these stand.

    Raises:
        ValueError: for a missing array or another shape.

    References:
        S. Chmiela et al., Sci. Adv. 3, e1603015 (2017), doi:10.1126/sciadv.1603015
    """
    with plain_file(path) as plain, opened_npz(plain) as members:
        number_key = _one(NUMBERS, members)
        position_key = _one(POSITIONS, members)
        units = file_units({**_own_units(members), **request.units}, FIXED)
        charges = members[number_key].whole().ravel()
        shape = members[position_key].shape
        if shape[1:] != (len(charges), 3):
            raise ValueError(
                f"`{position_key}` must have shape (points, {len(charges)}, 3), got {shape}"
            )
        rows = shape[0]
        named = {n: m for n, m in numeric(members).items() if n not in (number_key, position_key)}
        keys = chosen_keys(named, request, _present(members))
        check_rows(members, keys, rows)
        kept = {n: m for n, m in named.items() if m.shape[:1] == (rows,)}
        symbols = request.isotopes([element(int(z)) for z in charges])
        for start in range(0, rows, size := rows_at_once(len(charges))):
            arrays = {n: _squeezed(m.rows(min(size, rows - start))) for n, m in kept.items()}
            positions = members[position_key].rows(min(size, rows - start))
            yield points(
                path, "MD17 npz", symbols, positions, arrays,
                keys=keys, units=units, first_row=start,
            )  # fmt: skip


def _present(members: Mapping[str, Member]) -> dict[str, str]:
    return {quantity: name for quantity, names in KEYS.items() for name in names if name in members}


def _squeezed(array: np.ndarray) -> np.ndarray:
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


def _one(names: tuple[str, ...], members: Mapping[str, Member]) -> str:
    for name in names:
        if name in members:
            return name
    raise ValueError(
        f"no array {' or '.join(names)}; arrays there: {', '.join(members)}; add it to the file"
    )


def _own_units(members: Mapping[str, Member]) -> dict[str, str]:
    """Entries that sGDML writes beside the arrays."""
    texts = {"length": "r_unit", "energy": "e_unit"}
    own = {}
    for quantity, name in texts.items():
        if name in members and members[name].dtype.kind in "US":
            text = members[name].whole().item()
            own[quantity] = text.decode() if isinstance(text, bytes) else text
    return own


def write_md17(path: Path, parts: Iterable[Dataset]) -> None:
    """Write z, R, E, F, the units and the columns; the whole set is held in memory.

    Isotopes become elements; dipoles are kept as the column `dipole` in e·Å.
    """
    data = joined(parts)
    units = file_units({}, FIXED)
    arrays = {
        "z": np.array([atomic_number(element) for element in data.elements]),
        "R": (data.positions / unit_factor(units, "length")).numpy(),
        "E": (data.energies / unit_factor(units, "energy")).numpy()[:, None],
        "r_unit": np.array("Ang"),
        "e_unit": np.array("kcal/mol"),
        **{name: column.numpy() for name, column in data.columns.items()},
    }
    if data.forces is not None:
        arrays["F"] = (data.forces / unit_factor(units, "forces")).numpy()
    if data.dipoles is not None:
        arrays["dipole"] = (data.dipoles / unit_factor(units, "dipole")).numpy()
    with replaced(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
