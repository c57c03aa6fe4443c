"""Kernels in an automatic fit: as many points as there is time and memory for."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from pes.data import Dataset, split
from pes.setup.training.automatic.kernel_trials import kernel_trials
from pes.setup.training.automatic.points import point_summary
from pes.setup.training.automatic.trial import FitBudget, Trial
from pes.setup.training.plan import training_plan
from pes.setup.training.settings import KernelForm, TrainingSettings

CPU = torch.device("cpu")


def trials(points: Dataset, seconds: float, memory: int = 1024) -> list[Trial]:
    parts = split(points, seed=0)
    summary = replace(point_summary(points, parts))
    settings = TrainingSettings(memory=memory)
    return list(kernel_trials(points, parts, summary, settings, FitBudget(seconds), CPU))


@pytest.fixture(scope="module")
def one(water: Callable[..., Dataset]) -> Trial:
    (trial,) = trials(water(points=150, forces=True), 60.0)
    return trial


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
    assert 0.1 < float(error) * 219474.63 / one.plain < 10


def test_little_time_or_few_points(water: Callable[..., Dataset]) -> None:
    points = water(points=150)
    assert trials(points, 1e-4) == []
    assert trials(points.select(range(30)), 60.0) == []


def test_memory_bounds_the_centres(water: Callable[..., Dataset]) -> None:
    assert trials(water(points=400), 60.0, memory=1) == []  # 256 centres at most
