"""QCSchema results (AtomicResult) as JSON: one, a list, or one on each line."""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from pes.data.dataset import Dataset
from pes.data.formats.compressed import opened_text
from pes.data.formats.named_arrays import stacked
from pes.data.formats.points import chosen_keys, points
from pes.data.formats.request import Request
from pes.data.formats.units import file_units
from pes.elements import element, mass_number
from pes.files import replaced

__all__ = ["read_qcschema", "write_qcschema"]

FIXED = {"length": "bohr", "energy": "hartree", "dipole": "e*bohr"}
KEYS = {"energy": "return_energy", "forces": "forces", "gradients": "return_gradient"}
RECORDS_AT_ONCE = 10_000


def read_qcschema(path: Path, request: Request) -> Iterator[Dataset]:
    """Energy, gradient and dipole of every record; all are in atomic units.

    Every other number of `properties` and `extras` is kept as a column.

    Raises:
        ValueError: naming the record that failed, is incomplete or of another molecule.

    References:
        D. G. A. Smith et al., J. Chem. Phys. 155, 204801 (2021), doi:10.1063/5.0059356
    """
    units = file_units(request.units, FIXED)
    keys: dict[str, str] = {}
    symbols: tuple[str, ...] = ()
    first = 0
    with opened_text(path) as lines:
        records = _records(lines)
        while some := list(islice(records, RECORDS_AT_ONCE)):
            molecules = [_molecule(record, first + k) for k, record in enumerate(some)]
            symbols = symbols or request.isotopes(molecules[0][0])
            for k, (atoms, _) in enumerate(molecules):
                if [element(s) for s in atoms] != [element(s) for s in symbols]:
                    raise ValueError(
                        f"record {first + k}: atoms {' '.join(atoms)} differ from "
                        f"{' '.join(symbols)} of record 0; one file holds one molecule in one order"
                    )
            numbers = [_numbers(record, first + k) for k, record in enumerate(some)]
            names = list(dict.fromkeys(name for one in numbers for name in one))
            keys = keys or _keys(names, request)
            arrays = {name: _column(name, numbers, keys, first) for name in names}
            positions = np.array([xyz for _, xyz in molecules])
            yield points(
                path, "QCSchema", symbols, positions, arrays,
                keys=keys, units=units, first_row=first,
            )  # fmt: skip
            first += len(some)


def _keys(names: list[str], request: Request) -> dict[str, str]:
    dipoles = [n for n in names if n.endswith("dipole_moment")]
    fixed = KEYS | ({"dipole": dipoles[-1]} if dipoles else {})
    return chosen_keys(names, request, fixed)


def _records(lines: TextIO) -> Iterator[Any]:
    """Records of a list, of lines, or the only one."""
    head = next((line for line in lines if not line.isspace()), "")
    try:
        yield from _parsed(head, lines)
    except json.JSONDecodeError as error:
        raise ValueError(f"not readable as JSON, or truncated ({error})") from None
    except RecursionError:
        raise ValueError("not readable as JSON: nested too deeply") from None


def _parsed(head: str, lines: TextIO) -> Iterator[Any]:
    try:
        first = json.loads(head)
    except json.JSONDecodeError:
        first = json.loads(head + lines.read())
    if isinstance(first, list):
        yield from first
        return
    yield first
    for line in lines:
        if not line.isspace():
            yield json.loads(line)


def _molecule(record: Any, number: int) -> tuple[tuple[str, ...], np.ndarray]:
    try:
        molecule = record["molecule"]
        symbols = tuple(molecule["symbols"])
        masses = molecule.get("mass_numbers") or [-1] * len(symbols)
        atoms = tuple(map(_isotope, symbols, masses))
        return atoms, np.array(molecule["geometry"], dtype=float).reshape(len(symbols), 3)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(
            f"record {number}: not an AtomicResult with `molecule.symbols` and "
            f"`molecule.geometry` ({type(error).__name__}: {error})"
        ) from None


def _isotope(symbol: str, nucleons: int) -> str:
    """Isotope symbol, the element itself for its most abundant one."""
    if nucleons in (-1, None) or nucleons == mass_number(symbol):
        return symbol
    return {"H2": "D", "H3": "T"}.get(f"{symbol}{nucleons}", f"{nucleons}{symbol}")


def _numbers(record: Mapping[str, Any], number: int) -> dict[str, np.ndarray]:
    """Every number of a result by name."""
    if record.get("success") is False:
        error = record.get("error") or {}
        told = error.get("error_message", "no reason given") if isinstance(error, dict) else error
        raise ValueError(f"record {number}: the calculation failed ({str(told)[:80]}); remove it")
    extras = record.get("extras") or {}
    values = {**extras, **(record.get("properties") or {})}
    if record.get("driver") == "gradient":
        values["return_gradient"] = record.get("return_result")
    elif record.get("driver") == "energy":
        values["return_energy"] = record.get("return_result")
    arrays = {}
    for name, value in values.items():
        if name.startswith("calcinfo") or isinstance(value, str | bool | dict):
            continue
        try:
            array = np.array(value, dtype=float)
        except (TypeError, ValueError):
            continue
        kept = name in extras or name.endswith(("gradient", "dipole_moment"))
        if array.ndim == 0 or kept:
            arrays[name] = array.ravel() if array.ndim else array
    if "return_energy" not in arrays:
        raise ValueError(f"record {number}: no `properties.return_energy`")
    return arrays


def _column(
    name: str, numbers: list[dict[str, np.ndarray]], keys: Mapping[str, str], first: int
) -> np.ndarray:
    lacking = [k for k, one in enumerate(numbers) if name not in one]
    if lacking and name in keys.values():
        raise ValueError(f"record {first + lacking[0]}: no `{name}`, which other records have")
    return stacked(name, numbers, "records")


def write_qcschema(path: Path, parts: Iterable[Dataset]) -> None:
    """Write one AtomicResult on each line, isotopes as mass numbers, columns in `extras`."""
    with replaced(path) as temporary, temporary.open("w") as file:
        for part in parts:
            file.writelines(json.dumps(_record(part, k)) + "\n" for k in range(len(part)))


def _record(part: Dataset, k: int) -> dict[str, Any]:
    energy = float(part.energies[k])
    properties: dict[str, Any] = {"return_energy": energy, "calcinfo_natom": len(part.symbols)}
    result: Any = energy
    if part.forces is not None:
        properties["return_gradient"] = result = (-part.forces[k]).flatten().tolist()
    if part.dipoles is not None:
        properties["scf_dipole_moment"] = part.dipoles[k].tolist()
    columns = {name: column[k] for name, column in part.columns.items()}
    method = str(part.provenance.get("method", "unknown"))
    return {
        "schema_name": "qcschema_output",
        "schema_version": 1,
        "molecule": {
            "schema_name": "qcschema_molecule",
            "schema_version": 2,
            "symbols": part.elements,
            "geometry": part.positions[k].flatten().tolist(),
            "mass_numbers": [mass_number(symbol) for symbol in part.symbols],
            "fix_com": True,
            "fix_orientation": True,
        },
        "driver": "energy" if part.forces is None else "gradient",
        "model": {"method": method, "basis": str(part.provenance.get("basis", "unknown"))},
        "properties": properties,
        "return_result": result,
        "success": True,
        "provenance": {"creator": "pes"},
        # JSON has no NaN: a number that is missing is left out.
        "extras": {n: v.flatten().tolist() if v.dim() else float(v)
                   for n, v in columns.items() if not v.isnan().any()},
    }  # fmt: skip
