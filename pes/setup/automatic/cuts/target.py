"""Levels to an accuracy: the calculation grows until every level has stopped moving.

Cuts of the surface tell where wavefunctions of the highest level die out and which functions
they need. Products of these are kept up to an energy, which grows step by step; then more
quadrature points, and wider ranges with denser primitive functions and a higher cap, are tried.
Levels of two calculations are paired by the overlap of their vectors.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import expm1
from time import process_time

import torch
from torch import Tensor

from pes.setup.automatic.cuts.bases import Resolution
from pes.setup.automatic.cuts.cut_forecast import expected_cost
from pes.setup.automatic.cuts.cuts_below import cuts_below
from pes.setup.automatic.cuts.equivalent_wells import surveyed_energy
from pes.setup.automatic.cuts.growing_functions import (
    LONG_STEP,
    functions_ahead,
    grown,
    left_by_functions,
)
from pes.setup.automatic.cuts.outcome import attainable, outcome
from pes.setup.automatic.cuts.stage import Stage, falling_ends, fixed_sides, solved_stage
from pes.setup.automatic.outer_surface import check_passes, with_filling
from pes.setup.automatic.request import SIGNALLED, Budget, Target
from pes.setup.minima.harmonic_levels import frequencies, harmonic_level
from pes.units import CM1
from pes.vibration.levels.matching import EXTRA, matching
from pes.vibration.levels.result import Levels
from pes.vibration.system.minimum import OuterSurfaceError
from pes.vibration.system.system import System

__all__ = ["levels_to_target"]

FIRST = 2.6
"""Cut energy of the first calculation, in energies of the highest level."""

LITTLE = 0.1
"""Change with more points or farther ranges, in that left by others, that needs no second one."""

SHARES = {"functions": 0.6, "points": 0.8, "ranges": 1.0}
"""Parts of the accuracy that the changes may have used up once each has been looked at."""

SURVEYED = 2.0
"""Energy of the region that is surveyed, in energies of the highest level."""

CAPPED = 8.0
"""Least cap, in energies of the highest level above the minimum."""

FEW = 20
"""Levels that a calculation up to an energy begins with."""

SURVEYS = 6
"""Times that the ranges are chosen anew for the levels that were found."""

NEXT = 0.25
"""Least change by an enlargement in that by the one before: smaller ones are so by chance. More
points moved levels near a conical intersection by 0.34, 0.21, 0.09 and 0.007 cm⁻¹, and 0.02 were
left."""

SWEEPS = 4
"""Times that points, or ranges, are enlarged before the rest is left to the estimate."""

Report = Callable[[str], None]
Solve = Callable[..., Stage]
"""`solved_stage` in the ranges and for the levels of one series."""


def levels_to_target(
    target: Target,
    *,
    filled: Callable[[], System | None] = lambda: None,
    budget: Budget | None = None,
    report: Report = lambda _: None,
) -> tuple[Levels, float]:
    """The lowest levels, each converged to an accuracy as far as the budget goes.

    Args:
        target: molecule, coordinates and levels.
        filled: supplies the system with the holes of a fit filled, asked for where the surface has
            one; None where nothing is known of its points.
        budget: what it may cost.
        report: called with a sentence after each calculation.

    Returns:
        The levels, and the energy that relaxed cuts were made below, hartree above the minimum.

    Raises:
        OuterSurfaceError: if the surface falls below its minimum where the levels reach.
    """
    try:
        return _converged(target, budget, report)
    except OuterSurfaceError as hole:
        if (system := filled()) is None:
            raise
        report(f"the surface has a hole beyond its points, which a wall now fills: {hole}")
    levels, surveyed = _converged(replace(target, system=system), budget, report)
    return with_filling(levels), surveyed


def _converged(target: Target, budget: Budget | None, report: Report) -> tuple[Levels, float]:
    """The same for a surface that is taken as it is."""
    budget, started = budget or Budget(), process_time()
    solve, base, count, surveyed = _first(target, report)
    most = SHARES["functions"] * target.accuracy
    ahead = expected_cost(target, base, count, functions_ahead(base, count, most, budget))
    report(f"forecast, if errors fall at the usual rate: {ahead}")
    ahead.check(budget.memory, target.system.device)
    goal = attainable(target, base, count, report)
    most, end = SHARES["functions"] * goal.accuracy, started + budget.seconds
    large, functions = grown(goal, most, solve, base, count, budget, started, report)

    def over() -> bool:
        return process_time() > end or bool(budget.stopped())

    last, points, ranges = _checked_grid(goal, solve, large, functions, over, report)
    if last is not large:
        functions = left_by_functions(last, count)
    walls = _walls(target, solve, last, count, report)
    count = min(count, target.number(last.pairs.energies))
    changes = torch.stack((functions, points, ranges))
    ended = SIGNALLED if budget.stopped() else ""
    result = outcome(target, last, changes[:, :count], walls[:count], ended=ended)
    return result, surveyed


def _first(target: Target, report: Report) -> tuple[Solve, Stage, int, float]:
    """A solver for any resolution, its first calculation, the number of levels and where cuts end.

    Ranges suit an energy that is guessed first, then taken from the levels themselves.
    """
    modes = frequencies(target.system, target.wells[0], target.limits, target.kinds)
    count = target.count or FEW
    last = target.energy or harmonic_level(modes, count)
    top = float(modes.sum()) / 2 + last
    for sweep in range(SURVEYS):
        if target.system.filling is not None:
            check_passes(target.system, top)
        surveyed, words = surveyed_energy(target, top, SURVEYED * top)
        cuts = cuts_below(
            target.system, target.wells, surveyed, target.limits,
            target.kinds, given=target.ranges, sampled=target.sampled,
        )  # fmt: skip
        # A cap that is felt and a range that is too short have errors of opposite signs.
        # A single level has no excitation.
        first = Resolution(FIRST * max(last, float(modes[0])), cap=max(target.cap, CAPPED * top))
        stage = solved_stage(target, cuts, top, count, first)
        while stage.hamiltonian.size < 2 * (count + EXTRA):
            first = first.more_functions(LONG_STEP)
            stage = solved_stage(target, cuts, top, count, first)
        energies = stage.pairs.energies.cpu() - target.lowest_energy
        if target.energy is None:
            last, reached = float(energies[count - 1] - energies[0]), float(energies[count - 1])
            enough = True
        else:
            reached = float(energies[0]) + target.energy
            enough = float(energies[-1]) > reached or 2 * len(energies) > stage.hamiltonian.size
            count = target.number(energies) if enough else 2 * len(energies)
        if (enough and 0.7 * top < reached < 1.02 * top) or sweep == SURVEYS - 1:
            report(f"ranges are chosen for levels up to {top / CM1:.0f} cm-1 above the minimum")
            for sentence in () if target.ranges else (*words, *falling_ends(target, stage)):
                report(sentence)
            return partial(solved_stage, target, cuts, top, count), stage, count, surveyed
        top = 1.02 * reached
    raise AssertionError("the last sweep returns")


def _checked_grid(
    target: Target,
    solve: Solve,
    stage: Stage,
    used: Tensor,
    over: Callable[[], bool],
    report: Report,
) -> tuple[Stage, Tensor, Tensor]:
    """A calculation whose points and ranges suffice, and changes with more of each, (S,).

    Both are enlarged at once; where that is too much for the accuracy, one after the other. The
    changes with points are unknown, NaN, where they are among those with ranges.

    Args:
        target: target with the accuracy.
        solve: makes the calculations.
        stage: calculation that is looked at.
        used: estimated errors from the functions, (S,) for the levels that are asked for.
        over: whether time is up, or a signal came: nothing is then looked at twice.
        report: called with a sentence after each calculation.
    """
    other = solve(stage.resolution.more_points().farther(), stage, complete=False)
    change = matching(other.levels, stage.levels, len(used)).changes
    most = float(change.max()) / CM1
    report(f"more points and wider ranges moved levels by up to {most:.2g} cm-1")
    if float((used + 2 * change).max()) <= target.accuracy or over():
        return stage, torch.full_like(change, torch.nan), change
    points, stage = _checked(target, "points", solve, stage, used, over, report)
    ranges, stage = _checked(target, "ranges", solve, stage, used + 2 * points, over, report)
    return stage, points, ranges


def _checked(
    target: Target,
    name: str,
    solve: Solve,
    base: Stage,
    used: Tensor,
    over: Callable[[], bool],
    report: Report,
) -> tuple[Tensor, Stage]:
    """Changes with more points, or wider ranges, and the calculation that they belong to.

    Args:
        target: target with the accuracy.
        name: `points` or `ranges`.
        solve: makes the calculations.
        base: calculation that is looked at.
        used: estimated errors from other changes, (S,) for the levels that are asked for.
        over: whether time is up, or a signal came: nothing is then looked at twice.
        report: called with a sentence after each calculation.
    """
    further, words = {
        "points": (Resolution.more_points, "more points"),
        "ranges": (Resolution.farther, "wider ranges"),
    }[name]
    sweep, before = 1, torch.zeros_like(used)
    while True:
        other = solve(further(base.resolution), base, complete=False)
        moved = matching(other.levels, base.levels, len(used)).changes
        report(f"{words} moved levels by up to {float(moved.max()) / CM1:.2g} cm-1")
        change = moved.maximum(NEXT * before.where(before.isfinite(), 0.0))
        done = float((used + 2 * change).max()) <= SHARES[name] * target.accuracy
        # What other changes leave is not mended here.
        done = done or float(change.max()) <= LITTLE * float(used.max())
        if done or sweep == SWEEPS or over():
            return change, base
        base, before, sweep = other, moved, sweep + 1


def _walls(target: Target, solve: Solve, base: Stage, count: int, report: Report) -> Tensor:
    """Estimated error of ends that cannot move out, from the changes with nearer ends.

    Levels feel a wall as exp(−2S), S the decay on the way to it; `Levels` counts it twice.
    """
    fixed = fixed_sides(target, base)
    if not any(low or high for low, high in fixed):
        return torch.zeros(count, dtype=torch.float64)
    nearer = solve(base.resolution.nearer(), base, complete=False)
    steps = [
        abs(cut.decay(base.top, at) - cut.decay(base.top, moved))
        for cut, far, near, ends in zip(base.cuts, base.bases, nearer.bases, fixed, strict=True)
        for at, moved, is_fixed in zip(
            (far.low, far.high), (near.low, near.high), ends, strict=True
        )
        if is_fixed
    ]
    change = matching(base.levels, nearer.levels, count).changes
    left = change * min(1.0, 1 / max(expm1(2 * min(steps)), 1e-9))
    report(f"shorter ranges moved levels by up to {float(change.max()) / CM1:.2g} cm-1")
    return left
