"""Levels of four atoms and more to an accuracy: quanta grow until every level has stopped moving.

In dimensionless normal coordinates products of functions with Σ_k n_k ≤ K are kept. K grows by two
at a time; levels of two calculations are paired by overlap. What is left to come is estimated from
the products left out, to second order. Time and memory of a calculation are said before it begins,
and one that would not fit is not begun.
"""

from collections.abc import Callable
from dataclasses import replace
from time import process_time

import torch
from torch import Tensor

from pes.setup.automatic.grid_of_stage import Grid
from pes.setup.automatic.left_out import LEAST, still_to_come
from pes.setup.automatic.quanta_series import QuantaStage, Series
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


def levels_by_quanta(
    target: Target,
    smallest: Grid,
    *,
    budget: Budget | None = None,
    report: Report = lambda _: None,
    check: Check = lambda _: None,
) -> Levels:
    """The lowest levels, each converged to an accuracy as far as time and memory go.

    Args:
        target: molecule in coordinates, and levels.
        smallest: functions and points to grow from.
        budget: CPU time that it may cost.
        report: called with a sentence before and after each calculation.
        check: refuses points of a sparse grid beyond the domain of the coordinates.

    Raises:
        ValueError: if the surface falls below its minimum at a point, or not even the first
            calculation fits.
    """
    series = Series(target, budget or Budget(), report, process_time(), smallest, check)
    stage = series.first()
    base = series.smaller(stage).functions_only()
    moved = series.matched(stage, base).changes
    expected = series.expected(stage, moved)
    left = still_to_come(expected, LEAST * moved)
    series.table(stage, left)
    shorter = series.narrower(stage)
    points = series.finer(stage, base)
    ended = ""
    # One grid alone does not tell what its points miss.
    while base.grid is stage.grid or _missing(target, left, points, shorter):
        if float(shorter.max()) > max(target.accuracy, float(left.max())):
            ended = (
                f"where the ranges end matters by {float(shorter.max()) / CM1:.2g} cm-1, more than "
                "functions that are missing; the surface is needed, and must be right, farther out"
            )
            break
        ahead = series.forecast(stage)
        ended = series.obstacle(ahead)
        if ended:
            report(f"{ahead}, are not begun: {ended}")
            break
        report(f"next: {ahead}")
        # Its V and G give way to the larger ones.
        earlier, stage = base, stage.functions_only()
        try:
            base, stage = stage, series.solved(ahead, stage)
        except ValueError as failure:
            ended = str(failure)
            report(f"stopped: {ended}")
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
    return _result(target, stage, changes, ended)


def _missing(target: Target, left: Tensor, points: Tensor, shorter: Tensor) -> bool:
    """Whether some level is still less accurate than asked for, for lack of functions or points."""
    of_functions, of_points, of_ranges = WEIGHTS["target"]
    narrow = of_ranges * of_length(shorter, len(left))
    error = of_functions * left + of_points * points
    # An error that is not a number is none that is small enough.
    return not bool(
        (error + narrow.clamp(max=(1 - SHARE) * target.accuracy) <= target.accuracy).all()
    )


def _result(target: Target, stage: QuantaStage, changes: Tensor, ended: str) -> Levels:
    """Levels of the largest calculation and the changes from which their errors are estimated."""
    levels = Levels(
        target.system, stage.grid.bases, stage.grid.truncation, stage.grid.cap(target),
        target.wells[0], target.lowest_energy, stage.hamiltonian,
        stage.pairs.first(changes.shape[1]), changes, "target",
    )  # fmt: skip
    depth = stage.grid.hole(stage.hamiltonian, target)
    levels, hole = _with_hole(levels, depth)
    missed = _missed(target, levels.convergence, ended)
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
