"""Uncertainty of levels from the disagreement of several surfaces.

With V the mean of the members and V_k one of them, to first order

    E_n,k − E_n = ⟨ψ_n|V_k − V|ψ_n⟩

and no Hamiltonian is diagonalised again.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from pes.chunks import in_chunks
from pes.vibration.eigensolvers.blockwise import lowest_blockwise
from pes.vibration.levels.result import Levels
from pes.vibration.symmetry.invariance import invariant
from pes.vibration.system.minimum import minimum

__all__ = ["ENSEMBLE_METHODS", "first_order", "full", "standard_deviation"]

Members = Callable[[Tensor], Tensor]
"""q (P, Q) to the energies of every member, (M, P) in hartree; their mean is V."""

CHUNK = 16384


def first_order(levels: Levels, members: Members) -> Tensor:
    """Changes of each level by each member, through |ψ|² alone.

    Args:
        levels: levels of the mean of the members.
        members: their surfaces.

    Returns:
        (M, S) in hartree: of the zero-point energy (each member's from its own minimum, which
        to first order lies where the mean's does) in the first column, of the energies above
        the ground state in the others.
    """
    moved = (_on_grid(levels, members) - levels.hamiltonian.potential) @ levels.densities.T
    with torch.no_grad():
        bottoms = members(levels.minimum[None])[:, 0]
    return _counted(moved, bottoms - levels.minimum_energy)


def full(levels: Levels, members: Members) -> Tensor:
    """The same by diagonalising the Hamiltonian of every member, (M, S) in hartree.

    In the basis and on the grid of the levels; levels are matched in the order of their energies.
    """
    potentials = _on_grid(levels, members)
    ranges = [(b.low, b.high) for b in levels.bases]
    moved, bottoms = [], []
    for k, potential in enumerate(potentials):
        # A member may lack a symmetry that the mean has.
        h, _ = invariant(replace(levels.hamiltonian, potential=potential))
        moved.append(lowest_blockwise(h, len(levels.energies)).energies - levels.energies)
        alone = replace(levels.system, potential=lambda q, k=k: members(q)[k])
        bottoms.append(minimum(alone, ranges, near=levels.minimum)[1])
    changes = torch.stack(moved)
    lowest_points = torch.tensor(bottoms, dtype=torch.float64) - levels.minimum_energy
    return _counted(changes, lowest_points.to(changes))


def standard_deviation(moved: Tensor) -> Tensor:
    """Standard deviation (S,) of the changes by `first_order` or `full`, hartree."""
    return moved.std(0, correction=min(1, len(moved) - 1))


ENSEMBLE_METHODS = {"first_order": first_order, "full": full}
"""Methods for propagating the spread of an ensemble to levels."""


def _on_grid(levels: Levels, members: Members) -> Tensor:
    """Every member on the grid, below the cap, (M, P)."""
    ceiling = levels.minimum_energy + levels.cap
    with torch.no_grad():
        return in_chunks(lambda q: members(q).clamp(max=ceiling), levels.points, CHUNK, dim=1)


def _counted(moved: Tensor, bottoms: Tensor) -> Tensor:
    """Changes of absolute energies as those of the zero-point energy and of excitations."""
    counted = moved - moved[:, :1]
    counted[:, 0] = moved[:, 0] - bottoms
    return counted
