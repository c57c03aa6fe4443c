"""Files of a line list: those of ExoMol, one as HITRAN lays it out, CSV and HDF5.

Lines are written a block at a time, so that the memory does not grow with their text.

References:
    J. Tennyson et al., J. Mol. Spectrosc. 327, 73 (2016), doi:10.1016/j.jms.2016.05.002, and
    J. Quant. Spectrosc. Radiat. Transf. 255, 107228 (2020), doi:10.1016/j.jqsrt.2020.107228;
    L. S. Rothman et al., J. Quant. Spectrosc. Radiat. Transf. 96, 139 (2005),
    doi:10.1016/j.jqsrt.2004.10.008, for the records of 160 characters
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from pes.elements import mass_number
from pes.files import replaced
from pes.hdf5_files import replaced_hdf5
from pes.molecule import Molecule
from pes.rovibration.lines import Spectrum
from pes.setup.lines.line_progress import FileClock
from pes.units import AMU, AVOGADRO

__all__ = ["HITRAN", "LINES_CSV", "LINES_H5", "PARTITION_CSV", "LineTables", "write_line_list"]

LINES_CSV, LINES_H5, PARTITION_CSV = "lines.csv", "lines.h5", "partition.csv"

STATE_UNITS = {"energy": "cm-1", "convergence": "cm-1", "lifetime": "s"}
"""Units of the states in lines.h5 that have one."""

BLOCK = 10_000
"""Lines that are text at once."""

HITRAN = {
    "H2O": 1, "CO2": 2, "O3": 3, "N2O": 4, "CO": 5, "CH4": 6, "SO2": 9, "NO2": 10, "H3N": 11,
    "HO2": 33, "CH2O": 20, "HClO": 21, "CHN": 23, "H2O2": 25, "C2H2": 26, "H3P": 28, "H2S": 31,
    "CHFO": 29, "COS": 19,
}  # fmt: skip
"""Numbers of molecules in HITRAN, by Hill formula; others get 0. Isotopologue 1 is the most
abundant one, others get 0."""

COLUMNS = {
    "wavenumber": "cm-1", "uncertainty": "cm-1", "intensity": "cm/molecule", "einstein": "1/s",
    "upper": "1", "lower": "1",
}  # fmt: skip
"""Columns of the lines and their units; levels by their number in the states file."""

SPREADS = {"position_spread": "cm-1", "intensity_spread": "cm/molecule"}
"""Columns of lines on ensembles, after the others."""


@dataclass(frozen=True, eq=False)
class LineTables:
    """Content of the files of a line list.

    Attributes:
        molecule: its isotopes.
        heading: names of the vibrational quanta.
        temperature: temperature of the intensities, kelvin.
        states: rows of the table of levels, by energy.
        weights: degeneracies of the states, (S,).
        lifetimes: lifetimes of the states, (S,) in s.
        spectrum: lines by wavenumber.
        count: number of lines in `transitions` whose levels have nuclear-spin functions.
        transitions: upper and lower states, A (s⁻¹) and wavenumbers (cm⁻¹) of all lines, in blocks.
        temperatures: temperatures of the partition function, (T,) in kelvin.
        partition: Q, (T,).
        missing: estimated parts of Q of higher J and of higher vibrational levels, (T,) each.
    """

    molecule: Molecule
    heading: str
    temperature: float
    states: list[dict[str, Any]]
    weights: Tensor
    lifetimes: Tensor
    spectrum: Spectrum
    count: int
    transitions: Callable[[], Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]]
    temperatures: Tensor
    partition: Tensor
    missing: tuple[Tensor, Tensor]


def write_line_list(
    lines: LineTables,
    folder: str | Path,
    name: str,
    progress: Callable[[str], None] = lambda _: None,
) -> Path:
    """Write every file of a line list into a folder, which is made if need be.

    NAME.states, NAME.trans, NAME.pf and NAME.def as of ExoMol; NAME.par as of HITRAN; lines.csv,
    lines.h5 and partition.csv. NAME.trans holds lines of any intensity, the others those of the
    spectrum. Intensities are those of one molecule of the isotopologue, whatever its abundance.

    Args:
        lines: content of the files.
        folder: folder of the files.
        name: name of the files of ExoMol and HITRAN.
        progress: called with sentences about the lines written and the CPU time left.

    Returns:
        The folder.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    wrote = FileClock(lines.count + 2 * len(lines.spectrum.wavenumbers), progress).wrote
    texts = {
        "states": _states(lines), "trans": _transitions(lines, wrote),
        "def": _definition(lines, name), "pf": _partition(lines), "par": _records(lines, wrote),
    }  # fmt: skip
    for suffix, text in texts.items():
        with replaced(place / f"{name}.{suffix}") as file, file.open("w", encoding="utf-8") as out:
            out.writelines(text)
    _write_csv(place / LINES_CSV, lines, wrote)
    _write_partition(place / PARTITION_CSV, lines)
    _write_arrays(place / LINES_H5, lines)
    return place


def _states(lines: LineTables) -> Iterator[str]:
    """Number, energy, weight, J, uncertainty, lifetime, irrep, quanta, `_rotors`."""
    heading, weights = lines.heading, lines.weights.round().long().tolist()
    rotors = _rotors(lines)
    rows = zip(lines.states, weights, lines.lifetimes.tolist(), strict=True)
    for k, (row, weight, lifetime) in enumerate(rows):
        quanta = " ".join(f"{q:>3}" for q in _quanta(row[heading], heading, "NaN"))
        yield (
            f"{k + 1:12d} {row['energy'] + 0.0:12.6f} {weight:6d} {row['J']:7d} "
            f"{row['convergence']:12.6f} {lifetime:12.4E} {row.get('irrep', '-'):>4} {quanta} "
            f"{' '.join(f'{row[name]:3d}' for name in rotors)}\n"
        )


def _rotors(lines: LineTables) -> tuple[str, ...]:
    """Columns beside J: Ka and Kc, K as well of a symmetric top, of a spherical one its counter."""
    row = lines.states[0] if lines.states else {}
    return ("n",) if "n" in row else ("Ka", "Kc", "K") if "K" in row else ("Ka", "Kc")


def _transitions(lines: LineTables, wrote: Callable[[int], None]) -> Iterator[str]:
    """Upper and lower number, A, wavenumber; levels that no spin function allows have no lines."""
    for upper, lower, *rest in lines.transitions():
        real = lines.weights[upper] > 0
        columns = (column[real] for column in (upper + 1, lower + 1, *rest))
        for block in zip(*(column.split(BLOCK) for column in columns), strict=True):
            rows = zip(*(part.tolist() for part in block), strict=True)
            yield "".join(f"{u:12d} {d:12d} {a:10.4E} {w:15.6f}\n" for u, d, a, w in rows)
            wrote(len(block[0]))


def _partition(lines: LineTables) -> Iterator[str]:
    """T and Q."""
    values = zip(lines.temperatures.tolist(), lines.partition.tolist(), strict=True)
    yield from (f"{t:8.1f} {q:15.4f}\n" for t, q in values)


def _definition(lines: LineTables, name: str) -> Iterator[str]:
    """Values and their meanings, as programs look for them in a file .def."""
    molecule, s = lines.molecule, lines.spectrum
    mass = float(molecule.masses.sum()) / AMU
    highest = float(s.wavenumbers.max()) if len(s.wavenumbers) else 0.0
    quanta = ("irrep", *_names(lines.heading), *_rotors(lines))
    rows = [
        ("EXOMOL.def", "ID"),
        (molecule.formula, "Molecule chemical formula"),
        (" ".join(molecule.nuclei), "Isotopologue"),
        (name, "Isotopologue dataset name"),
        (f"{mass:.8f} {mass / (1000 * AVOGADRO):.8E}", "Isotopologue mass (Da) and (kg)"),
        ("1", "Lifetime availability (1=yes, 0=no)"),
        ("0", "Lande g-factor availability (1=yes, 0=no)"),
        ("1", "Uncertainty availability (1=yes, 0=no)"),
        (str(len(lines.states)), "No. of states in .states file"),
        (str(len(quanta)), "No. of quanta defined"),
        *((label, f"Quantum label {k}") for k, label in enumerate(quanta, 1)),
        ("1", "No. of transition files"),
        (f"{highest:.2f}", "Maximum wavenumber (in cm-1)"),
        (f"{float(lines.temperatures.max()):.2f}", "Maximum temperature of partition function"),
    ]
    yield from (f"{value:<60} # {meaning}\n" for value, meaning in rows)


def _records(lines: LineTables, wrote: Callable[[int], None]) -> Iterator[str]:
    """Records of 160 characters by wavenumber; broadening, which is not known, is 0."""
    s, table, molecule = lines.spectrum, lines.states, lines.molecule
    plain = all(mass_number(symbol) == mass_number(e) for symbol, e in zip(
        molecule.symbols, molecule.elements, strict=True))  # fmt: skip
    number = f"{HITRAN.get(molecule.formula, 0):2d}{int(plain)}"
    vibrations = [
        "".join(f"{q:>2}" for q in _quanta(row[lines.heading], lines.heading, "-2"))
        for row in table
    ]
    rotations = [
        f"  {r['J']:3d}{r['irrep']:>2}{r['n']:3d}" if "n" in r
        else f"{r['J']:3d}{r['K']:3d} {r['irrep']}" if "K" in r
        else f"{r['J']:3d}{r['Ka']:3d}{r['Kc']:3d}"
        for r in table
    ]  # fmt: skip
    weights = lines.weights.tolist()
    columns = (s.wavenumbers, s.intensities, s.einstein, s.uncertainty, s.upper, s.lower)
    for block in zip(*(column.split(BLOCK) for column in columns), strict=True):
        text = []
        for w, value, a, error, u, d in zip(*(part.tolist() for part in block), strict=True):
            text.append(
                f"{number}{w:12.6f}{value:10.3E}{a:10.3E}.00000.000{table[d]['energy']:10.4f}0.00"
                f"0.000000{vibrations[u]:>15.15}{vibrations[d]:>15.15}{rotations[u]:<15}"
                f"{rotations[d]:<15}{_grade(error)}00000 0 0 0 0 0 0 {weights[u]:7.1f}"
                f"{weights[d]:7.1f}\n"
            )
        yield "".join(text)
        wrote(len(text))


def _grade(error: float) -> int:
    """HITRAN's code of an uncertainty: 1 from 0.1 to 1 cm⁻¹, 2 from 0.01 to 0.1, and so on."""
    return int(np.clip(np.ceil(-np.log10(max(error, 1e-9))), 0, 9))


def _write_csv(path: Path, lines: LineTables, wrote: Callable[[int], None]) -> None:
    """Rows of lines.csv."""
    names = ("wavenumber_cm1", "uncertainty_cm1", "intensity_cm_per_molecule", "einstein_per_s")
    with replaced(path) as file, file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        spreads = _spreads(lines)
        written = (f"{name}_{SPREADS[name].replace('cm-1', 'cm1').replace('/', '_per_')}"
                   for name in spreads)  # fmt: skip
        writer.writerow((*names, "upper", "lower", *written))
        columns = (*_columns(lines), *spreads.values())
        for block in zip(*(c.split(BLOCK) for c in columns), strict=True):
            writer.writerows(zip(*(part.tolist() for part in block), strict=True))
            wrote(len(block[0]))


def _columns(lines: LineTables) -> tuple[Tensor, ...]:
    """Columns of the spectrum in the order of `COLUMNS`."""
    s = lines.spectrum
    return (
        s.wavenumbers, s.uncertainty, s.intensities, s.einstein, s.upper + 1, s.lower + 1
    )  # fmt: skip


def _spreads(lines: LineTables) -> dict[str, Tensor]:
    """Columns of `SPREADS` as far as the surfaces are ensembles."""
    values = {name: getattr(lines.spectrum, name) for name in SPREADS}
    return {name: column for name, column in values.items() if column is not None}


def _write_partition(path: Path, lines: LineTables) -> None:
    """T, Q and the estimated parts of Q that are missing."""
    columns = (lines.temperatures, lines.partition, *lines.missing)
    with replaced(path) as file, file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(("temperature_K", "Q", "missing_above_highest_J", "missing_above_levels"))
        writer.writerows(zip(*(column.tolist() for column in columns), strict=True))


def _write_arrays(path: Path, lines: LineTables) -> None:
    """States and lines as arrays, each with its unit."""
    with replaced_hdf5(path) as file:
        file.attrs["temperature"] = lines.temperature
        file.attrs["molecule"] = " ".join(lines.molecule.nuclei)
        for name, values in zip(COLUMNS, _columns(lines), strict=True):
            file[f"lines/{name}"] = values.numpy()
        for name, values in _spreads(lines).items():
            file[f"lines/{name}"] = values.numpy()
            file[f"lines/{name}"].attrs["unit"] = SPREADS[name]
        columns = ("energy", "convergence", "J", "Ka", "Kc", "K", "n", "level")
        for name in (name for name in columns if name in lines.states[0]):
            file[f"states/{name}"] = np.array([row[name] for row in lines.states])
        file["states/weight"] = lines.weights.numpy()
        file["states/lifetime"] = lines.lifetimes.numpy()
        for place, units in (("lines", COLUMNS), ("states", STATE_UNITS)):
            for name, unit in units.items():
                file[f"{place}/{name}"].attrs["unit"] = unit


def _quanta(text: str, heading: str, unknown: str) -> list[str]:
    """Quanta of a label; `unknown` for each where there is none."""
    names = _names(heading)
    return [unknown] * len(names) if text == "-" else text.replace("^", " ").split()


def _names(heading: str) -> list[str]:
    """Names of the quanta of a label; the l of v2^l stands in a column of its own."""
    return heading.replace("^", " ").split()
