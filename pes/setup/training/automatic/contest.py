"""Contest of networks: all begin, the better half goes on, the best gets the time that is left."""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

import torch

from pes.data import Dataset, Split
from pes.setup.training.automatic.candidates import Candidate, epoch_seconds
from pes.setup.training.automatic.trial import Budget, Trial, advanced, better, started
from pes.setup.training.settings import EnsembleForm, TrainingSettings
from pes.training.optimizers.choice import iteration_flops

__all__ = ["contest", "finale", "measured_rate"]

SHARE = 0.3
"""Share of the time left that the contest may take."""
EPOCHS = 40
"""Epochs of the first round at most; each further round has twice as many."""
FEWEST = 3
"""Members without which there is no spread worth the name."""
MOST = 6
ENOUGH = 120
"""Epochs for which each member of an ensemble must have time."""


def contest(
    entries: Sequence[Candidate],
    dataset: Dataset,
    parts: Split,
    settings: TrainingSettings,
    budget: Budget,
    device: torch.device,
    *,
    limit: float = float("inf"),
) -> list[Trial]:
    """Trials of the networks, the winner first; each round halves them and doubles the epochs.

    Args:
        entries: networks, the most promising first; as many begin as the time allows.
        dataset: labelled points.
        parts: rows; the training rows may be some of many.
        settings: seed, patience and memory.
        budget: CPU time.
        device: device of the fits.
        limit: validation error in cm⁻¹ of the first network from which no others begin.
    """
    seconds = SHARE * budget.left
    rounds = max(1, ceil(len(entries) / 2))
    trials: list[Trial] = []
    for entry in entries:
        if budget.left == 0:
            break
        cost = EPOCHS * epoch_seconds(len(parts.train), entry.parameters)
        if trials and cost > seconds - sum(trial.seconds for trial in trials):
            continue
        trial = _begun(entry, dataset, parts, settings, device)
        if trial is not None:
            trials.append(advanced(trial, seconds / (rounds + 1), budget, epochs=EPOCHS))
            if trials[0].error > limit:
                return trials
    epochs = EPOCHS
    left = ranked(trials)
    while len(left) > 1 and budget.left > 0:
        left, epochs = left[: ceil(len(left) / 2)], 2 * epochs
        if len(left) == 1:
            break
        left = [advanced(one, seconds / len(left) / 2, budget, epochs=epochs) for one in left]
        left = ranked(left)
    names = {trial.name for trial in left}
    return left + [trial for trial in ranked(trials) if trial.name not in names]


def ranked(trials: Sequence[Trial]) -> list[Trial]:
    """Trials in the order of their validation errors."""
    return sorted(trials, key=lambda trial: trial.error)


def _begun(
    entry: Candidate,
    dataset: Dataset,
    parts: Split,
    settings: TrainingSettings,
    device: torch.device,
) -> Trial | None:
    points = dataset if entry.forces else replace(dataset, forces=None)
    try:
        return started(str(entry), points, parts, replace(settings, form=entry.form), device)
    except ValueError:  # too few points for its baseline, or too little memory
        return None


def measured_rate(trial: Trial, rows: int) -> float:
    """Operations in a CPU second that the epochs of a trial have shown."""
    state = trial.state
    assert state is not None
    return iteration_flops(rows, state.parameters.numel()) * len(trial.history) / trial.seconds


def finale(
    winner: Trial,
    dataset: Dataset,
    parts: Split,
    budget: Budget,
    device: torch.device,
    *,
    rate: float,
) -> Trial:
    """The best network with the time that is left: as an ensemble where its members have time.

    Args:
        winner: network that won the contest, possibly on some of the training points.
        dataset: labelled points.
        parts: rows of all points.
        budget: CPU time.
        device: device of the fits.
        rate: operations in a CPU second.
    """
    assert winner.state is not None
    settings = winner.plan.settings
    points = dataset if winner.plan.dataset.forces is not None else replace(dataset, forces=None)
    whole = len(winner.plan.parts.train) == len(parts.train)
    each = epoch_seconds(len(parts.train), winner.state.parameters.numel(), rate)
    members = min(MOST, int(budget.left / each / ENOUGH))
    if members < FEWEST:
        alone = winner if whole else started(winner.name, points, parts, settings, device)
        return advanced(alone, budget.left, budget)
    form = EnsembleForm(members=members)
    name = f"{members} times {winner.name}"
    team = started(name, points, parts, replace(settings, ensemble=form), device)
    team = advanced(team, budget.left, budget)
    return better(team, winner) if whole else team
