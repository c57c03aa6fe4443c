"""Linear surfaces in an automatic fit: which degrees and weights of forces have their turn."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import islice

import pytest

from pes.data import Dataset, split
from pes.setup.training.automatic.linear_trials import force_trials, last_trials, linear_trials
from pes.setup.training.automatic.task import FitTask, fit_task
from pes.setup.training.automatic.trial import FitBudget, Trial
from pes.setup.training.planning.settings import LinearForm, TrainingSettings


def task(points: Dataset, seconds: float) -> FitTask:
    return fit_task(points, split(points, seed=0), TrainingSettings(), FitBudget(seconds))


@pytest.fixture(scope="module")
def labelled(water: Callable[..., Dataset]) -> Dataset:
    return water(points=150, forces=True)


@pytest.fixture(scope="module")
def energies(labelled: Dataset) -> Trial:
    """Degree 3, of five lengths."""
    return list(islice(linear_trials(task(labelled, 1000.0)), 2))[1]


def test_a_fit_with_forces_takes_as_long_as_one_of_the_lengths(
    labelled: Dataset, energies: Trial
) -> None:
    form = energies.plan.settings.form
    assert isinstance(form, LinearForm)
    assert isinstance(form.length, tuple)
    # Five lengths in 10 s, ten labels a point: 20 s, less than 30 % of 100 s.
    slow = replace(energies, seconds=2.0 * len(form.length))
    first = next(force_trials(task(labelled, 100.0), slow))
    assert first.name == "linear with forces of weight 0.1, degree 3"
    assert list(force_trials(task(labelled, 60.0), slow)) == []


def test_higher_degrees_take_the_weight_that_was_best(labelled: Dataset, energies: Trial) -> None:
    trials = list(force_trials(task(labelled, 1000.0), energies))
    degrees = Counter(trial.name.split(", ")[1] for trial in trials)
    assert degrees["degree 3"] == 3
    assert degrees["degree 4"] == 1
    best = min(trials[:3], key=lambda trial: trial.error)
    assert trials[3].plan.settings.force_weight == best.plan.settings.force_weight


def test_a_slow_first_fit_fixes_no_length(
    labelled: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first fit of a process loads libraries; its length of a poor degree is no choice."""
    started = FitTask.started

    def slow(self: FitTask, name: str, settings: TrainingSettings) -> Trial:
        trial = started(self, name, settings)
        return replace(trial, seconds=1.0 if "degree 2" in name else 1e-3)

    monkeypatch.setattr(FitTask, "started", slow)
    lengths = [
        len(trial.plan.settings.form.length)  # pyright: ignore[reportAttributeAccessIssue]
        for trial in islice(linear_trials(task(labelled, 20.0)), 3)
    ]
    assert lengths == [5, 1, 5]


@pytest.mark.parametrize("forces", [False, True])
def test_the_time_left_goes_to_higher_degrees(
    labelled: Dataset, energies: Trial, *, forces: bool
) -> None:
    known = next(force_trials(task(labelled, 1000.0), energies)) if forces else energies
    (further, *_) = last_trials(task(labelled, 1000.0), known, ())
    assert further.name == known.name.replace("degree 3", "degree 4")
    assert further.error < known.error
    assert (further.plan.dataset.forces is not None) == forces
    assert list(last_trials(task(labelled, 1e-6), known, ())) == []
    assert list(last_trials(task(labelled, 1000.0), known, {further.name})) == []
