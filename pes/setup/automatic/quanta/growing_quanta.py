"""Levels of four atoms and more to an accuracy: quanta grow until every level has stopped moving.

In dimensionless normal coordinates products of functions with Σ_k n_k ≤ K are kept. K grows by two
at a time, on a sparse grid by one in the end where two do not fit into the time or the memory.
Levels of two calculations are paired by overlap. What is left to come is estimated from the
products left out, to second order. Time and memory of a calculation are said before it begins, and
one that would not fit is not begun.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import process_time

import torch
from torch import Tensor

from pes.memory import resident_memory
from pes.setup.automatic.outer_surface import continuation_warnings, with_wall
from pes.setup.automatic.quanta.grid_of_stage import STEP, Grid
from pes.setup.automatic.quanta.kept_stages import Store
from pes.setup.automatic.quanta.quanta_estimates import (
    first_estimates,
    next_estimates,
    resumed_estimates,
)
from pes.setup.automatic.quanta.quanta_series import Series
from pes.setup.automatic.quanta.quanta_stage import QuantaStage
from pes.setup.automatic.request import Budget, StoppedError, Target
from pes.units import CM1
from pes.vibration.levels.diagnostics import level_warnings
from pes.vibration.levels.matching import of_length
from pes.vibration.levels.result import WEIGHTS, Levels
from pes.vibration.levels.sentences import not_converged
from pes.vibration.system.minimum import OuterSurfaceError
from pes.vibration.system.system import System

__all__ = ["levels_by_quanta"]

SHARE = 0.7
"""Least part of the accuracy that is left to functions and points where ranges matter: calculations
with more of these do not make ranges better."""

Report = Callable[[str], None]


@dataclass(frozen=True)
class Growth:
    """The largest calculation of a series, and why there is none larger.

    Attributes:
        stage: this calculation.
        changes: changes with other functions, points and ranges, (3, S) in hartree.
        ended: reason, where levels are not as accurate as asked for; or nothing.
        failure: this reason, where it lies in the points of the next calculation.
    """

    stage: QuantaStage
    changes: Tensor
    ended: str
    failure: ValueError | None


def levels_by_quanta(
    target: Target,
    smallest: Grid,
    *,
    continued: Callable[[], System | None] = lambda: None,
    instead: Grid | None = None,
    budget: Budget | None = None,
    report: Report = lambda _: None,
    store: Store | None = None,
) -> Levels:
    """The lowest levels, each converged to an accuracy as far as time and memory go.

    Args:
        target: molecule in coordinates, and levels.
        smallest: functions and points to grow from.
        continued: supplies the system with V continued beyond the points of a fit, asked for where
            the surface does not suit the points of the grid; None where nothing is known of these.
        instead: other functions and points, where the first ones do not suit the surface, even
            continued, or the coordinates.
        budget: CPU time that all may cost together.
        report: called with a sentence before and after each calculation.
        store: calculations of an earlier run of the program, whose time counts too.

    Raises:
        ValueError: if the surface falls below its minimum at a point, or not even the first
            calculation fits.
    """
    store = store or Store()
    started = process_time() - store.seconds
    series = Series(target, budget or Budget(), report, started, smallest, store=store)
    levels, failure = _attempt(series)
    if isinstance(failure, OuterSurfaceError) and (system := continued()) is not None:
        assert system.continuation is not None
        energy = system.continuation.energy / CM1
        report(f"V is extrapolated where harmonic energies exceed {energy:.0f} cm-1: {failure}")
        target = replace(target, system=system)
        series = replace(series, target=target, name="extrapolated surface")
        others, failure = _attempt(series)
        levels = others or levels
    if failure is None or instead is None:
        if levels is None:
            assert failure is not None
            raise failure
        return levels
    series = replace(series, smallest=instead, name="product grid")
    if levels is None:
        report(f"a product grid takes the place of the sparse grid: {failure}")
        return _result(series.target, _growth(series))
    return _better(levels, series, failure)


def _attempt(series: Series) -> tuple[Levels | None, ValueError | None]:
    """Levels as far as a series goes, and why its points do not suit surface or coordinates."""
    try:
        growth = _growth(series)
    except ValueError as failure:
        return None, failure
    return _result(series.target, growth), growth.failure


def _better(levels: Levels, other: Series, failure: ValueError) -> Levels:
    """The same levels in another series if that makes them better, or as they are.

    Args:
        levels: not as accurate as asked for.
        other: functions and points to take instead, from as many quanta on.
        failure: why they are not.
    """
    grid = other.smallest
    while grid.quanta < (levels.truncation.quanta or 0.0):
        grid = grid.grown(STEP)
    other = replace(other, smallest=grid, program=resident_memory())
    # With as many quanta nothing is better yet.
    ahead = other.costs.ahead(grid.grown(STEP))
    ahead = replace(ahead, seconds=other.costs.usual(grid) + ahead.seconds)
    obstacle = other.costs.obstacle(ahead)
    if obstacle:
        other.report(f"a product grid, {ahead}, is not begun: {obstacle}")
        return levels
    other.report(f"a product grid takes the place of the sparse grid: {failure}")
    try:
        changed = _result(other.target, _growth(other))
    except ValueError as second:
        other.report(f"levels are those of the sparse grid: {second}")
        return levels
    estimates = float(changed.convergence.max()), float(levels.convergence.max())
    if estimates[0] < estimates[1]:
        return changed
    larger, smaller = (x / CM1 for x in estimates)
    other.report(
        f"levels are those of the sparse grid, with estimated errors to {smaller:.2g} cm-1; "
        f"on the product grid they are {larger:.2g}"
    )
    return levels


def _growth(series: Series) -> Growth:
    """Calculations each larger than the last, until all levels are as accurate as asked for."""
    target = series.target
    now = resumed_estimates(series) or first_estimates(series)
    ended, failed = "", None
    # One grid alone does not tell what its points miss.
    while now.alone or _missing(target, now.left, now.points, now.foreseen.shorter, now.nearer):
        ended = _ended_by_the_surface(target, now.left, now.foreseen.shorter, now.nearer)
        if ended:
            break
        try:
            ahead, ended = series.costs.following(now.stage)
        except ValueError as failure:  # the last rule of a sparse grid
            ended = str(failure)
            series.report(f"stopped: {ended}")
            break
        if ended:
            series.report(f"{ahead}, are not begun: {ended}")
            break
        # Estimates of a first calculation are cautious: CH4's fell from 180 to 0.9 cm⁻¹ in a step.
        outlook = "" if now.alone else series.costs.outlook(ahead, now.stage, now.left)
        series.report(f"next: {ahead}{outlook}")
        # Its V and G give way to the larger ones.
        since = series.costs.spent
        now = replace(now, stage=now.stage.functions_only())
        try:
            stage = series.following(ahead, now.stage)
        except ValueError as failure:
            ended = str(failure)
            failed = None if isinstance(failure, StoppedError) else failure
            series.report(f"stopped: {ended}")
            now = replace(now, stage=series.again(now.stage))
            break
        series.keep([now.stage, stage], **vars(now.foreseen))
        now = next_estimates(series, now.stage, stage, now.foreseen, since)
    changes = torch.stack(
        (now.left, now.points, of_length(now.foreseen.shorter, len(now.left)) + now.nearer)
    )
    return Growth(now.stage, changes, ended, failed)


def _ended_by_the_surface(target: Target, left: Tensor, shorter: Tensor, nearer: Tensor) -> str:
    """Reason why larger calculations do not make levels better, or nothing."""
    limit = max(target.accuracy, float(left.max()))
    if float(shorter.max()) > limit:
        return (
            f"the ends of the ranges change levels by {float(shorter.max()) / CM1:.2g} cm-1, more "
            "than missing functions do; wider ranges need a surface that is accurate farther out"
        )
    if float(nearer.max()) > limit:
        return (
            f"the extrapolation of V changes levels by {float(nearer.max()) / CM1:.2g} cm-1, more "
            "than missing functions do; fit points farther out"
        )
    return ""


def _missing(target: Target, left: Tensor, points: Tensor, shorter: Tensor, nearer: Tensor) -> bool:
    """Whether functions or points are missing for the accuracy that is asked for."""
    of_functions, of_points, of_ranges = WEIGHTS["target"]
    narrow = of_ranges * (of_length(shorter, len(left)) + nearer)
    error = of_functions * left + of_points * points
    # An error that is not a number is none that is small enough.
    return not bool(
        (error + narrow.clamp(max=(1 - SHARE) * target.accuracy) <= target.accuracy).all()
    )


def _result(target: Target, growth: Growth) -> Levels:
    """Levels of the largest calculation and the changes from which their errors are estimated."""
    stage, changes = growth.stage, growth.changes
    levels = Levels(
        target.system, stage.grid.bases, stage.grid.truncation, stage.grid.cap(target),
        target.wells[0], target.lowest_energy, stage.hamiltonian,
        stage.pairs.first(changes.shape[1]), changes, "target",
    )  # fmt: skip
    depth = stage.grid.hole(stage.hamiltonian, target)
    continued = continuation_warnings(levels)
    levels, hole = with_wall(levels, depth)
    missed = _missed(target, levels.convergence, growth.ended)
    sentences = (*stage.warnings, *hole, *continued, *level_warnings(levels), *missed)
    return replace(levels, warnings=sentences)


def _missed(target: Target, convergence: Tensor, ended: str) -> list[str]:
    """Sentences on the levels that are not as accurate as asked for."""
    over = (convergence > target.accuracy).nonzero().flatten().tolist()
    if not over:
        return []
    reason = f"; the calculation did not grow further: {ended}" if ended else ""
    return [f"{not_converged(over, target.accuracy)}{reason}"]
