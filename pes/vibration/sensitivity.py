"""How every level answers to a change of the surface, the masses or anything else.

    dE_n/dκ = ⟨ψ_n| ∂H/∂κ |ψ_n⟩

with ψ_n held fixed. In a fixed basis on a fixed grid this is exact, not an approximation.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from pes.units import CM1
from pes.vibration.levels import Levels
from pes.vibration.system import System

__all__ = ["clusters", "kinetic_energies", "sensitivity"]

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


def sensitivity(
    levels: Levels,
    parameters: Sequence[Tensor],
    *,
    system: System | None = None,
    states: Sequence[int] | None = None,
    chunk: int = 4096,
) -> list[Tensor]:
    """Derivatives of levels by the Hellmann–Feynman theorem, in reverse mode.

    One evaluation of the surface and the kinetic energy on the grid serves all levels; each
    level then costs one backward pass, however many parameters there are. A degenerate
    cluster has no derivative of its single members: each is given the mean of its cluster.

    Args:
        levels: where ψ, basis and grid come from; held fixed.
        parameters: tensors with `requires_grad` on which `system` depends, such as the
            parameters of the surface or a tensor of masses.
        system: the system as a function of the parameters; default the one of `levels`.
        states: numbers of the levels; default all.
        chunk: grid points worked on at once.

    Returns:
        For each parameter a tensor (S, *shape) in hartree per its atomic unit, of absolute
        energies (subtract the first row for energies above the ground state).

    Raises:
        ValueError: if a parameter does not require gradients or nothing depends on it.

    References:
        R. P. Feynman, Phys. Rev. 56, 340 (1939), doi:10.1103/PhysRev.56.340
    """
    system = levels.system if system is None else system
    states = list(range(len(levels.energies))) if states is None else list(states)
    for number, parameter in enumerate(parameters):
        if not parameter.requires_grad:
            raise ValueError(f"parameter {number} does not require gradients")
    totals = [torch.zeros(len(levels.energies), *p.shape, dtype=p.dtype) for p in parameters]
    groups = clusters(levels.energies)
    needed = sorted({n for group in groups if set(group) & set(states) for n in group})
    coefficients = levels.pairs.coefficients[needed]
    h, points = levels.hamiltonian, levels.points
    psi, slopes = h.on_grid(coefficients), h.slopes_on_grid(coefficients)
    ceiling = levels.minimum_energy + levels.cap
    touched = [False] * len(parameters)
    for rows in torch.arange(len(points)).split(chunk):
        q = points[rows]
        v = system.potential(q).clamp(max=ceiling)
        g_matrix, slope = system.kinetic(q)
        # s follows from the slope of √det g; only its change matters, for ψ is fixed.
        change = -(slope - slope.detach()) / 2
        for i, n in enumerate(needed):
            u = slopes[i, rows] + change * psi[i, rows, None]
            energy = (psi[i, rows] ** 2 @ v) + torch.einsum("pk,pkl,pl->", u, g_matrix, u) / 2
            if not energy.requires_grad:
                break
            pieces = torch.autograd.grad(energy, parameters, retain_graph=True, allow_unused=True)
            for j, piece in enumerate(pieces):
                if piece is not None:
                    totals[j][n] += piece
                    touched[j] = True
    for number, found in enumerate(touched):
        if not found:
            raise ValueError(f"the levels do not depend on parameter {number}")
    for group in groups:
        for total in totals:
            total[group] = total[group].mean(0)
    return [total[states] for total in totals]


def kinetic_energies(levels: Levels) -> Tensor:
    """⟨T⟩ of each level, (S,) in hartree."""
    slopes = levels.hamiltonian.slopes_on_grid(levels.pairs.coefficients)
    return torch.einsum("spk,pkl,spl->s", slopes, levels.hamiltonian.g_matrix, slopes) / 2
