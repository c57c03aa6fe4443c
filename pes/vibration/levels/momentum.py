"""States of a linear molecule that turn about its line, on the grid of its J = 0 levels.

H keeps the angular momentum k of all bends about the line. The states of k = 1, 2, … are solved
for in functions and on points of the J = 0 levels, and their errors are estimated as theirs are.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from pes.vibration.eigensolvers.blockwise import lowest_blockwise
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs
from pes.vibration.eigensolvers.shared_elements import with_elements
from pes.vibration.eigensolvers.warm_start import start_vectors
from pes.vibration.grid.sparse_basis import SparseBasis
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.hamiltonian.sparse import SparseGrid, coarser
from pes.vibration.levels.left_out import expected_lowering, left_after_step
from pes.vibration.levels.matching import EXTRA, matching
from pes.vibration.levels.result import Levels
from pes.vibration.levels.sparse import foreseen
from pes.vibration.symmetry.axial import level_count

__all__ = ["momentum_states"]


@dataclass(frozen=True, eq=False)
class _SmallerRuns:
    """The J = 0 ground state in fewer functions on the same points.

    Attributes:
        levels: J = 0 of a linear molecule, on a sparse grid.
        grid: its functions and points.
    """

    levels: Levels
    grid: SparseGrid

    @cached_property
    def runs(self) -> list[tuple[Hamiltonian, Eigenpairs] | None]:
        """Hamiltonian and ground state of two quanta less and of one; None of fewer than none."""
        one = min(self.grid.all_weights)
        return [self._run(less * one) for less in (2, 1)]

    def _run(self, less: float) -> tuple[Hamiltonian, Eigenpairs] | None:
        if self.grid.quanta < less:
            return None
        whole = self.levels.hamiltonian
        h = coarser(whole, replace(self.grid, quanta=self.grid.quanta - less))
        return h, lowest_blockwise(h, 1)


def momentum_states(
    levels: Levels, momenta: Iterable[int], count: int, highest: float
) -> Iterator[Levels]:
    """The lowest states of each angular momentum about the line; of each pair ±k one.

    Args:
        levels: J = 0 of a linear molecule, on a sparse grid.
        momenta: k, 1 or more each.
        count: number of states, as far as the functions have them.
        highest: energy up to which their errors are estimated, hartree.

    Yields:
        The states of each k. Errors are those of energies above the J = 0 ground state, NaN beyond
        `highest` and where the J = 0 levels have no estimate.
    """
    smaller = _SmallerRuns(levels, _grid(levels))
    for momentum in momenta:
        yield _states(smaller, momentum, count, highest)


def _states(smaller: _SmallerRuns, momentum: int, count: int, highest: float) -> Levels:
    """The lowest states of one angular momentum."""
    levels = smaller.levels
    h = with_elements(replace(levels.hamiltonian, momentum=momentum, elements=None), count)
    pairs = lowest_blockwise(h, min(count, level_count(h)))
    states = replace(
        levels, hamiltonian=h, eigenpairs=pairs, estimated_changes=None, compared_with="sparse",
        warnings=(),
    )  # fmt: skip
    judged = int((pairs.energies <= highest).sum())
    if levels.estimated_changes is None or judged == 0:
        return states
    changes = torch.full((3, len(pairs.energies)), torch.nan).to(pairs.energies)
    changes[:2, :judged] = _changes(smaller, states, judged)
    return replace(states, estimated_changes=changes)


def _changes(smaller: _SmallerRuns, states: Levels, count: int) -> Tensor:
    """Changes with functions and with points, as of the levels of J = 0, (2, count)."""
    levels, grid = smaller.levels, smaller.grid
    steps = [_since(levels, states, run, count) for run in smaller.runs]
    known = steps[0][0].isfinite()
    # A level that two quanta less do not hold may be there with one quantum less.
    moved, expected = (a.where(known, b) for a, b in zip(*steps, strict=True))
    near = _expected(levels, states, foreseen(levels.hamiltonian, grid), count)
    points = _with_fewer_points(states, grid, count)
    points = (points - _with_fewer_points(levels, grid, 1)).abs()
    return torch.stack((left_after_step(near, moved, expected), points.cpu()))


def _expected(levels: Levels, states: Levels, larger: Hamiltonian, count: int) -> Tensor:
    """Changes of energies above the ground state in more functions, to second order, (count,)."""
    ground, whole = levels.eigenpairs.first(1), states.eigenpairs.first(count)
    turning = replace(larger, momentum=states.hamiltonian.momentum)
    lowest = ground.energies[0]
    of_ground = expected_lowering(levels.hamiltonian, [larger], ground, lowest)
    return (of_ground - expected_lowering(states.hamiltonian, [turning], whole, lowest))[0]


def _since(
    levels: Levels, states: Levels, run: tuple[Hamiltonian, Eigenpairs] | None, count: int
) -> tuple[Tensor, Tensor]:
    """Sizes of changes of energies above the ground state since fewer quanta on the same points.

    And what was expected of them, both (count,); infinite and zero where these lack a level.
    """
    none = torch.full((count,), torch.inf, dtype=torch.float64), torch.zeros(count).double()
    if run is None:
        return none
    h, ground = run
    turn = states.hamiltonian
    turning = replace(h, momentum=turn.momentum, elements=turn.elements)
    number = min(count + EXTRA, level_count(turning))
    if number == 0:
        return none
    pairs = lowest_blockwise(turning, number)
    before, there = (
        replace(levels, hamiltonian=h, eigenpairs=ground),
        replace(states, hamiltonian=turning, eigenpairs=pairs),
    )
    whole = states.eigenpairs.first(count)
    partners = matching((states.hamiltonian, whole), (turning, pairs), count).partners
    moved = (whole.energies - levels.energies[0]).cpu()
    moved -= (pairs.energies.cpu() - ground.energies.cpu()[0])[partners]
    expected = _expected(before, there, levels.hamiltonian, number)[partners]
    known = partners >= 0
    return moved.abs().where(known, none[0]), expected.where(known, none[1])


def _with_fewer_points(states: Levels, grid: SparseGrid, count: int) -> Tensor:
    """First-order changes (count,) of energies when the grid loses a level, in a quantum less."""
    h, one = states.hamiltonian, min(grid.all_weights)
    fine, coarse = (
        coarser(h, grid.larger(quanta=-one, level=-less)) for less in (0.0, one)
    )  # fmt: skip
    c = start_vectors(h.basis, states.eigenpairs.first(count), fine.basis)
    if c is None:
        return torch.full_like(states.energies[:count], torch.nan)
    return (c * (coarse.apply(c) - fine.apply(c))).sum(1)


def _grid(levels: Levels) -> SparseGrid:
    """Functions and points of levels."""
    basis = levels.hamiltonian.basis
    assert isinstance(basis, SparseBasis)
    weights = basis.grid.coordinate_weights
    spent = (basis.quanta(torch.arange(basis.size)) * torch.tensor(weights).double()).sum(-1)
    return SparseGrid(
        tuple(b.name for b in levels.bases), float(spent.max()), basis.grid.level, tuple(weights),
        tuple(float(b.points[0]) for b in basis.bases),
        tuple(float(b.weights[0]) for b in basis.bases),
    )  # fmt: skip
