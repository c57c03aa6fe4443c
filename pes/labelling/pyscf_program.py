"""PySCF as a program (extra `abinitio`): settings of a calculation, without PySCF itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pes.labelling.program import Positions, Program, Record

__all__ = ["COLUMNS", "DIPOLES", "METHODS", "PySCF"]

METHODS = ("hf", "dft", "mp2", "ccsd", "ccsd(t)")
"""Methods, for closed shells."""

DIPOLES = ("none", "scf", "density", "field")
"""Ways to a dipole moment."""

COLUMNS = MappingProxyType(
    {
        "scf_energy": "hartree",
        "mp2_correlation": "hartree",
        "ccsd_correlation": "hartree",
        "triples_correction": "hartree",
        "t1_diagnostic": "1",
    }
)
"""Unit of each column that a method may give."""


@dataclass(frozen=True)
class PySCF(Program):
    """One closed-shell calculation by PySCF.

    Attributes:
        method: one of `METHODS`.
        basis: Gaussian basis set by name.
        functional: functional of `dft`, as PySCF writes it, such as b3lyp.
        charge: charge of the molecule, e.
        frozen_core: no correlation of the chemical core.
        gradient: analytic gradients too.
        dipole: none; that of the SCF density; that of the method's own density, without the
            relaxation of the orbitals; or minus the slope of the energy in a uniform field.
        field: strength of that field in atomic units.

    Raises:
        ValueError: for an unknown method, or a functional that does not belong to it.
    """

    method: str = "ccsd(t)"
    basis: str = "cc-pVDZ"
    functional: str | None = None
    charge: int = 0
    frozen_core: bool = True
    gradient: bool = False
    dipole: str = "scf"
    field: float = 1e-3

    def __post_init__(self) -> None:
        for name, choices in (("method", METHODS), ("dipole", DIPOLES)):
            if getattr(self, name) not in choices:
                given = getattr(self, name)
                raise ValueError(f"`{name}` must be one of {', '.join(choices)}, got {given!r}")
        if (self.functional is not None) != (self.method == "dft"):
            raise ValueError("`functional` goes with `method: dft`, and with no other")

    def record(
        self,
        symbols: Sequence[str],
        positions: Positions,
        place: Path,
        attempt: int,
    ) -> Record:
        """Energy with its parts, and forces and dipole where they are asked for."""
        return _pyscf().calculated(self, symbols, positions, attempt)

    def check(self, symbols: Sequence[str]) -> None:
        """Check that PySCF is installed, has basis and functional, and that the shell is closed."""
        _pyscf().check(self, symbols)

    def provenance(self) -> Mapping[str, str | float]:
        """Method, basis, program and thresholds."""
        return _pyscf().provenance(self)

    def with_forces(self) -> Program:
        """The same with analytic gradients and no dipole."""
        return replace(self, gradient=True, dipole="none")

    @property
    def units(self) -> Mapping[str, str]:
        """Unit of each column."""
        return COLUMNS


def _pyscf() -> Any:
    try:
        return import_module("pes.labelling.pyscf_calculation")
    except ModuleNotFoundError as error:
        raise ValueError(
            f"this program needs the package {error.name}: pip install 'pes[abinitio]'"
        ) from None
