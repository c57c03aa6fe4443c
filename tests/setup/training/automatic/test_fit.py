"""A fit without settings: what it chooses, what it says, and that its settings give it again."""

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import torch

import pes
from pes.data import Dataset, split
from pes.setup.training.automatic.candidates import Candidate
from pes.setup.training.automatic.contest import contest, finale
from pes.setup.training.automatic.fit import AutomaticFit, automatic_fit
from pes.setup.training.automatic.task import fit_task
from pes.setup.training.automatic.trial import FitBudget, Trial, advanced, better, started
from pes.setup.training.planning.plan import training_plan
from pes.setup.training.planning.planned import planned_epochs
from pes.setup.training.planning.settings import (
    EnsembleForm,
    LinearForm,
    NetworkForm,
    TrainingSettings,
)
from pes.training.fit import completed
from pes.units import CM1

CPU = torch.device("cpu")
NETWORK = TrainingSettings(NetworkForm(degree=2, hidden=(3, 3)), optimizer="levenberg_marquardt")


@pytest.fixture(scope="module", autouse=True)
def clock() -> Iterator[None]:
    """CPU time that passes by 30 ms from look to look: the same choices on every machine."""
    seconds = itertools.count(0.0, 0.03)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "process_time", lambda: next(seconds))
        yield


def since_now(seconds: float) -> FitBudget:
    """A budget on the clock above; by itself it begins with the CPU time of all tests so far."""
    return FitBudget(seconds, begun=time.process_time())


@pytest.fixture(scope="module")
def fit(water: Callable[..., Dataset]) -> AutomaticFit:
    points = water(points=150)
    return automatic_fit(points, split(points, seed=0), seconds=0.9)


def test_the_lowest_validation_error_wins(fit: AutomaticFit) -> None:
    assert fit.chosen in fit.trials
    place = fit.trials.index(fit.chosen)
    assert all(better(trial, fit.chosen) is fit.chosen for trial in fit.trials[place + 1 :])
    # Earlier ones may be better by less than chance.
    assert all(fit.chosen.measure < 1.5 * trial.measure for trial in fit.trials[:place])
    assert fit.trials[0].name == "linear, degree 2"
    assert fit.chosen.error < fit.trials[0].error / 100


def test_the_plan_comes_first_and_the_choice_last(fit: AutomaticFit) -> None:
    assert fit.lines[0].startswith("H2O: 135 points to fit, energies to")
    assert fit.lines[1].startswith("plan for 0.015 CPU-minutes")
    assert any(line.startswith(f"chosen: {fit.chosen.name}") for line in fit.lines[-2:])
    assert str(fit.result()).count("linear, degree 2:") == 1


def test_its_settings_give_it_again(fit: AutomaticFit) -> None:
    result = fit.result()
    plan = result.plan
    again = training_plan(plan.dataset, plan.parts, plan.settings)
    if again.optimizer is not None:
        completed(planned_epochs(again))
    x = plan.dataset.positions
    with torch.no_grad():
        assert torch.equal(again.surface(x), fit.chosen.plan.surface(x))


def test_time_that_nothing_else_needs_goes_to_the_best_network(
    water: Callable[..., Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After few epochs it is far from a polynomial that has all of its accuracy already."""
    monkeypatch.setattr("pes.setup.training.automatic.fit.HOPELESS", 0.0)
    monkeypatch.setattr("pes.setup.training.automatic.fit.FAR", float("inf"))
    points = water(points=100)
    fit = automatic_fit(points, split(points, seed=0), seconds=6.0)
    first, *_, last = (trial for trial in fit.trials if trial.name.startswith("network"))
    assert last is fit.trials[-1]
    assert len(last.history) > len(first.history)
    comes_first, gets_it = (
        next(k for k, line in enumerate(fit.lines) if line.startswith(start))
        for start in ("networks are far from", "the remaining time goes to")
    )
    assert comes_first < gets_it


def test_labels_in_steps_end_at_their_noise(water: Callable[..., Dataset]) -> None:
    """Steps of 1e-3 hartree: the floor is 219/√12 = 63 cm⁻¹, and the fit comes near it."""
    points = water(points=200)
    rounded = replace(points, energies=(points.energies * 1e3).round() / 1e3)
    fit = automatic_fit(rounded, split(rounded, seed=0), seconds=1.0)
    assert "noise floor 63 cm-1" in fit.lines[0]
    assert fit.chosen.error < 100


def test_time_spent_before_counts(water: Callable[..., Dataset]) -> None:
    """Only the first linear surface has no need of time."""
    points = water(points=100)
    fit = automatic_fit(points, split(points, seed=0), seconds=4, used=4)
    assert [trial.name for trial in fit.trials] == ["linear, degree 2"]
    assert fit.seconds >= 4


def test_an_asked_for_end_keeps_the_best(water: Callable[..., Dataset]) -> None:
    points = water(points=100)
    kept: list[Trial] = []
    parts = split(points, seed=0)
    at_once = automatic_fit(points, parts, seconds=4, stop=lambda: True)
    assert [trial.name for trial in at_once.trials] == ["linear, degree 2"]
    fit = automatic_fit(points, parts, seconds=4, keep=kept.append, stop=lambda: len(kept) > 1)
    assert len(kept) == 2
    assert fit.chosen is kept[-1]
    for one in (at_once, fit):
        (_, *said, stopped, chosen) = one.lines[: 8 + len(one.trials)]
        assert stopped.startswith("stopped by a signal after ")
        assert chosen.startswith("chosen: ")
        assert not any("no networks" in line or "nothing else" in line for line in said)


def test_a_contest_goes_on_with_the_better_half(water: Callable[..., Dataset]) -> None:
    points = water(points=80)
    entries = [
        Candidate(NetworkForm(degree=degree, hidden=(4, 4)), points.elements)
        for degree in (2, 3, 4)
    ]
    settings = replace(NETWORK, epochs=10**6)
    networks = contest(entries, fit_task(points, split(points, seed=0), settings, since_now(20.0)))
    errors = [trial.measure for _, trial in networks]
    assert errors[0] == min(errors)
    # Beside the best of the three a wider one was tried.
    assert {entry for entry, _ in networks} > set(entries)
    assert len(networks[0][1].history) >= len(networks[-1][1].history)


def test_the_first_network_leaves_time_for_others(
    water: Callable[..., Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the fewest epochs it has its share of the time, here none, whatever they may cost."""
    module = "pes.setup.training.automatic.contest"
    monkeypatch.setattr(f"{module}.SHARE", 0.0)
    monkeypatch.setattr(f"{module}.FIRST", 9)
    monkeypatch.setattr(f"{module}.RATE", 1.0)
    monkeypatch.setattr(f"{module}.neighbours", lambda _: [])
    points = water(points=60)
    entry = Candidate(NetworkForm(degree=2, hidden=(4, 4)), points.elements)
    settings = replace(NETWORK, epochs=10**6)
    task = fit_task(points, split(points, seed=0), settings, since_now(12.0))
    ((_, trial),) = contest([entry], task)
    assert len(trial.history) == 9


@pytest.mark.parametrize(("patience", "members"), [(10**6, 1), (1, 3)])
def test_a_network_that_met_some_points_meets_all_before_members_begin(
    water: Callable[..., Dataset], monkeypatch: pytest.MonkeyPatch, patience: int, members: int
) -> None:
    """Members have their turn where it has converged, or they would have as many epochs as it."""
    module = "pes.setup.training.automatic.contest"
    monkeypatch.setattr(f"{module}.CONVERGED", 1)
    points = water(points=80)
    settings = replace(
        NETWORK, epochs=10**6, first_points=40, first_epochs=10**6, patience=patience
    )
    budget = since_now(3.0)
    task = fit_task(points, split(points, seed=0), settings, budget)
    entry = Candidate(NetworkForm(degree=2, hidden=(3, 3)), points.elements)
    began = task.started(str(entry), replace(settings, form=entry.form))
    winner = advanced(began, 1.0, budget, epochs=4)
    *before, last = finale(entry, winner, task)
    # The network with all points is a trial of its own if an ensemble follows.
    assert [len(trial.plan.networks) for trial in before] == [1] * (members > 1)
    assert len(last.plan.networks) >= members
    assert (last.plan.ensemble is None) == (members == 1)
    if members == 1:
        assert last.plan.settings.first_epochs == len(winner.history)
        assert len(last.history) > len(winner.history)


def test_members_are_judged_by_points_they_have_not_seen(water: Callable[..., Dataset]) -> None:
    points = water(points=60)
    parts = split(points, seed=0)
    settings = replace(NETWORK, ensemble=EnsembleForm(members=3, keep=1.0))
    trial = advanced(
        started("three", points, parts, settings, CPU), 100.0, since_now(100.0), epochs=3
    )
    seen = trial.errors.isnan()
    # Shares of a ninth for three members: a third of the points is held out by one of them.
    assert 0 < int((~seen).sum()) < len(parts.validation)
    assert len(trial.history) == 3


def test_linear_trials_are_judged_at_points_left_out(water: Callable[..., Dataset]) -> None:
    points = water(points=80)
    parts = split(points, seed=0)
    form = LinearForm(degree=3, chosen_by="leave_one_out", ridge=0.0)
    trial = started("linear", points, parts, replace(NETWORK, form=form), CPU)
    row = int(parts.validation[0])
    rest = torch.tensor([k for k in (*parts.train, *parts.validation[1:])])
    surface = pes.linear_surface(
        pes.Invariants(points.elements, 3, length=pes.units.ANGSTROM),
        points.positions[rest], points.energies[rest], ridge=0.0,
    )  # fmt: skip
    with torch.no_grad():
        error = (surface(points.positions[row : row + 1]) - points.energies[row])[0] / CM1
    assert float(trial.errors[0]) == pytest.approx(float(error), rel=1e-5)


def test_minutes_in_python(water: Callable[..., Dataset]) -> None:
    result = pes.train(water(points=100), minutes=0.01)
    assert result.plan.remarks[0].startswith("H2O")
    assert pes.train(water(), form=NETWORK.form, minutes=1e-9).stopped_by == "budget"
