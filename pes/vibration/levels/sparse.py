"""Levels in oscillator functions on a sparse grid, each with its changes in larger runs."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import torch
from numpy.linalg import LinAlgError
from torch import Tensor

from pes.vibration.eigensolvers.blockwise import FixedCount, first_solve, fixed_count
from pes.vibration.eigensolvers.davidson import Progress
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs, SolverError
from pes.vibration.eigensolvers.warm_start import start_vectors
from pes.vibration.hamiltonian.operator import Hamiltonian, Solve
from pes.vibration.hamiltonian.sparse import SparseGrid, coarser, sparse_hamiltonian
from pes.vibration.levels.convergence import change
from pes.vibration.levels.diagnostics import level_warnings
from pes.vibration.levels.result import Levels
from pes.vibration.symmetry.invariance import invariant
from pes.vibration.symmetry.operation import Operation
from pes.vibration.symmetry.operations import commuting, symmetry_operations
from pes.vibration.system.minimum import minimum
from pes.vibration.system.system import System

__all__ = ["largest_grid", "sparse_levels"]


def sparse_levels(
    system: System,
    grid: SparseGrid,
    count: int | None = None,
    *,
    energy: float | None = None,
    solver: str = "auto",
    convergence: bool = True,
    reference: Tensor | None = None,
    progress: Callable[[str], None] = lambda _: None,
    watch: Callable[[Progress], None] = lambda _: None,
    start: Tensor | None = None,
    symmetry: bool = True,
) -> Levels:
    """The lowest levels on a sparse grid; `vibrational_levels` with a `SparseGrid` is the same.

    The convergence estimate is the sum of the absolute changes of a level with (a) one quantum
    more on the same grid and (b) one level more of the grid. All runs take their V and G from that
    of one quantum and one level more, whose levels are returned. If V and G are even under the
    reflection of all coordinates, states with an even and an odd number of quanta do not mix, and
    two take the place of one.

    Args:
        system: V and G in dimensionless normal coordinates, V with its minimum at 0.
        grid: functions and points.
        count: see `vibrational_levels`, as for all others.
        energy: all levels up to this energy above the ground state, hartree.
        solver: a key of `SOLVERS`, or `auto`.
        convergence: whether to make the larger runs.
        reference: start of the search for the minimum, (Q,); default 0.
        progress: called with the name of each step.
        watch: called after each step of the Davidson method.
        start: vectors to begin with, (S, N).
        symmetry: solve each block of H by itself.

    Raises:
        ValueError: if the larger grid does not fit into memory, see `sparse_hamiltonian`.
        SolverError: if a grid is too coarse for its functions, or the eigensolver fails.

    Example:
        Two oscillators coupled bilinearly, with frequencies √(1 ± c):

        >>> from pes.vibration.system.system import model
        >>> v = lambda q: (q.square().sum(1) + 0.2 * q.prod(1)) / 2
        >>> coupled = model(v, torch.eye(2).double())
        >>> found = sparse_levels(coupled, SparseGrid(("q1", "q2"), 8, 10), 2)
        >>> 2 * found.energies[0] - 0.9**0.5 - 1.1**0.5 < 1e-6
        tensor(True)
    """
    operations = commuting(symmetry_operations(system, grid.bases)) if symmetry else []
    solve_count = partial(fixed_count, solver=solver, watch=watch)
    near = torch.zeros(len(grid.names)).double() if reference is None else reference
    bottom, v_min = minimum(system, [(b.low, b.high) for b in grid.bases], near=near)
    largest = largest_grid(grid, operations) if convergence else grid
    progress("points")
    h, broken = invariant(sparse_hamiltonian(system, largest, operations=operations))
    asked = replace(largest, quanta=grid.quanta)
    progress("levels")
    part = coarser(h, asked)
    pairs = _bounded(part, asked, first_solve(count, energy, solve_count), start)
    levels = Levels(
        system, grid.bases, grid.truncation, torch.inf, bottom.to(system.device), v_min, part,
        pairs, warnings=tuple(broken) if symmetry and system.masses is not None else (),
    )  # fmt: skip
    if convergence:
        progress("more functions")
        levels = _compared(levels, (grid, largest), h, solve_count)
    return replace(levels, warnings=(*levels.warnings, *level_warnings(levels)))


def largest_grid(grid: SparseGrid, operations: Sequence[Operation]) -> SparseGrid:
    """Grid of the run that levels are compared with, one or two quanta and levels larger."""
    step = min(grid.all_weights) * (2 if any(_reverses_all(o) for o in operations) else 1)
    return grid.larger(quanta=step, level=step)


def _compared(
    levels: Levels,
    grids: tuple[SparseGrid, SparseGrid],
    largest: Hamiltonian,
    solve_count: FixedCount,
) -> Levels:
    """Levels in more functions, with their changes since and with the grid.

    Args:
        levels: in the functions asked for, on the grid of the largest run.
        grids: asked for, and that of the largest run.
        largest: Hamiltonian of that.
        solve_count: solves for a number of levels.
    """

    def solve(h: Hamiltonian, start: Tensor | None) -> Eigenpairs:
        return solve_count(h, len(levels.energies), start=start)

    c = levels.eigenpairs.coefficients
    # To first order: ψ hardly knows of the points.
    coarse = (c * coarser(largest, grids[0]).apply(c)).sum(1)
    begin = start_vectors(levels.hamiltonian.basis, levels.eigenpairs, largest.basis)
    best = _bounded(largest, grids[1], solve, begin)
    changes = change(levels.energies, best.energies), change(coarse, levels.energies)
    return replace(
        levels, bases=grids[1].bases, truncation=grids[1].truncation, hamiltonian=largest,
        eigenpairs=best, compared_with="sparse",
        estimated_changes=torch.stack((*changes, torch.full_like(coarse, torch.nan))),
    )  # fmt: skip


def _reverses_all(operation: Operation) -> bool:
    return all(operation.mirrored) and operation.order == tuple(range(len(operation.order)))


def _bounded(
    hamiltonian: Hamiltonian, grid: SparseGrid, solve: Solve, start: Tensor | None
) -> Eigenpairs:
    """Eigenpairs, if none lies below the lowest V.

    Raises:
        SolverError: otherwise. Weights of both signs make H bounded below only where the grid
            integrates products of two functions with V and G.
    """
    coarse = SolverError(
        f"the grid of level {grid.level:g} is too coarse for {grid.quanta:g} quanta: it gives "
        "levels below the minimum of the surface; take a higher level, or fewer quanta"
    )
    try:
        pairs = solve(hamiltonian, start)
    except LinAlgError:  # H less the lowest V has no Cholesky factor
        raise coarse from None
    if float(pairs.energies[0]) < hamiltonian.lower_bound:
        raise coarse
    return pairs
