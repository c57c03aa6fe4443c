"""Levels to an accuracy: the calculation grows until every level has stopped moving.

Cuts of the surface tell where wavefunctions of the highest level die out and which functions
they need. Products of these are kept up to an energy, which grows step by step; then more
quadrature points, and wider ranges with denser primitive functions and a higher cap, are tried
by themselves. Levels of two calculations are paired by the overlap of their vectors.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import expm1
from time import process_time

import torch
from torch import Tensor

from pes.setup.automatic.bases import Resolution
from pes.setup.automatic.cut_forecast import expected_cost, seconds_left
from pes.setup.automatic.cuts_below import cuts_below
from pes.setup.automatic.harmonic_levels import frequencies, harmonic_level
from pes.setup.automatic.left_over import share_left
from pes.setup.automatic.outcome import attainable, outcome
from pes.setup.automatic.stage import Stage, Target, fixed_sides, solved_stage
from pes.units import CM1
from pes.vibration.levels.matching import EXTRA, matching, of_partners
from pes.vibration.levels.result import Levels

__all__ = ["Budget", "levels_to_target"]

FIRST = 2.2
"""Cut energy of the first calculation, in energies of the highest level."""

STEP = 1.2
"""Least factor by which the cut energy grows."""

LONG_STEP = 1.4
"""Least factor by which the cut energy grows while the levels are far from the accuracy."""

STIFF = 2.2
"""Least cut energy of the last calculation, in the highest harmonic frequency: levels far below it,
as of a weakly bound complex, shift with the stiffest mode too, which no smaller one holds."""

FAR = 1000.0
"""Largest change, in accuracies, from which the longer step is taken."""

LEAST = 0.15
"""Least part of the last change that is taken for the error that is left."""

STALLED = 0.9
"""Share of the last change left to come from which points are looked at before more functions."""

POINTS = 0.3
"""Change with more points, in that with more functions, from which the points are too few."""

LITTLE = 0.1
"""Change with more points or farther ranges, in that left by others, that needs no second one."""

SHARES = {"functions": 0.4, "points": 0.7, "ranges": 1.0}
"""Parts of the accuracy that the changes may have used up once each has been looked at."""

SURVEYED = 2.0
"""Energy of the region that is surveyed, in energies of the highest level."""

CAPPED = 8.0
"""Least cap, in energies of the highest level above the minimum."""

FEW = 20
"""Levels that a calculation up to an energy begins with."""

SURVEYS = 6
"""Times that the ranges are chosen anew for the levels that were found."""

SWEEPS = 4
"""Times that points, or ranges, are enlarged before the rest is left to the estimate."""

Report = Callable[[str], None]
Solve = Callable[..., Stage]
"""`solved_stage` in the ranges and for the levels of one series."""


@dataclass(frozen=True)
class Budget:
    """Limits of time and memory of a calculation.

    Attributes:
        seconds: CPU time.
        functions: size of the largest basis.
        memory: bytes that the process may take; None for what is free.
    """

    seconds: float = 300.0
    functions: int = 12000
    memory: float | None = None


def levels_to_target(
    target: Target, *, budget: Budget | None = None, report: Report = lambda _: None
) -> tuple[Levels, float]:
    """The lowest levels, each converged to an accuracy as far as the budget goes.

    Args:
        target: molecule, coordinates and levels.
        budget: what it may cost.
        report: called with a sentence after each calculation.

    Returns:
        The levels, and the energy that relaxed cuts were made below, hartree above the minimum.

    Raises:
        ValueError: if the surface falls below its minimum where the levels reach.
    """
    budget, started = budget or Budget(), process_time()
    solve, base, count = _first(target, report)
    ahead = expected_cost(target, base, count, budget.functions)
    report(f"forecast, if errors fall as usual: {ahead}")
    ahead.check(budget.memory, target.system.device)
    goal = attainable(target, base, count, report)
    larger, base, share = _grown(goal, solve, base, count, budget, started, report)
    end = started + budget.seconds
    functions = share * matching(larger.levels, base.levels, count).changes
    # Of the largest calculation: a smaller one has fewer points for its functions too.
    points, larger = _checked(goal, "points", solve, larger, functions, end, report)
    used = functions + 2 * points
    ranges, better = _checked(goal, "ranges", solve, base, used, end, report)
    if better is not base:
        base, grown = better, larger.resolution
        wider = replace(better.resolution, cut_energy=grown.cut_energy, surplus=grown.surplus)
        larger = solve(wider, larger)
        functions = share * matching(larger.levels, base.levels, count).changes
    walls = _walls(target, solve, base, count, report)
    count = min(count, target.number(larger.pairs.energies))
    changes = torch.stack((functions, points, ranges))
    result = outcome(target, larger, changes[:, :count], walls[:count])
    return result, SURVEYED * larger.top


def _first(target: Target, report: Report) -> tuple[Solve, Stage, int]:
    """A solver for any resolution, its first calculation and the number of levels asked for.

    Ranges suit an energy that is guessed first, then taken from the levels themselves.
    """
    modes = frequencies(target.system, target.wells[0], target.limits)
    count = target.count or FEW
    last = target.energy or harmonic_level(modes, count)
    top = float(modes.sum()) / 2 + last
    for sweep in range(SURVEYS):
        cuts = cuts_below(
            target.system, target.wells, SURVEYED * top, target.limits, target.names,
            given=target.ranges,
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
            report(f"ranges for levels up to {top / CM1:.0f} cm-1 above the minimum")
            return partial(solved_stage, target, cuts, top, count), stage, count
        top = 1.02 * reached
    raise AssertionError("the last sweep returns")


def _grown(
    target: Target,
    solve: Solve,
    base: Stage,
    count: int,
    budget: Budget,
    started: float,
    report: Report,
) -> tuple[Stage, Stage, Tensor]:
    """The largest calculation, the one before it, and shares of its changes left to come, (S,)."""
    far, before, unsure = False, torch.full((count,), torch.inf, dtype=torch.float64), True
    least = STIFF * float(frequencies(target.system, target.wells[0], target.limits)[-1])
    error = torch.inf
    while True:
        up = least / base.resolution.cut_energy if error <= 1 else 0.0
        step = max(_step(base), up, LONG_STEP if far else 0.0)
        larger = solve(base.resolution.more_functions(step), base)
        match = matching(larger.levels, base.levels, count)
        moved, most = match.changes, float(match.changes.max())
        share = share_left(moved, of_partners(before, match.partners), LEAST)
        far = most > FAR * target.accuracy
        growth = (larger.hamiltonian.size / base.hamiltonian.size) ** 2
        spent, following = process_time() - started, growth * larger.seconds
        error = float((share * moved).max()) / (SHARES["functions"] * target.accuracy)
        report(
            f"{larger.hamiltonian.size} functions on {len(larger.hamiltonian.potential)} points: "
            f"levels moved by up to {most / CM1:.2g} cm-1; {spent:.1f} CPU-s spent, about "
            f"{seconds_left(following, larger.seconds, error):.1f} left"
        )
        done = error <= 1 and larger.resolution.cut_energy >= least
        stalled = most > STALLED * float(before.max()) / 3
        if not done and unsure and stalled and bool(before.isfinite().all()):
            finer = _finer(solve, base, count, most, report)
            unsure = finer is not base
            if unsure:
                base, before = finer, torch.full_like(moved, torch.inf)
                continue
        before = moved
        late = spent + 4 * following > budget.seconds
        if done or late or larger.hamiltonian.size > budget.functions:
            return larger, base, share
        base = larger


def _finer(solve: Solve, base: Stage, count: int, most: float, report: Report) -> Stage:
    """The same calculation with more points if these, not functions, move the levels so much.

    Args:
        solve: makes the calculations.
        base: calculation that is looked at.
        count: number of levels.
        most: largest change with more functions, hartree.
        report: called with a sentence.
    """
    finer = solve(base.resolution.more_points(), base, complete=False)
    change = float(matching(finer.levels, base.levels, count).changes.max())
    report(f"more points: levels moved by up to {change / CM1:.2g} cm-1")
    return finer if change > POINTS * most else base


def _step(stage: Stage) -> float:
    """Factor of the cut energy that adds two functions to each coordinate.

    One alone would leave levels of the other parity where they are.
    """
    return max(STEP, 1 + 2 / min(spec.functions for spec in stage.bases))


def _checked(
    target: Target,
    name: str,
    solve: Solve,
    base: Stage,
    used: Tensor,
    end: float,
    report: Report,
) -> tuple[Tensor, Stage]:
    """Changes with more points, or farther ranges, and the calculation that they are of.

    Args:
        target: with the accuracy.
        name: `points` or `ranges`.
        solve: makes the calculations.
        base: calculation that is looked at.
        used: estimated errors from other changes, (S,) for the levels that are asked for.
        end: CPU time of the process after which nothing is looked at twice.
        report: called with a sentence after each calculation.
    """
    further, words = {
        "points": (Resolution.more_points, "more points"),
        "ranges": (Resolution.farther, "wider ranges"),
    }[name]
    sweep = 1
    while True:
        other = solve(further(base.resolution), base, complete=False)
        change = matching(other.levels, base.levels, len(used)).changes
        report(f"{words}: levels moved by up to {float(change.max()) / CM1:.2g} cm-1")
        done = float((used + 2 * change).max()) <= SHARES[name] * target.accuracy
        # What other changes leave is not mended here.
        done = done or float(change.max()) <= LITTLE * float(used.max())
        if done or sweep == SWEEPS or process_time() > end:
            return change, base
        base, sweep = other, sweep + 1


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
    report(f"nearer walls: levels moved by up to {float(change.max()) / CM1:.2g} cm-1")
    return left
