"""Estimated errors of a calculation in a series whose quanta grow, by the one before it."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pes.setup.automatic.quanta.grid_of_stage import STEP
from pes.setup.automatic.quanta.kept_stages import StoreError, restored_stage
from pes.setup.automatic.quanta.quanta_series import Series
from pes.setup.automatic.quanta.quanta_stage import QuantaStage
from pes.vibration.levels.left_out import LEAST, still_to_come, with_second_step
from pes.vibration.levels.matching import of_partners

__all__ = ["Estimates", "Foreseen", "first_estimates", "next_estimates", "resumed_estimates"]

ESTIMATES = "errors of the levels are estimated, from functions left out"


@dataclass(frozen=True)
class Foreseen:
    """Values of a calculation that the estimates of the next one need.

    Attributes:
        expected: changes by half a step, by a step and by two, (3, S) in hartree.
        moved: changes by the last step, (S,).
        shorter: changes in narrower ranges, of the first calculation, (S,).
    """

    expected: Tensor
    moved: Tensor
    shorter: Tensor


@dataclass(frozen=True)
class Estimates:
    """A calculation, and what it and the one before it tell of its errors.

    Attributes:
        stage: the calculation.
        alone: whether there is none before it on another grid.
        foreseen: values that the estimates of the next one need.
        left: what functions leave, (S,).
        points: changes with more points, (S,).
        nearer: changes where V is continued from nearer the minimum, (S,).
    """

    stage: QuantaStage
    alone: bool
    foreseen: Foreseen
    left: Tensor
    points: Tensor
    nearer: Tensor


def resumed_estimates(series: Series) -> Estimates | None:
    """The last calculation of an earlier run of the program; None where there is none.

    Raises:
        ValueError: if it does not fit into memory.
    """
    stages, values = _kept(series), series.store.of(series.name)
    if not stages or values is None:
        return None
    if len(stages) == 1:
        return _first(series, stages[0])
    base, stage = stages
    since = series.costs.spent - stage.seconds
    foreseen = Foreseen(values["expected"], values["moved"], values["shorter"])
    return next_estimates(series, base, stage, foreseen, since)


def _kept(series: Series) -> list[QuantaStage]:
    """The last one or two calculations of an earlier run; V and G are left to the last of them."""
    stages = list[QuantaStage]()
    for kept in (series.store.of(series.name) or {}).get("stages", ()):
        ahead = series.costs.ahead(series.grid_with(kept["quanta"]))
        if short := series.costs.shortage(ahead):
            raise ValueError(f"the calculation that was kept, {ahead}, does not fit: {short}")
        stages = [earlier.functions_only() for earlier in stages]
        series.report(f"going on from the calculation with {ahead.grid.quanta:g} quanta")
        try:
            stages.append(restored_stage(kept, ahead.grid, series.target))
        except StoreError as failure:
            series.report(str(failure))
            return []
    return stages


def first_estimates(series: Series) -> Estimates:
    """The smallest calculation."""
    stage = series.first()
    series.keep([stage])
    return _first(series, stage)


def _first(series: Series, stage: QuantaStage) -> Estimates:
    """Estimates of the smallest calculation, which is compared with fewer functions."""
    series.part(ESTIMATES, stage.seconds)
    base = series.smaller(stage).functions_only()
    moved = series.matched(stage, base).changes
    expected = _to_two_steps(series.expected(stage), moved)
    left = still_to_come(expected[1:], LEAST * moved)
    series.table(stage, left)
    foreseen = Foreseen(expected, moved, series.narrower(stage))
    nearer = series.nearer(stage)
    return Estimates(stage, True, foreseen, left, series.finer(stage, base), nearer)


def next_estimates(
    series: Series,
    base: QuantaStage,
    stage: QuantaStage,
    foreseen: Foreseen,
    since: float,
) -> Estimates:
    """Estimates of a calculation by the one before it.

    Args:
        series: what all calculations share.
        base: the calculation before.
        stage: this one.
        foreseen: values of the calculation before, among them what was expected of this one.
        since: CPU time of the series at its beginning, s.
    """
    series.part(ESTIMATES, stage.seconds)
    match = series.matched(stage, base)
    moved, known = match.changes, series.expected(stage)
    half = stage.grid.quanta - base.grid.quanta < STEP
    surprise = (
        moved - of_partners(foreseen.expected[0 if half else 1].abs(), match.partners)
    ).abs()
    if half:
        moved = _of_whole_step(of_partners(foreseen.moved, match.partners), moved, known[0].abs())
    expected = _to_two_steps(known, moved)
    left = still_to_come(expected[1:], surprise.where(match.partners >= 0, torch.inf))
    series.table(stage, left)
    series.part("the effect of more points is computed", stage.seconds)
    points, nearer = series.finer(stage, base), series.nearer(stage)
    # Estimates take their part of the next calculation's time as of this one's.
    stage = replace(stage, seconds=series.costs.spent - since)
    foreseen = Foreseen(expected, moved, foreseen.shorter)
    return Estimates(stage, False, foreseen, left, points, nearer)


def _to_two_steps(expected: Tensor, moved: Tensor) -> Tensor:
    """Changes by half a step, a step and two, where the last may not be known, (3, S).

    Args:
        expected: changes that are known, (2, S) or (3, S).
        moved: changes by the last step, (S,).
    """
    return (
        expected
        if len(expected) == 3
        else torch.stack((expected[0], *with_second_step(expected[1], moved)))
    )


def _of_whole_step(before: Tensor, moved: Tensor, near: Tensor) -> Tensor:
    """Change by the step that ends with a half step, (S,): that of a step halfway between two.

    Args:
        before: change by the whole step that ended before the half step, (S,).
        moved: change by the half step, (S,).
        near: expected change by the half step that follows, (S,).

    Example:
        Errors that fall by ten in half a step, 0.09 by the one measured after a step of 9.9:

        >>> one = torch.ones(1, dtype=torch.float64)
        >>> _of_whole_step(9.9 * one, 0.09 * one, 0.009 * one)
        tensor([0.9900], dtype=torch.float64)
    """
    step = (before * (moved + near)).sqrt()
    return step.where(before.isfinite() & moved.isfinite(), torch.inf)
