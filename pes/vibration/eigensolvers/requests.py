"""Levels as they are asked for: a number of them, or all up to an energy."""

from collections.abc import Callable

from torch import Tensor

from pes.units import CM1
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs
from pes.vibration.hamiltonian.operator import Hamiltonian, Solve
from pes.vibration.symmetry.axial import level_count

__all__ = ["asked_for", "first_solve"]


def first_solve(
    count: int | None, energy: float | None, solve: Callable[..., Eigenpairs], *, extra: int = 0
) -> Solve:
    """The solver of the run asked for, by a count of levels or by an energy.

    Args:
        count: number of levels; give either this or `energy`.
        energy: energy above the ground state up to which levels are computed, hartree.
        solve: solver that returns a given number of levels.
        extra: number of levels beyond these, as far as the basis has them.

    Raises:
        ValueError: if both or neither are given, or the basis ends below `energy`.
    """
    if count is not None and energy is None:
        return lambda h, start: solve(
            h, max(count, min(count + extra, level_count(h))), start=start
        )
    if energy is not None and count is None:
        return lambda h, start: _up_to(h, energy, solve, start, extra)
    raise ValueError(f"give either a count or an energy, got {count} and {energy}")


def asked_for(pairs: Eigenpairs, count: int | None, energy: float | None) -> int:
    """Number of levels asked for by a count or by an energy, among those at hand."""
    if energy is None:
        return count or 0
    return int((pairs.energies - pairs.energies[0] <= energy).sum())


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
