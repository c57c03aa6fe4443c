"""Levels in oscillator functions on a sparse grid, each with its changes in larger runs."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import torch
from numpy.linalg import LinAlgError
from torch import Tensor

from pes.vibration.eigensolvers.blockwise import fixed_count
from pes.vibration.eigensolvers.davidson import Progress
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs, SolverError
from pes.vibration.eigensolvers.requests import asked_for, first_solve
from pes.vibration.eigensolvers.warm_start import start_vectors
from pes.vibration.hamiltonian.operator import Hamiltonian, Solve
from pes.vibration.hamiltonian.sparse import SparseGrid, beyond, coarser, sparse_hamiltonian
from pes.vibration.levels.convergence import Number
from pes.vibration.levels.diagnostics import level_warnings
from pes.vibration.levels.left_out import expected_changes, left_after_step
from pes.vibration.levels.matching import EXTRA, matching, of_partners
from pes.vibration.levels.result import Levels
from pes.vibration.symmetry.axial import level_count
from pes.vibration.symmetry.invariance import invariant
from pes.vibration.symmetry.operation import Operation
from pes.vibration.symmetry.operations import commuting, symmetry_operations
from pes.vibration.system.minimum import minimum
from pes.vibration.system.system import System

__all__ = ["foreseen", "largest_grid", "sparse_levels"]

FEW = 20
"""Levels that are expected where an energy is given."""


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

    The levels returned are those of one quantum and one level more than asked for. Their
    convergence estimate is the sum of (a) what products of two quanta more would change to second
    order, what follows if changes go on to fall, and what two quanta less on the same grid change
    beside what was expected of them, see `left_after_step`, and (b) the absolute change with one
    level more of the grid. If V and G are even under the reflection of all
    coordinates, states with an even and an odd number of quanta do not mix, and it is two quanta
    and two levels more.

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
    near = torch.zeros(len(grid.names)).double() if reference is None else reference
    bottom, v_min = minimum(system, [(b.low, b.high) for b in grid.bases], near=near)
    largest = largest_grid(grid, operations) if convergence else grid
    progress("points")
    h, broken = invariant(sparse_hamiltonian(system, largest, operations=operations), system.places)
    asked = _smaller(grid, largest, h, count) if convergence else grid
    progress("levels")
    solve_count = partial(fixed_count, solver=solver, watch=watch)
    solve = first_solve(count, energy, solve_count, extra=EXTRA if convergence else 0)
    part = coarser(h, replace(largest, quanta=asked.quanta))
    pairs = _bounded(part, asked, solve, start)
    levels = Levels(
        system, grid.bases, grid.truncation, torch.inf, bottom.to(system.device), v_min, part,
        pairs, warnings=tuple(broken) if symmetry and system.masses is not None else (),
    )  # fmt: skip
    if convergence:
        progress("more functions")
        levels = _compared(
            levels, largest, h,
            lambda h, start: solve_count(h, len(pairs.energies), start=start),
            partial(asked_for, count=count, energy=energy),
        )  # fmt: skip
    return replace(levels, warnings=(*levels.warnings, *level_warnings(levels)))


def largest_grid(grid: SparseGrid, operations: Sequence[Operation]) -> SparseGrid:
    """Grid of the run that levels are compared with, one or two quanta and levels larger."""
    step = min(grid.all_weights) * (2 if any(_reverses_all(o) for o in operations) else 1)
    return grid.larger(quanta=step, level=step)


def _smaller(
    grid: SparseGrid, largest: SparseGrid, hamiltonian: Hamiltonian, count: int | None
) -> SparseGrid:
    """Two quanta less than the largest run where these hold the levels, else those asked for."""
    less = 2 * min(grid.all_weights)
    if largest.quanta - less < 0:
        return grid
    smaller = replace(grid, quanta=largest.quanta - less)
    held = level_count(coarser(hamiltonian, replace(largest, quanta=smaller.quanta)))
    return smaller if held >= (count or FEW) + EXTRA else grid


def _compared(
    levels: Levels, grid: SparseGrid, largest: Hamiltonian, solve: Solve, number: Number
) -> Levels:
    """Levels in more functions, with their changes since and with the grid.

    Args:
        levels: levels in fewer functions, on the grid of the largest run.
        grid: grid of the largest run.
        largest: Hamiltonian of that.
        solve: gives as many levels.
        number: number of levels asked for.
    """
    before = (levels.hamiltonian, levels.eigenpairs)
    begin = start_vectors(levels.hamiltonian.basis, levels.eigenpairs, largest.basis)
    best = _bounded(largest, grid, solve, begin)
    count = number(best)
    match = matching((largest, best), before, count)
    last = expected_changes(before[0], [largest], before[1])[0]
    near = expected_changes(largest, [foreseen(largest, grid)], best.first(count))[0]
    changes = left_after_step(near, match.changes, of_partners(last, match.partners))
    points = _with_fewer_points(largest, best.first(count), grid)
    return replace(
        levels, bases=grid.bases, truncation=grid.truncation, hamiltonian=largest,
        eigenpairs=best.first(count), compared_with="sparse",
        estimated_changes=torch.stack((changes, points, torch.full_like(points, torch.nan))),
    )  # fmt: skip


def foreseen(hamiltonian: Hamiltonian, grid: SparseGrid) -> Hamiltonian:
    """The same Hamiltonian in functions of two quanta more, whose effect is only estimated."""
    return beyond(hamiltonian, grid, 2 * min(grid.all_weights))


def _with_fewer_points(largest: Hamiltonian, pairs: Eigenpairs, grid: SparseGrid) -> Tensor:
    """Changes of levels when the grid loses a level, (S,).

    To first order, for ψ hardly knows of the points, and in one quantum less, so that both grids
    are as far above the quanta as the one asked for and the next.
    """
    one = min(grid.all_weights)
    fine = coarser(largest, grid.larger(quanta=-one))
    coarse = coarser(largest, grid.larger(quanta=-one, level=-one))
    c = start_vectors(largest.basis, pairs, fine.basis)
    if c is None:
        return torch.full_like(pairs.energies, torch.nan)
    change = (c * (coarse.apply(c) - fine.apply(c))).sum(1)
    change[1:] -= change[0].clone()
    return change.abs()


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
