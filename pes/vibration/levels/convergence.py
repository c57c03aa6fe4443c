"""Estimates of how far levels are from converged: they are compared with larger or smaller runs."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from pes.vibration.basis.specification import BasisSpec
from pes.vibration.basis.truncation import Truncation
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs
from pes.vibration.eigensolvers.warm_start import start_vectors
from pes.vibration.hamiltonian.operator import Hamiltonian, Solve
from pes.vibration.levels.matching import matching, of_partners
from pes.vibration.levels.result import Levels
from pes.vibration.system.minimum import HOLE

__all__ = ["ESTIMATORS", "estimator_name", "larger_runs", "smaller_runs"]

SMALLER_FROM = 5
"""Number of coordinates from which larger runs would cost too much."""

Build = Callable[[str, Sequence[BasisSpec], Truncation], Hamiltonian]
"""Name of a run, its bases and its truncation to the Hamiltonian."""

Number = Callable[[Eigenpairs], int]
"""Number of levels asked for among those that were solved for."""

_Run = tuple[Hamiltonian, Eigenpairs]


def estimator_name(convergence: bool | str, coordinates: int) -> str | None:
    """Key of `ESTIMATORS` for the option `convergence`; True chooses by the number of coordinates.

    Raises:
        ValueError: for an unknown option.

    Example:
        >>> estimator_name(True, 3), estimator_name(True, 6), estimator_name(False, 3)
        ('larger', 'smaller', None)
    """
    if convergence is True:
        return "larger" if coordinates < SMALLER_FROM else "smaller"
    if convergence is not False and convergence not in ESTIMATORS:
        raise ValueError(f"`convergence` is larger, smaller, true or false, got {convergence!r}")
    return convergence or None


def larger_runs(levels: Levels, build: Build, solve: Solve, number: Number) -> Levels:
    """Levels of the run with more functions, with their changes in three larger runs.

    Args:
        levels: the run asked for, with a few levels more, among which partners may be.
        build: makes the Hamiltonian of another run.
        solve: its eigenpairs.
        number: number of levels asked for.
    """

    def run(name: str, bases: Sequence[BasisSpec], truncation: Truncation) -> _Run:
        h = build(name, bases, truncation)
        return h, solve(h, start_vectors(levels.hamiltonian.basis, levels.eigenpairs, h.basis))

    bases = tuple(b.more_functions() for b in levels.bases)
    truncation = levels.truncation.larger()
    h, pairs = run("more functions", bases, truncation)
    finer = run("more points", [b.more_points() for b in levels.bases], levels.truncation)
    wider_bases, falling = _widened(levels)
    wider = run("wider ranges", wider_bases, levels.truncation)
    warnings = [f"not widened, because the surface falls beyond: {', '.join(falling)}"] * bool(
        falling
    )
    before, count = (levels.hamiltonian, levels.eigenpairs), number(pairs)
    match = matching((h, pairs), before, count)
    others = (matching(before, other, len(levels.energies)).changes for other in (finer, wider))
    changes = torch.stack([match.changes, *(of_partners(c, match.partners) for c in others)])
    lowest_before = min(levels.minimum_energy, float(levels.hamiltonian.potential.min()))
    if wider[0].potential.min() < lowest_before - HOLE:
        changes[2] = torch.nan
        warnings.append(
            "no estimate from wider ranges: 5 % outside the ranges the surface has a hole"
        )
    return replace(
        levels, hamiltonian=h, eigenpairs=pairs.first(count), bases=bases, truncation=truncation,
        estimated_changes=changes, warnings=(*levels.warnings, *warnings),
    )  # fmt: skip


def smaller_runs(levels: Levels, build: Build, solve: Solve, number: Number) -> Levels:
    """The levels, with their changes in three smaller runs.

    Args:
        levels: the run asked for, with a few levels more.
        build: makes the Hamiltonian of another run.
        solve: its eigenpairs.
        number: number of levels asked for.
    """
    count = number(levels.eigenpairs)

    def moved(name: str, bases: Sequence[BasisSpec]) -> Tensor:
        """Change in another run, whose V and G end with it: the next has as many."""
        h = build(name, bases, levels.truncation)
        pairs = solve(h, start_vectors(levels.hamiltonian.basis, levels.eigenpairs, h.basis))
        return matching((levels.hamiltonian, levels.eigenpairs), (h, pairs), count).changes

    warnings = []
    changes = [
        moved("fewer points", [b.fewer_points() for b in levels.bases]),
        moved("narrower ranges", [b.narrowed() for b in levels.bases]),
    ]
    unchanged = [b.name for b in levels.bases if b.fewer_points() == b]
    if unchanged:
        warnings.append(
            f"no estimate from fewer points in {', '.join(unchanged)}: there are as many points as "
            "functions"
        )
    levels, fewer, more = _other_truncation(levels, solve, count)
    return replace(
        levels, estimated_changes=torch.stack([fewer, *changes]),
        eigenpairs=levels.eigenpairs.first(count),
        warnings=(*levels.warnings, *warnings, *more),
    )  # fmt: skip


def _other_truncation(levels: Levels, solve: Solve, count: int) -> tuple[Levels, Tensor, list[str]]:
    """The levels, their change with fewer products on the same grid, and warnings.

    Where fewer would not hold the levels it is the change with more, whose levels then count.
    """
    h = levels.hamiltonian
    here = (h, levels.eigenpairs)

    def run(kept: Tensor | None) -> _Run:
        other = replace(h, basis=h.basis.keeping(kept))
        return other, solve(other, start_vectors(h.basis, levels.eigenpairs, other.basis))

    limited = levels.truncation.quanta is not None or levels.truncation.energy is not None
    # Without a limit on products the last two functions of each coordinate are left out.
    fewer = levels.truncation.smaller().kept(h.basis.factors, fewer=0 if limited else 2)
    if fewer is None or len(fewer) >= count:
        return levels, matching(here, run(fewer), count).changes, []
    truncation = levels.truncation.larger()
    more = truncation.kept(h.basis.factors)
    short = f"a smaller basis of {len(fewer)} functions cannot hold {count} levels"
    if more is None or len(more) <= h.size:
        raise ValueError(
            f"no convergence estimate: {short}, nor can the {h.size} grow; raise the functions of "
            "the coordinates, ask for fewer levels or set `convergence: false`"
        )
    grown, pairs = run(more)
    warning = f"{short}: the levels are those of {grown.size}, compared with {h.size}"
    larger = replace(levels, hamiltonian=grown, eigenpairs=pairs, truncation=truncation)
    return larger, matching((grown, pairs), here, count).changes, [warning]


def _widened(levels: Levels) -> tuple[list[BasisSpec], list[str]]:
    """Bases with every end moved out beyond which V rises along the cut.

    Returns:
        The bases and the names of the ends where V does not rise, or is not a number.
    """
    wider, falling = [], []
    for k, b in enumerate(levels.bases):
        out = b.widened(True, True)
        ends = levels.minimum.repeat(4, 1)
        ends[:, k] = torch.tensor([out.low, b.low, b.high, out.high], dtype=torch.float64)
        with torch.no_grad():
            beyond_low, at_low, at_high, beyond_high = levels.system.potential(ends).tolist()
        rises = (beyond_low > at_low, beyond_high > at_high)
        wider.append(b.widened(*rises))
        moves = (out.low < b.low, out.high > b.high)
        falling += [
            f"{b.name} at its {end} end"
            for end, up, move in zip(("lower", "upper"), rises, moves, strict=True)
            if move and not up
        ]
    return wider, falling


ESTIMATORS: dict[str, Callable[[Levels, Build, Solve, Number], Levels]] = {
    "larger": larger_runs,
    "smaller": smaller_runs,
}
"""Estimators of convergence by the kind of runs that the levels are compared with."""
