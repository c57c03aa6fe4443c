"""Eigenpairs by a number of levels, or up to an energy."""

from collections.abc import Callable

from torch import Tensor

from pes.units import CM1
from pes.vibration.eigensolvers.blockwise import lowest_blockwise
from pes.vibration.eigensolvers.davidson import Progress
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.levels.convergence import Solve

__all__ = ["FixedCount", "first_solve", "fixed_count"]

FixedCount = Callable[..., Eigenpairs]
"""`fixed_count` with its solver."""


def first_solve(count: int | None, energy: float | None, solve: FixedCount) -> Solve:
    """The solver of the run asked for, by a count of levels or by an energy."""
    if count is not None and energy is None:
        return lambda h, start: solve(h, count, start=start)
    if energy is not None and count is None:
        return lambda h, start: _up_to(h, energy, solve, start)
    raise ValueError(f"give either a count or an energy, got {count} and {energy}")


def fixed_count(
    hamiltonian: Hamiltonian,
    count: int,
    *,
    solver: str,
    start: Tensor | None = None,
    watch: Callable[[Progress], None] = lambda _: None,
) -> Eigenpairs:
    """So many levels, and the energy of the next, which says whether a cluster was split."""
    one_more = count + 1 if count < hamiltonian.size else count
    pairs = lowest_blockwise(hamiltonian, one_more, solver=solver, start=start, watch=watch)
    return pairs.first(count)


def _up_to(
    hamiltonian: Hamiltonian, energy: float, solve: FixedCount, start: Tensor | None
) -> Eigenpairs:
    """All levels up to an energy above the ground state, asking for twice as many each time.

    The upper half of what a basis gives is never meaningful: it is not looked at.
    """
    most = max(1, hamiltonian.size // 2)
    count = min(20, most)
    while True:
        pairs = solve(hamiltonian, count, start=start)
        reached = pairs.energies - pairs.energies[0]
        if reached[-1] > energy:
            return pairs.first(int((reached <= energy).sum()))
        if count == most:
            raise ValueError(
                f"the lower half of {hamiltonian.size} basis functions ends "
                f"{float(reached[-1]) / CM1:.1f} cm-1 above the ground state, below the "
                f"{energy / CM1:.1f} cm-1 asked for; raise the numbers of functions"
            )
        count, start = min(2 * count, most), pairs.coefficients
