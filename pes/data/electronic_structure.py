"""One ab initio point: frozen-core CCSD(T) through PySCF (extra `abinitio`)."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike
from pyscf import __version__ as pyscf_version
from pyscf import cc, gto, lib, scf
from pyscf.cc import ccsd_t_lambda
from pyscf.grad import ccsd_t as ccsd_t_gradient
from scipy.optimize import minimize

__all__ = ["THRESHOLDS", "ccsd_t", "optimised", "provenance"]

THRESHOLDS = {"scf": 1e-11, "ccsd": 1e-9, "ccsd_amplitudes": 1e-7}
"""Convergence of the SCF and CCSD energies (hartree) and of the CC amplitudes."""


def provenance(basis: str) -> dict[str, str | float]:
    """Settings that a reader needs to compute the same numbers again."""
    return {
        "method": "CCSD(T), frozen core, RHF reference",
        "basis": basis,
        "program": "PySCF",
        "program_version": pyscf_version,
        **{f"threshold_{name}": value for name, value in THRESHOLDS.items()},
    }


def ccsd_t(
    elements: Sequence[str], positions: ArrayLike, basis: str, *, gradient: bool = False
) -> Mapping[str, float | list]:
    """Frozen-core CCSD(T) energy of a closed-shell molecule, with its parts.

    Args:
        elements: N element symbols.
        positions: (N, 3) in bohr.
        basis: Gaussian basis set by name.
        gradient: also the analytic gradient.

    Returns:
        `energy`, `scf_energy`, `ccsd_correlation`, `triples_correction` in hartree,
        `t1_diagnostic` (T. J. Lee, P. R. Taylor, Int. J. Quantum Chem. 36, 199 (1989),
        doi:10.1002/qua.560360824), `scf_dipole` (3) in e·bohr and, if asked for,
        `forces` (N, 3) in hartree/bohr.

    Raises:
        RuntimeError: if SCF, CCSD or the Λ equations do not reach their threshold.
    """
    lib.num_threads(1)
    atoms = list(zip(elements, np.asarray(positions).tolist(), strict=True))
    molecule = gto.M(atom=atoms, unit="Bohr", basis=basis, verbose=0)
    mean_field = scf.RHF(molecule).set(conv_tol=THRESHOLDS["scf"], max_cycle=200)
    mean_field.kernel()
    if not mean_field.converged:
        raise RuntimeError("SCF did not converge in 200 cycles")
    cluster = cc.CCSD(mean_field, frozen=_core_orbitals(molecule))
    cluster.set(
        conv_tol=THRESHOLDS["ccsd"], conv_tol_normt=THRESHOLDS["ccsd_amplitudes"], max_cycle=300
    )
    cluster.kernel()
    if not cluster.converged:
        raise RuntimeError("CCSD did not converge in 300 cycles")
    triples = cluster.ccsd_t()
    record: dict[str, float | list] = {
        "energy": float(cluster.e_tot + triples),
        "scf_energy": float(mean_field.e_tot),
        "ccsd_correlation": float(cluster.e_corr),
        "triples_correction": float(triples),
        "t1_diagnostic": float(np.linalg.norm(cluster.t1) / np.sqrt(2 * len(cluster.t1))),
        "scf_dipole": mean_field.dip_moment(unit="AU", verbose=0).tolist(),
    }
    if gradient:
        record["forces"] = (-_gradient(cluster)).tolist()
    return record


def _gradient(cluster: cc.ccsd.CCSD) -> np.ndarray:
    """CCSD(T) gradient (N, 3) in hartree/bohr of a converged calculation.

    The Λ amplitudes must be those of CCSD(T). Left to itself PySCF 2.14 solves the CCSD ones
    instead, without a word: an error of 1e-3 hartree/bohr near the minimum of water.
    """
    t1, t2, integrals = cluster.t1, cluster.t2, cluster.ao2mo()
    converged, l1, l2 = ccsd_t_lambda.kernel(
        cluster, integrals, t1, t2,
        max_cycle=cluster.max_cycle, tol=cluster.conv_tol_normt, verbose=0,
    )  # fmt: skip
    if not converged:
        raise RuntimeError(f"the Λ equations did not converge in {cluster.max_cycle} cycles")
    return ccsd_t_gradient.Gradients(cluster).kernel(t1, t2, l1, l2, integrals)


def _core_orbitals(molecule: gto.Mole) -> int:
    """Chemical core: 1s of Li–Ne, 1s2s2p of Na–Ar, nothing for H and He."""
    charges = molecule.atom_charges()
    if charges.max() > 18:
        raise RuntimeError("frozen core is defined here for elements up to argon only")
    return int(np.sum(np.where(charges > 10, 5, np.where(charges > 2, 1, 0))))


def optimised(elements: Sequence[str], positions: ArrayLike, basis: str) -> np.ndarray:
    """Positions (N, 3) in bohr of the CCSD(T) minimum nearest to `positions`.

    Raises:
        RuntimeError: if the largest force stays above 1e-5 hartree/bohr.
    """
    start = np.asarray(positions, dtype=float)

    def energy_and_gradient(flat: np.ndarray) -> tuple[float, np.ndarray]:
        record = ccsd_t(elements, flat.reshape(-1, 3), basis, gradient=True)
        return float(record["energy"]), -np.ravel(record["forces"])  # type: ignore[arg-type]

    solution = minimize(
        energy_and_gradient, start.ravel(), jac=True, method="BFGS", options={"gtol": 1e-6}
    )
    if np.abs(solution.jac).max() > 1e-5:
        raise RuntimeError(f"geometry optimisation stopped early: {solution.message}")
    return solution.x.reshape(-1, 3)
