"""What an automatic fit says: the trial chosen, and why not another."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
import yaml

from pes.config.surface import KernelSection
from pes.data import Dataset, split
from pes.setup.training.automatic.report import choice_lines
from pes.setup.training.automatic.trial import Trial
from pes.setup.training.planning.plan import training_plan
from pes.setup.training.planning.settings import KernelForm, LinearForm, TrainingSettings


@pytest.fixture(scope="module")
def chosen(water: Callable[..., Dataset]) -> Trial:
    points = water(points=60)
    settings = TrainingSettings(LinearForm(degree=2, ridge=1e-8))
    plan = training_plan(points, split(points, seed=0), settings)
    return Trial("polynomial", plan, torch.tensor([1.0, -1.0]).double().repeat(200), 0.0)


def test_the_lowest_error_needs_no_word(chosen: Trial) -> None:
    assert choice_lines(chosen, [chosen]) == ["chosen: polynomial, validation error 1 cm-1"]


def test_a_lower_error_that_was_passed_over_has_a_reason(chosen: Trial) -> None:
    other = replace(chosen, name="other", errors=0.99 * chosen.errors)
    _, line = choice_lines(chosen, [chosen, other])
    assert line == (
        "other with a validation error of 0.99 cm-1 was passed over: it is not better "
        "by more than chance"
    )
    far = 0.5 * chosen.errors
    far[7] = 400.0  # counts as six times the others: 0.52
    _, line = choice_lines(chosen, [chosen, replace(chosen, name="other", errors=far)])
    assert "has larger errors at outliers" in line
    # √((400² + 399/4)/400) = 20.01
    assert line.endswith("(plain RMSE 20.01 against 1)")


def test_kernels_must_be_far_better(chosen: Trial) -> None:
    plan = replace(chosen.plan, settings=replace(chosen.plan.settings, form=KernelForm()))
    kernels = replace(chosen, name="kernels", plan=plan, errors=0.7 * chosen.errors)
    _, line = choice_lines(chosen, [kernels, chosen])
    assert "its energies take far longer, and it does not halve the error; `" in line
    setting = yaml.safe_load(line.split("`")[1])["surface"]
    assert KernelSection(**setting).resolved() == KernelForm()
