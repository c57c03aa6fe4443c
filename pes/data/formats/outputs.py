"""Outputs of ORCA, Molpro, Psi4, Gaussian and others, read by cclib (extra `outputs`)."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from cclib.io.ccio import ccread
from cclib.parser.utils import convertor

from pes.data.dataset import Dataset
from pes.data.formats.compressed import plain_file
from pes.data.formats.points import points
from pes.data.formats.request import Request
from pes.data.formats.units import file_units
from pes.elements import element

__all__ = ["read_output"]

UNITS = {"length": "angstrom", "energy": "hartree", "forces": "hartree/bohr"}
METHODS = {
    "ccenergies": "coupled_cluster_energy",
    "mpenergies": "perturbation_theory_energy",
    "scfenergies": "scf_energy",
}
"""Energies as cclib names them and as columns do, the highest level first."""
STATED = {
    "ORCA": re.compile(r"^FINAL SINGLE POINT ENERGY\s+(-?\d+\.\d+)"),
    "Molpro": re.compile(r"^ \S+ energy=\s*(-?\d+\.\d+)"),
    "Psi4": re.compile(r"^(?!.*SCS).*\btotal energy[^=:]*[=:]\s*(-?\d+\.\d+)", re.IGNORECASE),
}
"""Lines with the energy of the method that the user asked for; the last one counts."""
ARCHIVE = re.compile(r"^ 1[\\|]1[\\|].*?@", re.MULTILINE | re.DOTALL)
"""Summary at the end of each calculation of Gaussian, broken into lines of 70 characters."""
ARCHIVED = re.compile(
    r"[\\|](?:HF|MP\d[A-Z]*|(?:CC|QCI|BD|CI)[A-Z]*(?:\(\w+\))?)=([-\d.,]+)(?=[\\|])"
)
"""Energies in it, that of the method asked for last; of a scan, those of all geometries."""
EXCITED = re.compile(r"^ Total Energy, E\(\S+\) =\s*(-?\d+\.\d+)", re.MULTILINE)
"""Energy of an excited state in an output of Gaussian, which has its forces then."""
ROUNDING = 1e-6
"""Hartree by which programs round energies differently in different places."""


def read_output(path: Path, request: Request) -> Iterator[Dataset]:
    """Geometries with energies of the highest level of theory; other energies become columns.

    Forces are taken where there is one for each geometry: printed as forces by Gaussian, as
    gradients by all others. Dispersion that a program adds afterwards is refused, since programs
    differ in whether the energy holds it.

    Raises:
        ValueError: if cclib finds no geometries with energies, or if the last energy that
            Gaussian, ORCA, Molpro or Psi4 states is of a method that cclib does not read.

    References:
        N. M. O'Boyle, A. L. Tenderholt, K. M. Langner, J. Comput. Chem. 29, 839 (2008),
        doi:10.1002/jcc.20823
    """
    if request.units or request.keys:
        raise ValueError(
            "the output of a program states its units itself; leave out `units` and `keys`"
        )
    with plain_file(path) as plain:
        parsed = _parsed(plain)
        stated = _stated_energy(plain, parsed.metadata.get("package"))
    energies = {
        column: _energies(parsed, name) for name, column in METHODS.items() if hasattr(parsed, name)
    }
    if not energies or not hasattr(parsed, "atomcoords"):
        raise ValueError(
            "cclib finds no geometry with an energy; is the calculation finished? If it is, write "
            "the points in another format"
        )
    if len(getattr(parsed, "dispersionenergies", ())):
        raise ValueError(
            "the output has a dispersion correction, which cclib keeps apart; write the points in "
            "another format with the energy that you mean"
        )
    positions = np.asarray(parsed.atomcoords, dtype=float)
    for name, values in energies.items():
        if len(values) != len(positions):
            raise ValueError(
                f"{len(positions)} geometries and {len(values)} energies ({name}); one for each "
                "is needed"
            )
    best, arrays = next(iter(energies)), dict(energies)
    keys = {"energy": best}
    if stated is not None and abs(stated - energies[best][-1]) > ROUNDING:
        raise ValueError(
            f"the output ends with an energy of {stated} hartree, but cclib read "
            f"{energies[best][-1]:.8f} ({best}): it does not know this method; write the points in "
            "another format"
        )
    gradients = np.asarray(getattr(parsed, "grads", ()), dtype=float)
    if gradients.shape == positions.shape and best == METHODS["scfenergies"]:
        name = "forces" if parsed.metadata.get("package") == "Gaussian" else "gradients"
        arrays[name], keys[name] = gradients, name
    symbols = request.isotopes([element(int(z)) for z in parsed.atomnos])
    program = parsed.metadata.get("package", "a program")
    yield points(
        path, f"output of {program}", symbols, positions, arrays,
        keys=keys, units=file_units({}, UNITS), first_row=0,
    )  # fmt: skip


def _parsed(path: Path) -> Any:
    # Its logger would print lines of its own beside the message below.
    logging.getLogger("cclib").setLevel(logging.CRITICAL)
    try:
        parsed = ccread(str(path), loglevel=logging.CRITICAL)
    # Its parsers raise whatever a cut line leads to.
    except Exception as error:
        raise ValueError(f"cclib cannot read it ({type(error).__name__}: {error})") from None
    if parsed is None or not hasattr(parsed, "atomnos"):
        raise ValueError(
            "cclib recognises no program's output in it; results of PySCF and CFOUR are read as "
            "QCSchema (.json)"
        )
    return parsed


def _stated_energy(path: Path, package: str | None) -> float | None:
    """Last energy that the program states for the method asked for, in hartree."""
    if package == "Gaussian":
        return _archived_energy(path.read_text(encoding="utf-8", errors="replace"))
    pattern = STATED.get(package or "")
    if pattern is None:
        return None
    with path.open(encoding="utf-8", errors="replace") as lines:
        energies = [match[1] for line in lines if (match := pattern.match(line))]
    return float(energies[-1]) if energies else None


def _archived_energy(output: str) -> float | None:
    """Last energy that Gaussian states, in hartree; None in an output without its end."""
    excited = EXCITED.findall(output)
    if excited:
        return float(excited[-1])
    summaries = ARCHIVE.findall(output)
    energies = ARCHIVED.findall(summaries[-1].replace("\n ", "")) if summaries else []
    return float(energies[-1].split(",")[-1]) if energies else None


def _energies(parsed: Any, name: str) -> np.ndarray:
    """Energies (B,) in hartree; of perturbation theory, the highest order."""
    values = np.asarray(getattr(parsed, name), dtype=float)
    # cclib's own factor, so that the digits are those of the output.
    return convertor(values[:, -1] if values.ndim == 2 else values, "eV", "hartree")
