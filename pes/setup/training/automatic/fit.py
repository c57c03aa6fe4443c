"""A fit without settings: good at any minute of its budget and better later."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import torch
from torch import Tensor

from pes.data import Dataset, Split
from pes.setup.training.automatic.candidates import Candidate, candidates
from pes.setup.training.automatic.contest import contest, finale, prospect, shortfall
from pes.setup.training.automatic.kernel_trials import (
    KernelStart,
    first_kernels,
    larger_kernels,
    last_kernels,
)
from pes.setup.training.automatic.linear_trials import (
    force_trials,
    last_trials,
    linear_trials,
)
from pes.setup.training.automatic.report import (
    choice_lines,
    far_line,
    plan_lines,
    trial_line,
)
from pes.setup.training.automatic.task import FitTask, fit_task
from pes.setup.training.automatic.trial import FitBudget, Trial, better
from pes.setup.training.outcome.fit_result import FitResult, fit_result
from pes.setup.training.planning.settings import TrainingSettings
from pes.training.epoch import StopReason

__all__ = ["ENDLESS", "AutomaticFit", "automatic_fit"]

ENDLESS = 10**6
"""Epochs of a fit that time alone ends."""
PATIENCE = 200
FINE = 1e-3
"""Error in cm⁻¹ below which no level would gain from a better fit."""
FAR = 30.0
"""Error of the first network after its first epochs, in units of the best other surface, from
which no others begin, and from which it gets no time at all."""
HOPELESS = 8.0
"""Error of the best network after the contest, in units of the best other surface, from which other
surfaces come first."""
UNUSED = 0.2
"""Share of the time from which it is said that it was not used."""
OVERFITTED = 3.0
"""The same for the part of its validation error that more epochs do not mend."""


@dataclass(frozen=True, eq=False)
class AutomaticFit:
    """Everything that an automatic fit tried, and what it chose.

    Attributes:
        chosen: trial of the lowest validation error.
        trials: all of them, in the order tried.
        lines: plan, trials and choice in words.
        seconds: CPU time used, s.
        progress: CPU seconds and validation error in cm⁻¹ whenever this was lower than before.
        dataset: the points with all their labels; None for those of the chosen trial.
        doubtful: rows of labels left out because the audit doubts them.
    """

    chosen: Trial
    trials: tuple[Trial, ...]
    lines: tuple[str, ...]
    seconds: float
    progress: tuple[tuple[float, float], ...] = ()
    dataset: Dataset | None = None
    doubtful: Tensor | None = None

    def result(self, *, name: str = "fit", stopped: bool = False) -> FitResult:
        """Errors and tables of the fit chosen; its plan has the settings that reproduce it."""
        trial, plan = self.chosen, self.chosen.plan
        reason: StopReason | None = None
        if trial.state is not None:
            # Where it ended counts, not that it would have gone on.
            number = trial.state.epoch
            settings = replace(
                plan.settings, epochs=number, first_epochs=min(number, plan.settings.first_epochs)
            )
            plan = replace(plan, settings=settings)
            reason = trial.stopped or ("signal" if stopped else "budget")
        plan = replace(plan, remarks=self.lines)
        return fit_result(
            plan, state=trial.state, stopped_by=reason, name=name, history=trial.history,
            labels=self.dataset, doubtful=self.doubtful,
        )  # fmt: skip


def automatic_fit(
    dataset: Dataset,
    parts: Split,
    *,
    seconds: float,
    used: float = 0.0,
    doubtful: Tensor | None = None,
    seed: int = 0,
    memory: int = 1024,
    device: torch.device | None = None,
    say: Callable[[str], object] = lambda _: None,
    keep: Callable[[Trial], object] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> AutomaticFit:
    """Fit points with what suits them, as well as the CPU time allows.

    Linear surfaces by degree come first, in seconds; then kernels at some points and a short
    contest of networks; then kernels at as many points as there is time for if they may be the
    best; the best network gets the rest, alone or as an ensemble. The common validation points
    judge; the test points are not looked at.

    Args:
        dataset: labelled points.
        parts: rows for training, validation and test.
        seconds: CPU time.
        used: CPU time that is spent already.
        doubtful: rows of labels that are in neither training nor validation because the audit
            doubts them; they are reported.
        seed: seed of starting weights and of the choice of points.
        memory: MiB for the matrices of a fit.
        device: device of the fit; by default that of the points.
        say: called with each line of the report.
        keep: called with the best trial whenever there is a new one.
        stop: whether to end now.

    Raises:
        ValueError: if not even a linear surface can be fitted.
    """
    budget = FitBudget(seconds, stop, say, time.process_time() - used)
    lines, trials, reached = [], [], []
    settings = TrainingSettings(
        optimizer="levenberg_marquardt", epochs=ENDLESS, patience=PATIENCE, seed=seed, memory=memory
    )
    task = fit_task(dataset, parts, settings, budget, device)
    best: Trial | None = None

    def note(*texts: str) -> None:
        for text in texts:
            lines.append(text)
            say(text)

    def reason(text: str) -> None:
        if not stop():  # a signal is no reason of the plan
            note(text)

    note(*plan_lines(task.summary, seconds))
    for trial in _trials(task, reason):
        trials.append(trial)
        reached += [*trial.progress, (budget.used, trial.error)]
        note(trial_line(trial, budget.used))
        if best is None or better(trial, best) is trial:
            best = trial
            keep(best)
    if best is None:
        raise ValueError(
            f"{task.summary.count} points are too few even for a linear surface of degree 2; "
            "add points"
        )
    if stop():
        note(
            f"stopped by a signal after {budget.used:.0f} of {seconds:.0f} CPU-seconds: what the "
            "plan still had was not tried"
        )
    note(*choice_lines(best, trials), *far_line(best))
    return AutomaticFit(
        best, tuple(trials), tuple(lines), budget.used, tuple(_improvements(reached)), dataset,
        doubtful,
    )  # fmt: skip


def _improvements(reached: list[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Times and errors in the order of time, where the error was lower than ever before."""
    lowest = float("inf")
    for seconds, error in sorted(reached):
        if error < lowest:
            lowest = error
            yield round(seconds, 1), error


def _trials(task: FitTask, note: Callable[[str], object]) -> Iterator[Trial]:
    """Trials one after the other, the most promising first."""
    best: Trial | None = None
    summary, tried = task.summary, list[str]()
    for trial in linear_trials(task):
        tried.append(trial.name)
        best = trial if best is None else better(trial, best)
        yield trial
    if best is not None and summary.settled(best.error):
        note("the linear surface has reached the noise floor of the labels: nothing else is tried")
        return
    if best is not None and best.error <= FINE:
        note(f"the linear surface is within {FINE:g} cm-1 of the labels: nothing else is tried")
        return
    polynomial = best
    start = first_kernels(task)
    if start is not None:
        best = start.trial if best is None else better(start.trial, best)
        yield start.trial
    if best is not None and (summary.settled(best.error) or best.error <= FINE):
        note("the kernel surface is as good as its labels: nothing else is tried")
        return
    energies_alone = len(tried)
    for trial in force_trials(task, polynomial):
        tried.append(trial.name)
        best = trial if best is None else better(trial, best)
        yield trial
    if summary.forces and len(tried) == energies_alone:
        note("no linear surface is fitted to the forces: too little time or memory")
    yield from _contenders(task, best, start, tried, note)


def _contenders(
    task: FitTask,
    best: Trial | None,
    start: KernelStart | None,
    tried: Sequence[str],
    note: Callable[[str], object],
) -> Iterator[Trial]:
    """Networks, kernels at more points where these may come out better, then higher degrees."""
    lowest = hope = float("inf")
    if best is not None:
        lowest, hope = best.error, best.plan.settings.form.price * best.measure
    networks = _networks(task, FAR * lowest)
    if not networks:
        note("no networks: too few points, or too little time for their first epochs")
    yield from (trial for _, trial in networks)
    expected = min([hope, *(prospect(trial) for _, trial in networks[:1])])
    larger = None if start is None else larger_kernels(task, start, expected)
    if larger is not None:
        best = larger if best is None else better(larger, best)
        yield larger
    if networks and task.budget.left > 0 and not _hopeless(networks[0][1], best):
        yield from finale(*networks[0], task)
        return
    if networks and task.budget.left > 0:
        note("networks are far from the best surface so far: other surfaces are tried first")
    if best is not None:
        yield from _others(task, best, tried, networks, note)


def _others(
    task: FitTask,
    best: Trial,
    tried: Sequence[str],
    networks: Sequence[tuple[Candidate, Trial]],
    note: Callable[[str], object],
) -> Iterator[Trial]:
    """Surfaces like the best one; the best network where these leave time.

    A network after its first epochs may be far from what it can reach.
    """
    for trial in chain(last_trials(task, best, tried), last_kernels(task, best)):
        best = better(trial, best)
        yield trial
    if task.budget.left <= UNUSED * task.budget.seconds:
        return
    settled = task.summary.settled(best.error) or best.error <= FINE
    if networks and not settled and networks[0][1].error <= FAR * best.error:
        note("the remaining time goes to the best network")
        yield from finale(*networks[0], task)
        return
    note(
        f"nothing else is worth a trial in the remaining time: {task.budget.used:.0f} of "
        f"{task.budget.seconds:.0f} CPU-seconds are used"
    )


def _hopeless(network: Trial, best: Trial | None) -> bool:
    """Whether a network will stay worse than the best other surface."""
    if best is None:
        return False
    far = network.error > HOPELESS * best.error
    return far or shortfall(network) > OVERFITTED * best.measure


def _networks(task: FitTask, limit: float) -> list[tuple[Candidate, Trial]]:
    """Networks after their contest, on some of the points where there are many, the best first."""
    points = len(task.parts.train)
    entries = candidates(task.summary, points, task.budget.left)
    if not entries:
        return []
    some = max(one.meeting(points) for one in entries)
    if some < points:
        settings = replace(task.settings, first_points=some, first_epochs=ENDLESS)
        task = replace(task, settings=settings)
    return contest(entries, task, limit=limit)
