"""Datasets in extended XYZ as ASE writes and reads it: eV, Å, eV/Å and e·Å."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import ase.io
import numpy as np
import torch
from ase import Atoms
from ase.io.extxyz import XYZError
from torch import Tensor

from pes.data.dataset import Dataset
from pes.files import replaced
from pes.molecule import element
from pes.units import ANGSTROM, DIPOLE_UNITS, ENERGY_UNITS, FORCE_UNITS, LENGTH_UNITS

__all__ = ["read_extxyz", "write_extxyz", "write_geometries"]

KNOWN = {"energy", "dipole", "isotopes"}
ASE_UNITS = {"length": "angstrom", "energy": "eV"}


def read_extxyz(
    path: str | Path,
    *,
    symbols: Sequence[str] | None = None,
    units: Mapping[str, str] | None = None,
) -> Dataset:
    """Read `energy` and, where given, `forces` and `dipole` of every frame.

    Any further number on a comment line becomes a column, an energy if its name says so
    (`energy_scf`, `ccsd_energy`).

    The format does not say its units; they are taken as ASE's unless others are named.

    Args:
        path: the file.
        symbols: isotopes in the order of the atoms, such as `("O", "D", "D")`; otherwise
            those of the key `isotopes`, otherwise the elements of the file.
        units: `{"length": "bohr", "energy": "hartree"}` where they differ from Å and eV;
            forces are in energy/length, dipoles in e·length.

    Returns:
        The frames in atomic units, in the order of the file.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if a frame cannot be read, lacks its energy, or differs from the first
            in its atoms or in what it holds; frames count from 0.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        return _dataset(_frames(path), symbols, ASE_UNITS | dict(units or {}))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _frames(path: Path) -> list[Atoms]:
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        # A number cut in two is still a number: ASE would read it.
        raise ValueError("truncated? The last line has no end; if it is whole, add a line break")
    try:
        frames = ase.io.read(path, index=":", format="extxyz")
    except KeyError as error:
        raise ValueError(f"not readable as extended XYZ: unknown element {error}") from None
    except (XYZError, ValueError, IndexError, RuntimeError) as error:
        raise ValueError(f"not readable as extended XYZ, or truncated ({error})") from None
    if not frames:
        raise ValueError("the file holds no frames")
    return list(frames)


def _dataset(
    frames: Sequence[Atoms], symbols: Sequence[str] | None, units: Mapping[str, str]
) -> Dataset:
    factors = _factors(units)
    elements = frames[0].get_chemical_symbols()
    for k, frame in enumerate(frames):
        if frame.get_chemical_symbols() != elements:
            raise ValueError(
                f"frame {k}: atoms {' '.join(frame.get_chemical_symbols())} differ from "
                f"{' '.join(elements)} of frame 0; one file holds one molecule in one order"
            )
    if symbols is None:
        symbols = str(frames[0].info.get("isotopes", " ".join(elements))).split()
    if [element(symbol) for symbol in symbols] != elements:
        raise ValueError(f"the isotopes {' '.join(symbols)} are not of {' '.join(elements)}")
    energies = _stacked(frames, "energy")
    if energies is None:
        keys = ", ".join(frames[0].info) or "none"
        raise ValueError(f"frame 0: no `energy` on the comment line (keys there: {keys})")
    optional = {"forces": _stacked(frames, "forces"), "dipole": _stacked(frames, "dipole")}
    columns = _columns(frames)
    scaled = {key: None if v is None else v * factors[key] for key, v in optional.items()}
    return Dataset(
        symbols=tuple(symbols),
        positions=torch.from_numpy(np.stack([f.positions for f in frames])) * factors["length"],
        energies=energies * factors["energy"],
        forces=scaled["forces"],
        dipoles=scaled["dipole"],
        columns=columns,
        column_units={k: units["energy"] if "energy" in k.lower() else "1" for k in columns},
        provenance={"format": f"extended XYZ read in {units['length']} and {units['energy']}"},
    )


def _columns(frames: Sequence[Atoms]) -> dict[str, Tensor]:
    """Every further number on the comment lines, NaN where a frame has none."""
    names = sorted({
        key
        for frame in frames
        for key, value in frame.info.items()
        if key not in KNOWN and isinstance(value, int | float | np.number)
        and not isinstance(value, bool)
    })  # fmt: skip
    return {
        name: torch.tensor([_number(f.info.get(name)) for f in frames], dtype=torch.float64)
        for name in names
    }


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float | np.number) else math.nan


def _factors(units: Mapping[str, str]) -> dict[str, float]:
    """Factors into atomic units of every quantity."""
    for key, table in (("length", LENGTH_UNITS), ("energy", ENERGY_UNITS)):
        if units[key] not in table:
            raise ValueError(f"unknown {key} unit {units[key]!r}; known are {', '.join(table)}")
    unknown = set(units) - set(ASE_UNITS)
    if unknown:
        raise ValueError(f"`units` has keys length and energy, not {', '.join(sorted(unknown))}")
    length, energy = units["length"], units["energy"]
    return {
        "length": LENGTH_UNITS[length],
        "energy": ENERGY_UNITS[energy],
        "forces": FORCE_UNITS[f"{energy}/{length}"],
        "dipole": DIPOLE_UNITS[f"e*{length}"],
    }


def _stacked(frames: Sequence[Atoms], key: str) -> Tensor | None:
    """One quantity of all frames, None if no frame has it."""
    values = [_value(frame, key) for frame in frames]
    missing = [k for k, value in enumerate(values) if value is None]
    if len(missing) == len(frames):
        return None
    if missing:
        raise ValueError(
            f"frame {missing[0]}: no `{key}`, which {len(frames) - len(missing)} "
            "other frames have; complete or remove it"
        )
    try:
        return torch.from_numpy(np.stack([np.asarray(v, dtype=np.float64) for v in values]))
    except (ValueError, TypeError) as error:
        raise ValueError(f"`{key}` is not the same kind of number everywhere ({error})") from None


def _value(frame: Atoms, key: str) -> Any:
    """ASE puts what it knows into a calculator, and older versions into info and arrays."""
    results = frame.calc.results if frame.calc is not None else {}
    for place in (results, frame.info, frame.arrays):
        if key in place:
            return place[key]
    return None


def write_extxyz(path: str | Path, dataset: Dataset) -> None:
    """Write positions, energies, forces and dipoles in ASE's units and every digit.

    (ASE's own writer keeps eight decimals.) Isotopes go to the key `isotopes`; columns and
    provenance have no place in this format and stay behind.

    Raises:
        FileNotFoundError: if the folder does not exist.
    """
    factors = _factors(ASE_UNITS)
    elements = [element(symbol) for symbol in dataset.symbols]
    properties = "species:S:1:pos:R:3" + (":forces:R:3" if dataset.forces is not None else "")
    with replaced(path) as temporary, temporary.open("w") as file:
        for k in range(len(dataset)):
            table = dataset.positions[k] / factors["length"]
            header = f'Properties={properties} isotopes="{" ".join(dataset.symbols)}"'
            header += f" energy={float(dataset.energies[k]) / factors['energy']!r}"
            if dataset.dipoles is not None:
                header += f' dipole="{_digits(dataset.dipoles[k] / factors["dipole"])}"'
            if dataset.forces is not None:
                table = torch.cat((table, dataset.forces[k] / factors["forces"]), dim=1)
            rows = [f"{e} {_digits(row)}" for e, row in zip(elements, table, strict=True)]
            file.write("\n".join([str(len(elements)), f'{header} pbc="F F F"', *rows, ""]))


def write_geometries(
    path: str | Path,
    symbols: Sequence[str],
    positions: Tensor,
    columns: Mapping[str, Sequence[float]] = MappingProxyType({}),
) -> None:
    """Write geometries without labels in Å, with a number for each under its name.

    Args:
        path: of the file.
        symbols: isotope symbols of N atoms.
        positions: (B, N, 3) in bohr.
        columns: B numbers by name; the name says their unit.

    Raises:
        FileNotFoundError: if the folder does not exist.
    """
    elements = [element(symbol) for symbol in symbols]
    with replaced(path) as temporary, temporary.open("w") as file:
        for k, table in enumerate(positions / ANGSTROM):
            numbers = [f"{name}={values[k]}" for name, values in columns.items()]
            isotopes = f'isotopes="{" ".join(symbols)}"'
            header = ["Properties=species:S:1:pos:R:3", isotopes, *numbers, 'pbc="F F F"']
            rows = [f"{e} {_digits(row)}" for e, row in zip(elements, table, strict=True)]
            file.write("\n".join([str(len(elements)), " ".join(header), *rows, ""]))


def _digits(values: Tensor) -> str:
    return " ".join(map(repr, values.tolist()))
