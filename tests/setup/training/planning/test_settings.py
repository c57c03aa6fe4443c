"""Settings that contradict each other, and weights of points."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
import torch

from pes.data import Dataset
from pes.setup.training.planning.settings import (
    EnsembleForm,
    LinearBaseline,
    LinearForm,
    NetworkForm,
    TrainingSettings,
    optimizer_kind,
    point_weights,
)
from pes.training import lbfgs

TWO = EnsembleForm(members=2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimizer": "sgd"}, "`optimizer` must be auto, adam"),
        ({"ensemble": TWO, "optimizer": partial(lbfgs, history=3)}, "`optimizer` is lbfgs"),
        ({"ensemble": TWO, "restarts": 1}, "`restarts` is for one network"),
        ({"ensemble": TWO, "form": LinearForm()}, "the surface is linear"),
        ({"ensemble": EnsembleForm(degrees=(2,))}, "need a linear `baseline`"),
        ({"ensemble": EnsembleForm(bootstrap="baseline")}, "need a linear `baseline`"),
    ],
)
def test_contradictions(settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TrainingSettings(**settings)


def test_what_fits_together() -> None:
    form = NetworkForm(baseline=LinearBaseline(degree=2))
    TrainingSettings(form=form, ensemble=EnsembleForm(degrees=(2, 3)))


def test_kind_of_an_optimizer() -> None:
    def mine() -> None: ...

    assert optimizer_kind(partial(lbfgs, history=3)) == optimizer_kind(lbfgs) == "lbfgs"
    assert optimizer_kind(mine) == "mine"  # type: ignore[arg-type]


def test_weights(water: Callable[..., Dataset]) -> None:
    data = water()
    data = replace(data, columns={"w": 2 * torch.ones_like(data.energies)})
    lowest = data.energies.min()
    assert torch.equal(point_weights(None, data, lowest), torch.ones_like(data.energies))
    assert torch.equal(point_weights("w", data, lowest), data.columns["w"])
    assert torch.equal(point_weights(lambda e: e, data, lowest), data.energies - lowest)
