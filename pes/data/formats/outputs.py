"""Outputs of ORCA, Molpro, Psi4, Gaussian and others, read by cclib (extra `outputs`)."""

import logging
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
METHODS = ("ccenergies", "mpenergies", "scfenergies")
"""Energies of an output, the highest level first."""


def read_output(path: Path, request: Request) -> Iterator[Dataset]:
    """Geometries with energies of the highest level of theory; other energies become columns.

    Forces are taken where there is one for each geometry: printed as forces by Gaussian, as
    gradients by all others. Dispersion that a program adds afterwards is refused, since programs
    differ in whether the energy holds it.

    Raises:
        ValueError: if cclib finds no geometries with energies.

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
    energies = {name: _energies(parsed, name) for name in METHODS if hasattr(parsed, name)}
    if not energies or not hasattr(parsed, "atomcoords"):
        raise ValueError("no geometry with an energy; is it the output of a finished calculation?")
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
    gradients = np.asarray(getattr(parsed, "grads", ()), dtype=float)
    if gradients.shape == positions.shape and best == "scfenergies":
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


def _energies(parsed: Any, name: str) -> np.ndarray:
    """Energies (B,) in hartree; of perturbation theory, the highest order."""
    values = np.asarray(getattr(parsed, name), dtype=float)
    # cclib's own factor, so that the digits are those of the output.
    return convertor(values[:, -1] if values.ndim == 2 else values, "eV", "hartree")
