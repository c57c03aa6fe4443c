"""Oscillator functions of a sparse grid moved and stretched to where the ground state is.

Bonds are longer on average than at the minimum. Functions about the minimum spend quanta on that;
functions about the mean do not, and every level converges with about one quantum less.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import inf

import torch
from numpy.linalg import LinAlgError
from torch import Tensor

from pes.vibration.hamiltonian.sparse import SparseGrid, sparse_hamiltonian
from pes.vibration.system.system import System

__all__ = ["adapted"]

QUANTA, LEVEL = 2.0, 4.0
"""Functions and points of the small calculations that the ground state is taken from."""

SWEEPS = 3
"""Small calculations, each about the mean of the last."""

DIGITS = 3
"""Decimals of centres and widths: what symmetry makes zero, or equal, is so to the last digit."""

FARTHEST, NARROWEST, WIDEST = 1.5, 0.6, 1.6
"""Means and widths beyond which a ground state is not like that of an oscillator."""

DEGENERATE = 1e-5
"""Relative difference of frequencies below which modes have one width."""


def adapted(system: System, grid: SparseGrid) -> SparseGrid:
    """The same grid with functions that have the means and widths of the ground state.

    Where a ground state in few functions makes no sense, as with a very soft mode, the grid is
    returned as it is.

    Args:
        system: V and G in dimensionless normal coordinates, V with its minimum at 0.
        grid: functions and points.

    Example:
        An oscillator that is displaced and softer than its coordinate says:

        >>> from pes.vibration.system.system import model
        >>> v = lambda q: (0.8 * (q[:, 0] - 0.3) ** 2 + 2 * q[:, 1] ** 2) / 2
        >>> g = torch.diag(torch.tensor([1.0, 2.0])).double()
        >>> found = adapted(model(v, g), SparseGrid(("a", "b"), 4, 6))
        >>> found.centres, found.widths
        ((0.3, 0.0), (1.057, 1.0))
    """
    origin = torch.zeros(1, len(grid.names), dtype=torch.float64, device=system.device)
    with torch.no_grad():
        lowest = float(system.potential(origin)[0])
        frequencies = system.kinetic(origin)[0][0].diagonal().tolist()
    found = replace(grid, quanta=QUANTA, level=LEVEL, weights=None)
    for _ in range(SWEEPS):
        try:
            energy, means, widths = _ground_state(system, found)
        except (ValueError, LinAlgError):
            return grid
        sensible = lowest < energy < inf and float(means.abs().max()) < FARTHEST
        if not sensible or not bool(((widths > NARROWEST) & (widths < WIDEST)).all()):
            return grid
        # -0.0 is another number than 0.0 in a file.
        centres = tuple(round(c, DIGITS) + 0.0 for c in means.tolist())
        found = replace(found, centres=centres, widths=_equal(widths.tolist(), frequencies))
    return replace(grid, centres=found.centres, widths=found.widths)


def _ground_state(system: System, grid: SparseGrid) -> tuple[float, Tensor, Tensor]:
    """Energy, mean (Q,) and √2 times the standard deviation (Q,) of each coordinate."""
    h = sparse_hamiltonian(system, grid)
    energies, vectors = torch.linalg.eigh(h.dense())
    density = h.basis.on_grid(vectors[:, :1].T)[0].square() * h.basis.signs
    q = h.basis.points
    means = (density[:, None] * q).sum(0) / density.sum()
    variances = (density[:, None] * (q - means).square()).sum(0) / density.sum()
    return float(energies[0]), means.cpu(), (2 * variances.clamp(min=0.0)).sqrt().cpu()


def _equal(widths: Sequence[float], frequencies: Sequence[float]) -> tuple[float, ...]:
    """Widths rounded, those of degenerate modes their mean."""
    alike = [
        [a for a, f in zip(widths, frequencies, strict=True) if abs(f - w) < DEGENERATE * w]
        for w in frequencies
    ]
    return tuple(round(sum(same) / len(same), DIGITS) for same in alike)
