"""Levels of four atoms and more to an accuracy: quanta grow until every level has stopped moving.

In dimensionless normal coordinates products of functions with Σ_k n_k ≤ K are kept. K grows by two
at a time; levels of two calculations are paired by overlap. What is left to come is estimated from
the products left out, to second order. Time and memory of a calculation are said before it begins,
and one that would not fit is not begun.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import process_time

import torch
from torch import Tensor

from pes.memory import resident_memory
from pes.setup.automatic.grid_of_stage import Grid
from pes.setup.automatic.growing_grids import STEP
from pes.setup.automatic.left_out import LEAST, still_to_come
from pes.setup.automatic.quanta_series import Series
from pes.setup.automatic.quanta_stage import QuantaStage
from pes.setup.automatic.stage import Budget, Target
from pes.units import CM1
from pes.vibration.hamiltonian.sparse import SparseGrid
from pes.vibration.levels.diagnostics import level_warnings
from pes.vibration.levels.matching import of_length, of_partners
from pes.vibration.levels.result import WEIGHTS, Levels

__all__ = ["levels_by_quanta"]

SHARE = 0.7
"""Least part of the accuracy that is left to functions and points where ranges matter: calculations
with more of these do not make ranges better."""

Report = Callable[[str], None]
Check = Callable[[SparseGrid], None]


@dataclass(frozen=True)
class Growth:
    """The largest calculation of a series, and why there is none larger.

    Attributes:
        stage: this calculation.
        changes: with other functions, points and ranges, (3, S) in hartree.
        ended: reason, where levels are not as accurate as asked for; or nothing.
        refused: whether the reason lies in the points of the next calculation.
    """

    stage: QuantaStage
    changes: Tensor
    ended: str
    refused: bool


def levels_by_quanta(
    target: Target,
    smallest: Grid,
    *,
    instead: Grid | None = None,
    budget: Budget | None = None,
    report: Report = lambda _: None,
    check: Check = lambda _: None,
) -> Levels:
    """The lowest levels, each converged to an accuracy as far as time and memory go.

    Args:
        target: molecule in coordinates, and levels.
        smallest: functions and points to grow from.
        instead: others, where the surface or the coordinates do not suit these points.
        budget: CPU time that all may cost together.
        report: called with a sentence before and after each calculation.
        check: refuses points of a sparse grid beyond the domain of the coordinates.

    Raises:
        ValueError: if the surface falls below its minimum at a point, or not even the first
            calculation fits.
    """
    series = Series(target, budget or Budget(), report, process_time(), smallest, check)
    other = None if instead is None else replace(series, smallest=instead)
    try:
        growth = _growth(series)
    except ValueError as failure:
        if other is None:
            raise
        report(f"a product grid takes the place of the sparse grid: {failure}")
        return _result(target, _growth(other))
    levels = _result(target, growth)
    if other is None or not growth.refused:
        return levels
    return _better(levels, other, growth)


def _better(levels: Levels, other: Series, growth: Growth) -> Levels:
    """The same levels in another series if that makes them better, or as they are.

    Args:
        levels: not as accurate as asked for.
        other: functions and points to take instead, from as many quanta on.
        growth: that they are of.
    """
    grid = other.smallest
    while grid.quanta < growth.stage.grid.quanta:
        grid = grid.grown(STEP)
    other = replace(other, smallest=grid, program=resident_memory())
    # With as many quanta nothing is better yet.
    ahead = other.ahead(grid.grown(STEP))
    ahead = replace(ahead, seconds=other.usual(grid) + other.usual(ahead.grid))
    obstacle = other.obstacle(ahead)
    if obstacle:
        other.report(f"a product grid, {ahead}, is not begun: {obstacle}")
        return levels
    other.report(f"a product grid takes the place of the sparse grid: {growth.ended}")
    try:
        changed = _result(other.target, _growth(other))
    except ValueError as failure:
        other.report(f"levels are those of the sparse grid: {failure}")
        return levels
    estimates = float(changed.convergence.max()), float(levels.convergence.max())
    if estimates[0] < estimates[1]:
        return changed
    larger, smaller = (x / CM1 for x in estimates)
    other.report(
        f"levels are those of the sparse grid, known to {smaller:.2g} cm-1; on the product grid "
        f"they are to {larger:.2g}"
    )
    return levels


def _growth(series: Series) -> Growth:
    """Calculations each larger than the last, until all levels are as accurate as asked for."""
    target = series.target
    stage = series.first()
    base = series.smaller(stage).functions_only()
    moved = series.matched(stage, base).changes
    expected = series.expected(stage, moved)
    left = still_to_come(expected, LEAST * moved)
    series.table(stage, left)
    shorter = series.narrower(stage)
    points = series.finer(stage, base)
    ended, refused = "", False
    # One grid alone does not tell what its points miss.
    while base.grid is stage.grid or _missing(target, left, points, shorter):
        if float(shorter.max()) > max(target.accuracy, float(left.max())):
            ended = (
                f"where the ranges end matters by {float(shorter.max()) / CM1:.2g} cm-1, more than "
                "functions that are missing; the surface is needed, and must be right, farther out"
            )
            break
        try:
            ahead = series.forecast(stage)
        except ValueError as failure:  # the last rule of a sparse grid
            ended = str(failure)
            series.report(f"stopped: {ended}")
            break
        ended = series.obstacle(ahead)
        if ended:
            series.report(f"{ahead}, are not begun: {ended}")
            break
        # Estimates of a first calculation are cautious: CH4's fell from 180 to 0.9 cm⁻¹ in a step.
        outlook = "" if base.grid is stage.grid else series.outlook(ahead, stage, left)
        series.report(f"next: {ahead}{outlook}")
        # Its V and G give way to the larger ones.
        earlier, stage = base, stage.functions_only()
        try:
            base, stage = stage, series.solved(ahead, stage)
        except ValueError as failure:
            ended, refused = str(failure), True
            series.report(f"stopped: {ended}")
            base, stage = earlier, series.again(stage)
            break
        match, foreseen = series.matched(stage, base), expected
        moved = match.changes
        expected = series.expected(stage, moved)
        surprise = (moved - of_partners(foreseen[0].abs(), match.partners)).abs()
        left = still_to_come(expected, surprise.where(match.partners >= 0, torch.inf))
        series.table(stage, left)
        points = series.finer(stage, base)
    changes = torch.stack((left, points, of_length(shorter, len(left))))
    return Growth(stage, changes, ended, refused)


def _missing(target: Target, left: Tensor, points: Tensor, shorter: Tensor) -> bool:
    """Whether functions or points are missing for the accuracy that is asked for."""
    of_functions, of_points, of_ranges = WEIGHTS["target"]
    narrow = of_ranges * of_length(shorter, len(left))
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
    levels, hole = _with_hole(levels, depth)
    missed = _missed(target, levels.convergence, growth.ended)
    return replace(levels, warnings=(*stage.warnings, *hole, *level_warnings(levels), *missed))


def _with_hole(levels: Levels, depth: Tensor) -> tuple[Levels, list[str]]:
    """Levels whose estimates hold what the wall across a hole does to them; a sentence on it.

    Args:
        levels: computed with the ceiling of V in the hole.
        depth: of the hole at each point, (P,) in hartree.
    """
    if not depth.any():
        return levels, []
    felt = levels.cap * levels.probability(depth > 0)
    changes = levels.changes.clone()
    changes[2] += felt
    at = ", ".join(f"{x:.2f}" for x in levels.points[int(depth.argmax())].tolist())
    sentence = (
        f"hole in the surface: {int((depth > 0).sum())} of {len(depth)} grid points lie below its "
        f"minimum, the deepest by {float(depth.max()) / CM1:.0f} cm-1 at q = ({at}); a wall stands "
        f"there instead, which levels feel by up to {float(felt.max()) / CM1:.2g} cm-1; fit points "
        "there"
    )
    return replace(levels, estimated_changes=changes), [sentence]


def _missed(target: Target, convergence: Tensor, ended: str) -> list[str]:
    """Sentences on the levels that are not as accurate as asked for."""
    over = (convergence > target.accuracy).nonzero().flatten().tolist()
    if not over:
        return []
    reason = f"; the calculation did not grow further: {ended}" if ended else ""
    return [
        f"{len(over)} of {len(convergence)} levels, from number {over[0]} on, are not converged to "
        f"the {target.accuracy / CM1:g} cm-1 asked for{reason}"
    ]
