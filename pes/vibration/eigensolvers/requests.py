"""Levels as they are asked for: a number of them, all up to an energy, or whole clusters."""

from collections.abc import Callable

from torch import Tensor

from pes.units import CM1
from pes.vibration.eigensolvers.blockwise import level_count, lowest_blockwise
from pes.vibration.eigensolvers.davidson import Progress
from pes.vibration.eigensolvers.degeneracy import clusters, is_cut
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs
from pes.vibration.hamiltonian.operator import Hamiltonian, Solve

__all__ = ["asked_for", "completed_clusters", "first_solve", "fixed_count"]


def first_solve(
    count: int | None, energy: float | None, solve: Callable[..., Eigenpairs], *, extra: int = 0
) -> Solve:
    """The solver of the run asked for, by a count of levels or by an energy.

    Args:
        count: number of levels; or else
        energy: above the ground state, hartree.
        solve: gives so many levels.
        extra: levels beyond these, as far as the basis has them.
    """
    if count is not None and energy is None:
        return lambda h, start: solve(h, max(count, min(count + extra, h.size)), start=start)
    if energy is not None and count is None:
        return lambda h, start: _up_to(h, energy, solve, start, extra)
    raise ValueError(f"give either a count or an energy, got {count} and {energy}")


def asked_for(pairs: Eigenpairs, count: int | None, energy: float | None) -> int:
    """Number of levels asked for by a count or by an energy, among those at hand."""
    if energy is None:
        return count or 0
    return int((pairs.energies - pairs.energies[0] <= energy).sum())


def fixed_count(
    hamiltonian: Hamiltonian,
    count: int,
    *,
    solver: str,
    start: Tensor | None = None,
    watch: Callable[[Progress], None] = lambda _: None,
) -> Eigenpairs:
    """So many levels, and the energy of the next, which says whether a cluster was split."""
    one_more = count + 1 if count < level_count(hamiltonian) else count
    pairs = lowest_blockwise(hamiltonian, one_more, solver=solver, start=start, watch=watch)
    return pairs.first(count)


def completed_clusters(hamiltonian: Hamiltonian, pairs: Eigenpairs) -> Eigenpairs:
    """The same eigenpairs, and those that complete the highest cluster if the count cut it."""
    count = len(pairs.energies)
    while is_cut(pairs):
        enough = min(len(pairs.energies) + 2, hamiltonian.size)
        pairs = lowest_blockwise(hamiltonian, enough)
        ends = [group[-1] + 1 for group in clusters(pairs.energies)]
        pairs = pairs.first(next((end for end in ends[:-1] if end >= count), enough))
    return pairs


def _up_to(
    hamiltonian: Hamiltonian,
    energy: float,
    solve: Callable[..., Eigenpairs],
    start: Tensor | None,
    extra: int,
) -> Eigenpairs:
    """All levels up to an energy above the ground state and `extra` more, if the basis has them.

    Each time twice as many are solved for. The upper half of what a basis gives is never
    meaningful: it is not looked at.
    """
    most = max(1, level_count(hamiltonian) // 2)
    count = min(20, most)
    while True:
        pairs = solve(hamiltonian, count, start=start)
        reached = pairs.energies - pairs.energies[0]
        if reached[-1] > energy:
            return pairs.first(int((reached <= energy).sum()) + extra)
        if count == most:
            raise ValueError(
                f"the lower half of {level_count(hamiltonian)} basis functions ends "
                f"{float(reached[-1]) / CM1:.1f} cm-1 above the ground state, below the "
                f"{energy / CM1:.1f} cm-1 asked for; raise the numbers of functions"
            )
        count, start = min(2 * count, most), pairs.coefficients
