"""Comparison of trials."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from pes.data import Dataset, split
from pes.setup.training.automatic.trial import Trial, better
from pes.setup.training.planning.plan import TrainingPlan, training_plan
from pes.setup.training.planning.settings import LinearForm, TrainingSettings


@pytest.fixture(scope="module")
def plan(water: Callable[..., Dataset]) -> TrainingPlan:
    points = water(points=60)
    return training_plan(
        points, split(points, seed=0), TrainingSettings(LinearForm(degree=2, ridge=1e-8))
    )


def errors(size: float, count: int = 400) -> Tensor:
    """Alternating errors of one size."""
    return size * torch.tensor([1.0, -1.0], dtype=torch.float64).repeat(count // 2)


def test_a_wrong_label_decides_nothing(plan: TrainingPlan) -> None:
    poor, good = errors(2.0), errors(1.0)
    poor[0] = good[0] = 1000.0
    one, other = Trial("poor", plan, poor, 0.0), Trial("good", plan, good, 0.0)
    assert better(other, one) is other
    assert better(one, other) is other


def test_errors_of_thousands_count_where_others_come_near(plan: TrainingPlan) -> None:
    wild, tame = errors(1.0), errors(3.0)
    wild[:20] = 5000.0
    one, other = Trial("wild", plan, wild, 0.0), Trial("tame", plan, tame, 0.0)
    assert one.error < other.error
    assert better(one, other) is other


def test_a_later_trial_must_be_better_by_more_than_chance(plan: TrainingPlan) -> None:
    """Of 400 points the error is known to 3.5 %."""
    first = Trial("first", plan, errors(1.0), 0.0)
    assert better(Trial("later", plan, errors(0.98), 0.0), first) is first
    assert better(Trial("later", plan, errors(0.95), 0.0), first) is not first


def test_points_not_seen_are_preferred_to_validation_points(plan: TrainingPlan) -> None:
    one = Trial("one", plan, errors(1.0, 20), 0.0, unseen=errors(3.0))
    other = Trial("other", plan, errors(2.0, 20), 0.0, unseen=errors(2.0))
    network = Trial("network", plan, errors(1.5, 20), 0.0)
    assert better(one, other) is other
    assert better(network, one) is one
