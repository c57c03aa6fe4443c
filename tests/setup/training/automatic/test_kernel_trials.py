"""Kernels in an automatic fit: as many points as there is time and memory for."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from pes.data import Dataset, split
from pes.setup.training.automatic.kernel_trials import (
    KernelStart,
    first_kernels,
    larger_kernels,
    last_kernels,
)
from pes.setup.training.automatic.task import fit_task
from pes.setup.training.automatic.trial import FitBudget, Trial, better
from pes.setup.training.planning.plan import training_plan
from pes.setup.training.planning.settings import KernelForm, LinearForm, TrainingSettings
from pes.units import CM1


def begun(points: Dataset, seconds: float, memory: int = 1024) -> KernelStart | None:
    parts = split(points, seed=0)
    settings = TrainingSettings(memory=memory)
    return first_kernels(fit_task(points, parts, settings, FitBudget(seconds)))


@pytest.fixture(scope="module")
def start(water: Callable[..., Dataset]) -> KernelStart:
    result = begun(water(points=150, forces=True), 60.0)
    assert result is not None
    return result


@pytest.fixture(scope="module")
def one(start: KernelStart) -> Trial:
    return start.trial


def test_all_points_carry_a_bump_where_there_is_time(one: Trial) -> None:
    form = one.plan.settings.form
    assert isinstance(form, KernelForm)
    assert form.centres is None
    assert one.plan.dataset.forces is None
    assert one.unseen is not None
    assert len(one.unseen) == 135
    assert one.error < 30  # cm⁻¹; the labels span 20,000


def test_its_settings_give_it_again(one: Trial) -> None:
    plan = training_plan(one.plan.dataset, one.plan.parts, one.plan.settings)
    x = one.plan.dataset.positions[:5]
    assert torch.equal(plan.surface(x), one.plan.surface(x))


def test_errors_of_points_left_out_are_about_those_of_the_test(one: Trial) -> None:
    test = one.plan.dataset.select(one.plan.parts.test)
    error = (one.plan.surface(test.positions) - test.energies).square().mean().sqrt()
    assert one.unseen is not None
    assert 0.1 < float(error) / CM1 / one.plain < 10


def test_kernels_must_halve_the_error_of_another_form(
    one: Trial, water: Callable[..., Dataset]
) -> None:
    """An energy of theirs takes a hundred times as long."""
    points = water(points=60)
    form = TrainingSettings(LinearForm(degree=2, ridge=1e-8))
    linear = training_plan(points, split(points, seed=0), form)
    errors = torch.tensor([1.0, -1.0], dtype=torch.float64).repeat(200)
    polynomial = Trial("polynomial", linear, 2.2 * errors, 0.0)
    for size, wins in ((1.2, False), (0.9, True)):
        kernels = Trial("kernels", one.plan, size * errors, 0.0)
        assert (better(kernels, polynomial) is kernels) is wins
        assert (better(polynomial, kernels) is kernels) is wins


def test_little_time_or_few_points(water: Callable[..., Dataset]) -> None:
    points = water(points=150)
    assert begun(points, 1e-4) is None
    assert begun(points.select(range(30)), 60.0) is None


def test_memory_bounds_the_centres(water: Callable[..., Dataset]) -> None:
    assert begun(water(points=400), 60.0, memory=1) is None  # 256 centres at most


def test_more_centres_where_they_may_become_the_best(
    start: KernelStart, water: Callable[..., Dataset]
) -> None:
    points = water(points=150, forces=True)
    parts, settings = split(points, seed=0), TrainingSettings()
    small = replace(start.form, centres=60)
    plan = training_plan(replace(points, forces=None), parts, replace(settings, form=small))
    few = replace(start, trial=replace(start.trial, plan=plan), slope=1.0)

    def larger(begun: KernelStart, hope: float) -> Trial | None:
        return larger_kernels(fit_task(points, parts, settings, FitBudget(60.0)), begun, hope)

    # 135 centres in place of 60, an error that falls as 1/n, and the price of kernels.
    expected = 2 * few.trial.measure * 60 / 135
    assert few.expected(135) == pytest.approx(expected)
    # On a slow machine the forecast is a quarter of the time left: more than what is always tried.
    slow = replace(few, speed=1e-4)
    assert larger(slow, 0.9 * expected) is None
    trial = larger(slow, 1.1 * expected)
    assert trial is not None
    trial = larger(few, 0.9 * expected)  # there is plenty of time
    assert trial is not None
    assert trial.plan.settings.form == replace(start.form, centres=None)
    assert larger(start, 1e9) is None  # it has all points already


def test_time_that_is_left_goes_to_other_settings_at_all_points(
    one: Trial, water: Callable[..., Dataset]
) -> None:
    points = water(points=150, forces=True)
    parts, settings = split(points, seed=0), TrainingSettings()
    # A tenth of the usual width, which the next larger one of the list must beat.
    narrow = replace(one.plan.settings.form, width=0.9)
    plan = training_plan(replace(points, forces=None), parts, replace(settings, form=narrow))
    known = torch.cat((parts.train, parts.validation))
    assert plan.left_out is not None
    poor = Trial("poor", plan, plan.left_out[-len(parts.validation) :] / CM1, 0.01,
                 unseen=plan.left_out / CM1)  # fmt: skip
    assert len(known) == len(plan.left_out)
    task = fit_task(points, parts, settings, FitBudget(60.0))
    trials = list(last_kernels(task, poor))
    assert 2 < len(trials) <= 6
    widths = {trial.plan.settings.form.width for trial in trials}  # pyright: ignore
    assert 2.0 in widths
    assert better(trials[-1], poor) is trials[-1]
    assert not list(last_kernels(replace(task, budget=FitBudget(0.0)), poor))
    assert not list(last_kernels(task, replace(poor, seconds=100.0)))
