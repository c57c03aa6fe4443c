"""Contest of networks: all begin, the better half goes on, the best gets the time that is left."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil

from pes.setup.training.automatic.candidates import RATE, Candidate, neighbours
from pes.setup.training.automatic.task import FitTask
from pes.setup.training.automatic.trial import FitBudget, Trial, advanced
from pes.setup.training.planning.settings import EnsembleForm
from pes.training.optimizers.choice import iteration_flops

__all__ = ["contest", "finale", "measured_rate", "prospect", "shortfall"]

SHARE = 0.3
"""Share of the time left that the contest may take, half of it for the first round."""
FIRST, MOST_EPOCHS = 40, 120
"""Epochs of the first round, and as many where they take no more than a network's share of its
time; each further round has three times as many."""
CONVERGED = 250
"""Epochs that each member of an ensemble can make: one network that converges is better than
several that do not."""
ALONE = 0.3
"""Share of the time left in which a network that has met some of the points meets all of them.
While its error still falls, members of an ensemble need as many epochs as it has made."""
LEARNING = 0.75
"""Power of 1/N with which errors fall with the number of points."""
GAIN = 3.0
"""Factor by which the rest of the time lowers the training error of the network that won."""
FEWEST, MOST = 3, 6
"""Members of an ensemble: fewer have no spread worth the name."""


def contest(
    entries: Sequence[Candidate], task: FitTask, *, limit: float = float("inf")
) -> list[tuple[Candidate, Trial]]:
    """Networks and their trials, the winner first.

    All entries begin, then narrower and wider ones beside the best while that helps. Each further
    round goes on with the better half.

    Args:
        entries: networks, the most promising first; as many begin as the time allows.
        task: points and time; with `first_points` among its settings, the networks meet on so many
            of the training points.
        limit: validation error in cm⁻¹ of the first network from which no others begin.
    """
    budget, points = task.budget, task.settings.first_points or len(task.parts.train)
    seconds = SHARE * budget.left
    each = seconds / 2 / (len(entries) + 3)
    tried: dict[Candidate, Trial] = {}
    waiting, rate = list(entries), RATE
    while waiting and budget.left > 0:
        entry = waiting.pop(0)
        cost = FIRST * entry.epoch(points, rate)
        used = sum(trial.seconds for trial in tried.values())
        if entry not in tried and (not tried or used + cost <= seconds / 2):
            trial = _begun(entry, task)
            if trial is not None:
                tried[entry] = _first_round(trial, each, cost, budget)
                rate = max(rate, measured_rate(entry, tried[entry]))
                if tried[entries[0] if entries[0] in tried else entry].error > limit:
                    break
        if not waiting and tried:
            waiting = [one for one in neighbours(_ranked(tried)[0][0]) if one not in tried]
            if used + cost > seconds / 2:
                break
    return _halved(tried, seconds / 2, budget)


def _first_round(trial: Trial, share: float, cost: float, budget: FitBudget) -> Trial:
    """A network after its share of the time (CPU seconds), or after the fewest epochs.

    Args:
        trial: trial before its first epoch.
        share: time for which it goes on beyond the fewest epochs.
        cost: time that these are expected to take.
        budget: CPU time of the whole fit.
    """
    trial = advanced(trial, share, budget, epochs=MOST_EPOCHS)
    missing = FIRST - len(trial.history)
    return trial if missing <= 0 else advanced(trial, cost, budget, epochs=missing)


def _halved(
    tried: dict[Candidate, Trial], seconds: float, budget: FitBudget
) -> list[tuple[Candidate, Trial]]:
    """All trials, the better half of each round gone on with, in the order of their errors."""
    left, rest, epochs = _ranked(tried), [], 3 * MOST_EPOCHS
    while len(left) > 2 and budget.left > 0:
        half = ceil(len(left) / 2)
        left, rest = left[:half], [*left[half:], *rest]
        left = _ranked(
            {
                entry: advanced(trial, seconds / 2 / half, budget, epochs=epochs)
                for entry, trial in left
            }
        )
        seconds, epochs = seconds / 2, 3 * epochs
    return [*left, *rest]


def _ranked(tried: dict[Candidate, Trial]) -> list[tuple[Candidate, Trial]]:
    return sorted(tried.items(), key=lambda item: _promise(item[1]))


def _promise(trial: Trial) -> float:
    """Validation error (cm⁻¹) to expect with all training points.

    The training error stays, about; what the validation error is above it falls with the number of
    points, as 1/N at first and more slowly later.
    """
    few, every = trial.plan.settings.first_points, len(trial.plan.parts.train)
    if few is None or not trial.history or not trial.training < trial.measure:
        return trial.measure
    return trial.training + (trial.measure - trial.training) * (few / every) ** LEARNING


def prospect(trial: Trial) -> float:
    """Validation error (cm⁻¹) to hope for after more epochs with all training points."""
    return trial.training / GAIN + shortfall(trial)


def shortfall(trial: Trial) -> float:
    """Validation error (cm⁻¹) above the training error to expect with all training points.

    More epochs do not make it smaller.
    """
    few, every = trial.plan.settings.first_points, len(trial.plan.parts.train)
    above = max(0.0, trial.measure - trial.training)
    return above * ((few or every) / every) ** LEARNING


def _begun(entry: Candidate, task: FitTask) -> Trial | None:
    task = task if entry.forces else task.without_forces
    try:
        return task.started(str(entry), replace(task.settings, form=entry.form))
    except ValueError:  # too few points for its baseline, or too little memory
        return None


def measured_rate(entry: Candidate, trial: Trial) -> float:
    """Operations in a CPU second that the epochs of a trial have shown."""
    points = trial.plan.settings.first_points or len(trial.plan.parts.train)
    return (
        iteration_flops(entry.rows(points), entry.parameters) * len(trial.history) / trial.seconds
    )


def finale(entry: Candidate, winner: Trial, task: FitTask) -> Iterator[Trial]:
    """The best network with the time that is left: as an ensemble where its members have time.

    A network that has met some of the training points goes on with all of them first.

    Args:
        entry: network that won the contest.
        winner: its trial, possibly on some of the training points.
        task: points and time.
    """
    settings, budget = winner.plan.settings, task.budget
    task = task if entry.forces else task.without_forces
    each = entry.epoch(len(task.parts.train), measured_rate(entry, winner))
    needed = CONVERGED
    if settings.first_points is not None:
        winner = advanced(_with_all_points(winner), ALONE * budget.left, budget)
        needed = CONVERGED if winner.stopped else max(CONVERGED, len(winner.history))
    members = min(MOST, int(budget.left / each / needed))
    if members < FEWEST:
        yield advanced(winner, budget.left, budget)
        return
    if settings.first_points is not None:
        yield winner
    form = EnsembleForm(members=members)
    name = f"{members} times {winner.name}"
    alone = replace(settings, first_points=None, first_epochs=0)
    yield advanced(task.started(name, replace(alone, ensemble=form)), budget.left, budget)


def _with_all_points(trial: Trial) -> Trial:
    """The trial of a network whose next epochs use all training points."""
    settings = trial.plan.settings
    if settings.first_points is None:
        return trial
    assert trial.state is not None
    settings = replace(settings, first_epochs=trial.state.epoch)
    return replace(trial, plan=replace(trial.plan, settings=settings), stopped=None)
