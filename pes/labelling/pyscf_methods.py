"""Methods of electronic structure through PySCF: energy, gradient and density from orbitals."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
from pyscf import cc, gto, mp
from pyscf.cc import ccsd_t_lambda, ccsd_t_rdm_slow
from pyscf.grad import ccsd_t as ccsd_t_gradient

__all__ = ["BY_METHOD", "THRESHOLDS", "Converged", "core_orbitals"]

THRESHOLDS = MappingProxyType({"scf": 1e-11, "ccsd": 1e-9, "ccsd_amplitudes": 1e-7})
"""Convergence of the SCF and CCSD energies (hartree) and of the CC amplitudes."""

CC_CYCLES = 300


@dataclass(frozen=True)
class Converged:
    """A converged calculation.

    Attributes:
        energy: energy in hartree.
        columns: its parts and diagnostics.
        gradient: () to the gradient (N, 3), hartree/bohr.
        density: () to the one-particle density matrix of the method in atomic orbitals.
    """

    energy: float
    columns: Mapping[str, float]
    gradient: Callable[[], np.ndarray]
    density: Callable[[], np.ndarray]


def _by_scf(mean_field: Any, frozen: int, damping: float) -> Converged:
    gradient = mean_field.nuc_grad_method()
    if hasattr(gradient, "grid_response"):
        gradient.grid_response = True  # the points of the grid move with the nuclei
    energy = float(mean_field.e_tot)
    return Converged(energy, {"scf_energy": energy}, gradient.kernel, mean_field.make_rdm1)


def _by_mp2(mean_field: Any, frozen: int, damping: float) -> Converged:
    perturbed: Any = mp.MP2(mean_field, frozen=frozen)
    perturbed.kernel()
    columns = {"scf_energy": float(mean_field.e_tot), "mp2_correlation": float(perturbed.e_corr)}
    return Converged(
        float(perturbed.e_tot), columns, perturbed.nuc_grad_method().kernel,
        partial(perturbed.make_rdm1, ao_repr=True),
    )  # fmt: skip


def _by_ccsd(mean_field: Any, frozen: int, damping: float) -> Converged:
    cluster = _cluster(mean_field, frozen, damping)

    def density() -> np.ndarray:
        cluster.solve_lambda()
        if not cluster.converged_lambda:
            raise RuntimeError(f"the Λ equations did not converge in {CC_CYCLES} cycles")
        return cluster.make_rdm1(ao_repr=True)

    gradient = cluster.nuc_grad_method().kernel
    return Converged(float(cluster.e_tot), _parts(mean_field, cluster), gradient, density)


def _by_ccsd_t(mean_field: Any, frozen: int, damping: float) -> Converged:
    cluster = _cluster(mean_field, frozen, damping)
    triples = float(cluster.ccsd_t())
    columns = {**_parts(mean_field, cluster), "triples_correction": triples}

    def gradient() -> np.ndarray:
        l1, l2, integrals = _lambda_amplitudes(cluster)
        amplitudes = cluster.t1, cluster.t2, l1, l2
        return ccsd_t_gradient.Gradients(cluster).kernel(*amplitudes, integrals)

    def density() -> np.ndarray:
        l1, l2, integrals = _lambda_amplitudes(cluster)
        amplitudes = cluster.t1, cluster.t2, l1, l2
        return ccsd_t_rdm_slow.make_rdm1(cluster, *amplitudes, integrals, ao_repr=True)

    return Converged(float(cluster.e_tot + triples), columns, gradient, density)


BY_METHOD = {
    "hf": _by_scf, "dft": _by_scf, "mp2": _by_mp2, "ccsd": _by_ccsd, "ccsd(t)": _by_ccsd_t
}  # fmt: skip


def _cluster(mean_field: Any, frozen: int, damping: float) -> Any:
    cluster = cc.CCSD(mean_field, frozen=frozen)
    cluster.set(
        conv_tol=THRESHOLDS["ccsd"], conv_tol_normt=THRESHOLDS["ccsd_amplitudes"],
        max_cycle=CC_CYCLES, iterative_damping=damping,
    )  # fmt: skip
    cluster.kernel()
    if not cluster.converged:
        raise RuntimeError(f"CCSD did not converge in {CC_CYCLES} cycles")
    return cluster


def _parts(mean_field: Any, cluster: Any) -> dict[str, float]:
    return {
        "scf_energy": float(mean_field.e_tot),
        "ccsd_correlation": float(cluster.e_corr),
        "t1_diagnostic": float(np.linalg.norm(cluster.t1) / np.sqrt(2 * len(cluster.t1))),
    }


def _lambda_amplitudes(cluster: Any) -> tuple[np.ndarray, np.ndarray, Any]:
    """Λ amplitudes of CCSD(T), and the integrals.

    Left to itself PySCF 2.14 solves those of CCSD instead for the gradient, without a word: an
    error of 1e-3 hartree/bohr near the minimum of water.
    """
    integrals = cluster.ao2mo()
    converged, l1, l2 = ccsd_t_lambda.kernel(
        cluster, integrals, cluster.t1, cluster.t2,
        max_cycle=cluster.max_cycle, tol=cluster.conv_tol_normt, verbose=0,
    )  # fmt: skip
    if not converged:
        raise RuntimeError(f"the Λ equations did not converge in {CC_CYCLES} cycles")
    return l1, l2, integrals


def core_orbitals(molecule: gto.Mole) -> int:
    """Chemical core: 1s of Li–Ne, 1s2s2p of Na–Ar, nothing for H and He."""
    charges = molecule.atom_charges()
    return int(np.sum(np.where(charges > 10, 5, np.where(charges > 2, 1, 0))))
