"""Plans of a fit: optimizer, memory, remarks, doubts about forces."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
import torch

from pes.data import Dataset, split
from pes.setup.training.planning import plan as module
from pes.setup.training.planning.choices import TrainingChoices
from pes.setup.training.planning.plan import TrainingPlan, force_warnings, training_plan
from pes.setup.training.planning.settings import (
    EnsembleForm,
    LinearForm,
    NetworkForm,
    TrainingSettings,
)
from pes.training import adam
from pes.training.optimizers import choice

Water = Callable[..., Dataset]
SMALL = NetworkForm(degree=2, hidden=(3,))


def plan_of(points: Dataset, known: TrainingChoices | None = None, **settings) -> TrainingPlan:
    parts = split(points, fractions=(0.7, 0.15, 0.15), seed=0)
    return training_plan(points, parts, TrainingSettings(**{"form": SMALL} | settings), known=known)


def test_auto_goes_by_the_work_of_an_iteration(
    water: Water, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(water())
    assert plan.choices.optimizer == "levenberg_marquardt"
    assert plan.remarks[0].startswith("optimizer levenberg_marquardt: an iteration of")
    monkeypatch.setitem(choice.MOST_FLOPS, "cpu", 1.0)
    assert plan_of(water()).choices.optimizer == "adam_lbfgs"
    known = plan_of(water(), known=plan.choices)
    assert known.choices == plan.choices
    assert not known.remarks


def test_members_are_trained_by_levenberg_marquardt(
    water: Water, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(choice.MOST_FLOPS, "cpu", 1.0)
    plan = plan_of(water(), ensemble=EnsembleForm(members=2))
    assert plan.choices.optimizer == "levenberg_marquardt"
    assert "2 members, each with its own validation points" in repr(plan)


def test_adam_gets_seed_and_length_and_keeps_its_settings(water: Water) -> None:
    plan = plan_of(water(), optimizer=partial(adam, batch=7), seed=5, epochs=9)
    assert isinstance(plan.optimizer, partial)
    assert plan.optimizer.func is adam
    assert plan.optimizer.keywords == {"seed": 5, "epochs": 9, "batch": 7}


def test_the_matrices_of_all_members_must_fit(
    water: Water, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One network of 24 parameters: 4 · 8 · 24² bytes of matrices and what its chunks take."""
    parameters = plan_of(water()).surface.mlp
    count = sum(p.numel() for p in parameters.parameters())
    points = 42 * (count + plan_of(water()).surface.descriptor.size) * 8
    free = 4 * 8 * count**2 + 12 * 8 * count + points
    monkeypatch.setattr(module, "free_memory", lambda device: free)
    plan_of(water())
    with pytest.raises(ValueError, match="is for the matrix"):
        plan_of(water(), ensemble=EnsembleForm(members=8))


def test_a_linear_surface_needs_no_optimizer(water: Water) -> None:
    plan = plan_of(water(), form=LinearForm(degree=2))
    assert plan.optimizer is None
    assert plan.choices.optimizer is None
    assert repr(plan).endswith("42 train, 9 validation, 9 test; linear in 6 polynomials")


def test_sets_are_the_rows_of_the_parts(water: Water) -> None:
    plan = plan_of(water())
    for name, points in plan.sets.items():
        rows = getattr(plan.parts, name)
        assert torch.equal(points.energies, plan.dataset.energies[rows])


def test_doubts_about_forces(water: Water) -> None:
    good = water(forces=True, points=120)
    assert good.forces is not None
    assert force_warnings(good) == ()
    assert force_warnings(replace(good, forces=None)) == ()
    with pytest.raises(ValueError, match="change their sign"):
        force_warnings(replace(good, forces=-good.forces))
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(good.forces.shape, generator=generator, dtype=torch.float64)
    (doubt,) = force_warnings(replace(good, forces=0.1 * noise))
    assert doubt.endswith("could not confirm their sign and unit")
