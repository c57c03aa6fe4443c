"""Degenerate levels: clusters of them, and their splitting by a perturbation."""

import torch
from torch import Tensor

from pes.units import CM1
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs

__all__ = ["DEGENERATE", "clusters", "is_cut", "split_slopes"]

DEGENERATE = 1e-6 * CM1
"""Levels nearer than this are one cluster, hartree."""


def clusters(energies: Tensor) -> list[list[int]]:
    """Levels grouped by degeneracy, neighbours within 1e-6 cm⁻¹.

    Example:
        >>> clusters(torch.tensor([0.0, 1.0, 1.0]))
        [[0], [1, 2]]
    """
    groups: list[list[int]] = []
    for n, energy in enumerate(energies.tolist()):
        if groups and energy - float(energies[groups[-1][-1]]) < DEGENERATE:
            groups[-1].append(n)
        else:
            groups.append([n])
    return groups


def is_cut(pairs: Eigenpairs) -> bool:
    """Whether the highest level has a degenerate partner beyond the levels kept."""
    return pairs.next_energy - float(pairs.energies[-1]) < DEGENERATE


def split_slopes(elements: Tensor) -> Tensor:
    """Slopes of the levels into which each parameter splits a cluster, ascending.

    Args:
        elements: ⟨m|∂H/∂κ|n⟩ within the cluster, (d, d, *shape), one matrix for each κ.

    Returns:
        (d, *shape): eigenvalues of each matrix.

    Example:
        >>> split_slopes(torch.tensor([[0.0, 1.0], [1.0, 0.0]])).tolist()
        [-1.0, 1.0]
    """
    if len(elements) == 1:
        return elements[0]
    matrices = elements.movedim((0, 1), (-2, -1))
    return torch.linalg.eigvalsh(matrices).movedim(-1, 0)
