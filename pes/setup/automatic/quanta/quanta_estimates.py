"""Estimated errors of a calculation in a series whose quanta grow, by the one before it."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pes.setup.automatic.quanta.kept_stages import StoreError, restored_stage
from pes.setup.automatic.quanta.quanta_series import Series
from pes.setup.automatic.quanta.quanta_stage import QuantaStage
from pes.vibration.levels.left_out import LEAST, still_to_come
from pes.vibration.levels.matching import of_partners

__all__ = ["Estimates", "first_estimates", "next_estimates", "resumed_estimates"]

ESTIMATES = "errors of the levels are estimated, from functions left out"


@dataclass(frozen=True)
class Estimates:
    """A calculation, and what it and the one before it tell of its errors.

    Attributes:
        stage: the calculation.
        alone: whether there is none before it on another grid.
        expected: changes by the next step and by the next two, (2, S) in hartree.
        left: what functions leave, (S,).
        points: changes with more points, (S,).
        shorter: changes in narrower ranges, of the first calculation, (S,).
        nearer: changes where V is continued from nearer the minimum, (S,).
    """

    stage: QuantaStage
    alone: bool
    expected: Tensor
    left: Tensor
    points: Tensor
    shorter: Tensor
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
    return next_estimates(series, base, stage, values["foreseen"], values["shorter"], since)


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
    expected = series.expected(stage, moved)
    left = still_to_come(expected, LEAST * moved)
    series.table(stage, left)
    shorter, nearer = series.narrower(stage), series.nearer(stage)
    return Estimates(stage, True, expected, left, series.finer(stage, base), shorter, nearer)


def next_estimates(
    series: Series,
    base: QuantaStage,
    stage: QuantaStage,
    foreseen: Tensor,
    shorter: Tensor,
    since: float,
) -> Estimates:
    """Estimates of a calculation by the one before it.

    Args:
        series: what all calculations share.
        base: the calculation before.
        stage: this one.
        foreseen: changes that were expected of it, (2, S).
        shorter: changes in narrower ranges, (S,).
        since: CPU time of the series at its beginning, s.
    """
    series.part(ESTIMATES, stage.seconds)
    match = series.matched(stage, base)
    moved = match.changes
    expected = series.expected(stage, moved)
    surprise = (moved - of_partners(foreseen[0].abs(), match.partners)).abs()
    left = still_to_come(expected, surprise.where(match.partners >= 0, torch.inf))
    series.table(stage, left)
    series.part("the effect of more points is computed", stage.seconds)
    points, nearer = series.finer(stage, base), series.nearer(stage)
    # Estimates take their part of the next calculation's time as of this one's.
    stage = replace(stage, seconds=series.costs.spent - since)
    return Estimates(stage, False, expected, left, points, shorter, nearer)
