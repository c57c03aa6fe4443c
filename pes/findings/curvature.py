"""Curvature of the labels at their minimum."""

import torch
from torch import Tensor

from pes.findings.evidence import Evidence
from pes.molecule import Molecule
from pes.stiffness import Stiffness

__all__ = ["curvature"]


def curvature(evidence: Evidence, elements: tuple[str, ...] | None = None) -> Stiffness | None:
    """Highest harmonic frequency of the reference at its lowest sound point.

    None without a reference, or where it curves down.

    Args:
        evidence: points and their reference.
        elements: element of each atom; by default that of the points.
    """
    known = evidence.reference
    if known is None:
        return None
    energies = evidence.dataset.energies[known.rows] + 1e3 * known.standardised[
        known.rows
    ].abs().gt(6)
    x = evidence.dataset.positions[known.rows[energies.argmin()]]
    molecule = Molecule(elements or evidence.dataset.elements)
    root = molecule.masses.repeat_interleave(3).sqrt()
    hessian = torch.autograd.functional.hessian(
        lambda q: known.surface((q / root).reshape(1, -1, 3))[0], x.flatten() * root
    )
    assert isinstance(hessian, Tensor)
    largest = float(torch.linalg.eigvalsh(0.5 * (hessian + hessian.mT))[-1])
    return Stiffness.of(largest**0.5, molecule, x) if largest > 0 else None
