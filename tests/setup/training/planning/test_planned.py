"""Epochs of a plan whose first ones use some of the points."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch.nn.utils import vector_to_parameters

from pes.data import Dataset, split
from pes.setup.training.planning.plan import TrainingPlan, training_plan
from pes.setup.training.planning.planned import planned_epochs
from pes.setup.training.planning.settings import NetworkForm, TrainingSettings
from pes.training.fit import completed

SETTINGS = TrainingSettings(
    NetworkForm(degree=2, hidden=(4,)), optimizer="levenberg_marquardt", epochs=9,
    first_points=30, first_epochs=4, seed=3,
)  # fmt: skip


def plan(points: Dataset, **changes: object) -> TrainingPlan:
    return training_plan(points, split(points, seed=0), replace(SETTINGS, **changes))


def test_first_epochs_are_those_of_the_points_drawn(water: Callable[..., Dataset]) -> None:
    """The standardisation is that of all points, and so is the lowest energy."""
    both, alone = plan(water()), plan(water())
    order = torch.randperm(len(alone.parts.train), generator=torch.Generator().manual_seed(3))
    drawn = alone.parts.train[order[:30]].sort().values
    few = replace(
        alone, parts=replace(alone.parts, train=drawn),
        settings=replace(SETTINGS, first_points=None, first_epochs=0, epochs=4),
    )  # fmt: skip
    steps = list(planned_epochs(both))
    assert [epoch.loss for epoch in steps[:4]] == [epoch.loss for epoch in planned_epochs(few)]
    # All points count from there on.
    network, train = both.networks[0], both.sets["train"]
    vector_to_parameters(steps[-1].state.parameters, network.mlp.parameters())
    errors = ((network(train.positions) - train.energies) / network.scale).detach()
    assert len(steps) == 9
    assert steps[-1].loss == pytest.approx(0.5 * float(errors.square().mean()), rel=1e-10)


def test_it_goes_on_bit_for_bit_from_any_epoch(water: Callable[..., Dataset]) -> None:
    whole = plan(water())
    states = [epoch.state for epoch in planned_epochs(whole)]
    for place in (2, 4, 6):
        again = plan(water())
        state, _ = completed(planned_epochs(again, states[place - 1]))
        assert state is not None
        assert torch.equal(state.best_parameters, states[-1].best_parameters)


def test_only_levenberg_marquardt_changes_its_points(water: Callable[..., Dataset]) -> None:
    with pytest.raises(ValueError, match="`first_points` needs the optimizer levenberg_marquardt"):
        plan(water(), optimizer="lbfgs")
