"""Points and starting networks of the members of an ensemble."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from pes.data import Dataset, Split, split
from pes.setup.training.planning.choices import TrainingChoices
from pes.setup.training.planning.members import member_rows, untrained_members
from pes.setup.training.planning.settings import (
    EnsembleForm,
    LinearBaseline,
    NetworkForm,
    TrainingSettings,
)

Water = Callable[..., Dataset]
CPU = torch.device("cpu")


def parts_of(points: Dataset) -> Split:
    return split(points, fractions=(0.7, 0.15, 0.15), seed=0)


def test_own_cuts_share_out_every_point_outside_the_test(water: Water) -> None:
    points = water()
    parts = parts_of(points)
    cuts = member_rows(EnsembleForm(members=3), points, parts, seed=0)
    pool = torch.cat((parts.train, parts.validation)).sort().values
    for kept, held in cuts:
        assert torch.equal(torch.cat((kept, held)).sort().values, pool)
        assert len(held) == len(parts.validation)
    assert not torch.equal(cuts[0][1], cuts[1][1])


def test_shared_cuts_are_the_parts_of_the_fit(water: Water) -> None:
    points = water()
    parts = parts_of(points)
    for kept, held in member_rows(EnsembleForm(2, "shared"), points, parts, seed=0):
        assert torch.equal(kept, parts.train)
        assert torch.equal(held, parts.validation)


def test_bootstrap_draws_as_many_points_again(water: Water) -> None:
    points = water()
    parts = parts_of(points)
    form = EnsembleForm(2, "shared", bootstrap="all")
    (first, held), (second, _) = member_rows(form, points, parts, seed=0)
    assert len(first) == len(parts.train) > len(first.unique())
    assert set(first.tolist()) <= set(parts.train.tolist())
    assert torch.equal(held, parts.validation)
    assert not torch.equal(first, second)
    again = member_rows(form, points, parts, seed=0)
    assert torch.equal(again[0][0], first)


@pytest.mark.parametrize("forces", [False, True])
def test_members_differ_in_weights_and_degree_alone(water: Water, forces: bool) -> None:
    points = water(forces=forces)
    form = EnsembleForm(members=2, degrees=(1, 2))
    settings = TrainingSettings(
        form=NetworkForm(degree=2, hidden=(3,), baseline=LinearBaseline(degree=1)), ensemble=form
    )
    (a, b), choices = untrained_members(
        settings, form, points, parts_of(points), CPU, TrainingChoices()
    )
    assert torch.equal(a.mean, b.mean)
    assert torch.equal(a.deviation, b.deviation)
    assert not torch.equal(a.mlp.layers[0].weight, b.mlp.layers[0].weight)
    assert [choice.linear.degree for choice in choices if choice.linear] == [1, 2]
    assert all((choice.force_weight is not None) == forces for choice in choices)


def test_known_choices_are_used_as_they_stand(water: Water) -> None:
    points = water()
    form = EnsembleForm(members=2)
    settings = TrainingSettings(
        form=NetworkForm(degree=2, hidden=(3,), baseline=LinearBaseline(degree=(1, 2))),
        ensemble=form,
    )
    _, fits = untrained_members(settings, form, points, parts_of(points), CPU, TrainingChoices())
    known = tuple(
        replace(fit, linear=None if fit.linear is None else replace(fit.linear, degree=1))
        for fit in fits
    )
    _, again = untrained_members(
        settings, form, points, parts_of(points), CPU, TrainingChoices(known)
    )
    assert [fit.linear.degree for fit in again if fit.linear] == [1, 1]
