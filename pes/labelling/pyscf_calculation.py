"""One ab initio point through PySCF (extra `abinitio`)."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from warnings import catch_warnings

import numpy as np
from numpy.typing import ArrayLike
from pyscf import __version__ as pyscf_version
from pyscf import dft, gto, lib, scf

from pes.labelling.pyscf_methods import BY_METHOD, THRESHOLDS, Converged, core_orbitals
from pes.labelling.pyscf_program import PySCF

__all__ = ["GUESSES", "calculated", "check", "provenance"]

GUESSES = ("minao", "atom", "huckel", "1e")
"""Initial orbitals of the attempts, one after the other."""

SCF_CYCLES = 200
FLAT = 1e-8
"""Width (bohr) of a molecule across its plane or line."""

GRID = 5
"""Level of the grids of density functionals: coarser ones make surfaces rough."""


def provenance(settings: PySCF) -> dict[str, str | float]:
    """Settings that a reader needs to compute the same numbers again."""
    name = settings.functional if settings.method == "dft" else settings.method.upper()
    correlated = settings.method not in ("hf", "dft")
    core = (", frozen core" if settings.frozen_core else ", all electrons") if correlated else ""
    dipoles = {
        "none": "none",
        "scf": "of the SCF wavefunction, in the frame of the positions",
        "density": "of the density without orbital relaxation, in the frame of the positions",
        "field": f"minus the slope of the energy in fields of {settings.field:g} a.u.",
    }
    return {
        "method": f"{name}{core}{', RHF reference' if correlated else ''}",
        "basis": settings.basis,
        "program": "PySCF",
        "program_version": pyscf_version,
        "dipoles": dipoles[settings.dipole],
        **{f"threshold_{name}": value for name, value in THRESHOLDS.items()},
    }


def check(settings: PySCF, symbols: Sequence[str]) -> None:
    """Basis and functional are known, and the shell is closed.

    Raises:
        ValueError: if not.
    """
    for element in dict.fromkeys(symbols):
        try:
            with catch_warnings(action="ignore"):  # where else to look for it
                gto.basis.load(settings.basis, element)
        except (KeyError, RuntimeError, OSError, ValueError):
            raise ValueError(
                f"`basis`: PySCF has no basis {settings.basis!r} for {element}; cc-pVTZ is one"
            ) from None
    if settings.functional is not None:
        try:
            dft.libxc.parse_xc(settings.functional)
        except (KeyError, ValueError, NotImplementedError):
            raise ValueError(
                f"`functional`: PySCF knows no functional {settings.functional!r}; b3lyp is one"
            ) from None
    electrons = sum(map(gto.charge, symbols)) - settings.charge
    if electrons % 2 or electrons < 2:
        raise ValueError(
            f"`charge`: {' '.join(symbols)} with charge {settings.charge} has {electrons} "
            "electrons; this program needs an even number, open shells need an external program"
        )
    if settings.frozen_core and max(map(gto.charge, symbols)) > 18:
        raise ValueError("`frozen_core` is for elements up to argon; set it to false")


def calculated(
    settings: PySCF, symbols: Sequence[str], positions: ArrayLike, attempt: int = 0
) -> dict[str, Any]:
    """Energy of a closed-shell molecule with its parts.

    Args:
        settings: what to compute.
        symbols: N element symbols.
        positions: (N, 3) in bohr.
        attempt: number of the initial guess; after the first one, orbitals are found by a
            second-order method and CC iterations are damped.

    Returns:
        `positions`, `energy`, `columns` (parts of the energy in hartree; `t1_diagnostic`,
        T. J. Lee, P. R. Taylor, Int. J. Quantum Chem. 36, 199 (1989),
        doi:10.1002/qua.560360824), and, if asked for, `forces` (N, 3) in hartree/bohr and
        `dipole` (3) in e·bohr.

    Raises:
        RuntimeError: if SCF, CCSD or the Λ equations do not reach their threshold.
    """
    lib.num_threads(1)
    with catch_warnings(action="ignore"):  # PySCF's to its own developers
        return _calculated(settings, symbols, np.asarray(positions, dtype=float), attempt)


def _calculated(
    settings: PySCF, symbols: Sequence[str], places: np.ndarray, attempt: int
) -> dict[str, Any]:
    atoms = list(zip(symbols, places.tolist(), strict=True))
    molecule = gto.M(
        atom=atoms, unit="Bohr", basis=settings.basis, charge=settings.charge, verbose=0
    )
    solve = partial(_solved, settings, molecule, attempt)
    mean_field, solved = solve()
    record: dict[str, Any] = {
        "positions": places.tolist(), "energy": solved.energy, "columns": solved.columns
    }  # fmt: skip
    if settings.gradient:
        record["forces"] = (-solved.gradient()).tolist()
    if settings.dipole == "field":
        record["dipole"] = _slope(lambda field: solve(field)[1].energy, molecule, settings.field)
    elif settings.dipole != "none":
        density = solved.density() if settings.dipole == "density" else mean_field.make_rdm1()
        dipole = mean_field.dip_moment(molecule, density, unit="AU", verbose=0)
        record["dipole"] = dipole.tolist()
    return record


def _solved(
    settings: PySCF, molecule: gto.Mole, attempt: int, field: np.ndarray | None = None
) -> tuple[Any, Converged]:
    mean_field = _mean_field(settings, molecule, attempt, field)
    frozen = core_orbitals(molecule) if settings.frozen_core else 0
    solved = BY_METHOD[settings.method](mean_field, frozen, 0.5 if attempt else 1.0)
    return mean_field, solved


def _mean_field(settings: PySCF, molecule: gto.Mole, attempt: int, field: np.ndarray | None) -> Any:
    """Converged orbitals, in a uniform field if there is one.

    A field adds F·r to the energy of each electron; that of the nuclei is left to `_slope`.
    """
    mean_field: Any
    if settings.method == "dft":
        mean_field = dft.RKS(molecule, xc=settings.functional or "")
        mean_field.grids.level = GRID
    else:
        mean_field = scf.RHF(molecule)
    mean_field.set(
        conv_tol=THRESHOLDS["scf"], max_cycle=SCF_CYCLES, init_guess=GUESSES[attempt % len(GUESSES)]
    )
    if field is not None:
        core = mean_field.get_hcore() + np.einsum("x,xij->ij", field, molecule.intor("int1e_r"))
        mean_field.get_hcore = lambda *_: core
    start = None
    if attempt:
        second_order = mean_field.newton()
        second_order.kernel()
        start = second_order.make_rdm1()
    mean_field.kernel(dm0=start)
    if not mean_field.converged:
        raise RuntimeError(f"SCF did not converge in {SCF_CYCLES} cycles")
    return mean_field


def _slope(
    energy: Callable[[np.ndarray], float], molecule: gto.Mole, strength: float
) -> list[float]:
    """Dipole −dE/dF (3) in e·bohr by central differences; the nuclei's part is exact.

    Fields lie along the principal axes of the places of the nuclei. Across a plane or a line that
    holds all of them the electrons are spread evenly, and no energy is computed.
    """
    places = molecule.atom_coords()
    _, widths, axes = np.linalg.svd(places - places.mean(0))
    across = np.pad(widths, (0, 3 - len(widths))) < FLAT
    electrons = [
        -molecule.nelectron * axis @ places[0]
        if flat
        else (energy(-strength * axis) - energy(strength * axis)) / (2 * strength)
        for axis, flat in zip(axes, across, strict=True)
    ]
    return (np.array(electrons) @ axes + molecule.atom_charges() @ places).tolist()
