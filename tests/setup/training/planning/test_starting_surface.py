"""Surfaces before the first epoch, and the values that points choose for them."""

from collections.abc import Callable

import pytest
import torch

from pes.data import Dataset
from pes.potential import KernelSurface, LinearSurface, NeuralSurface
from pes.setup.training.planning.choices import FitChoice, LinearChoice
from pes.setup.training.planning.settings import (
    KernelForm,
    LinearBaseline,
    LinearForm,
    NetworkForm,
    TrainingSettings,
)
from pes.setup.training.planning.starting_surface import (
    StartingSurface,
    fitted_numbers,
    starting_surface,
)
from pes.training.loss import balanced_force_weight
from pes.units import ANGSTROM

Water = Callable[..., Dataset]


def start(
    points: Dataset, form: NetworkForm | LinearForm | KernelForm, known: FitChoice | None = None
) -> StartingSurface:
    train, validation = points.select(slice(0, 45)), points.select(slice(45, 60))
    device = torch.device("cpu")
    return starting_surface(TrainingSettings(form=form), train, validation, device, known)


def test_the_validation_points_choose_a_linear_surface(water: Water) -> None:
    result = start(water(), LinearForm(degree=(1, 2), length=(0.8, 1.0)))
    best = min(result.candidates, key=lambda row: float(row["validation_cm1"] or 0))
    linear = result.choice.linear
    assert linear is not None
    assert (linear.degree, linear.length) == (best["degree"], best["length_angstrom"])
    assert linear.ridge == best["ridge"]
    assert isinstance(result.surface, LinearSurface)
    assert sum(line.endswith(": chosen") for line in result.remarks) == 1
    assert len(result.remarks) == 4


def test_a_known_choice_is_not_made_again(water: Water) -> None:
    known = FitChoice(LinearChoice(1, 0.8, 1e-9))
    result = start(water(), LinearForm(degree=(1, 2), length=(0.8, 1.0)), known)
    assert result.choice == known
    assert [row["degree"] for row in result.candidates] == [1]


def test_kernels_are_fitted_to_training_and_validation_points(water: Water) -> None:
    result = start(water(), KernelForm(centres=50))
    assert isinstance(result.surface, KernelSurface)
    assert result.left_out is not None
    assert (len(result.surface.coefficients), len(result.left_out)) == (50, 60)
    assert result.remarks == ("kernels at 50 of 60 points, length 1 A, width 5, noise 1e-11",)


def test_kernels_do_not_take_forces(water: Water) -> None:
    with pytest.raises(ValueError, match="fitted to energies alone; leave the forces out"):
        start(water(forces=True), KernelForm())


@pytest.mark.parametrize("forces", [False, True])
def test_the_weight_of_forces_is_that_of_what_the_baseline_leaves(
    water: Water, forces: bool
) -> None:
    points = water(forces=forces)
    form = NetworkForm(degree=2, hidden=(3,), baseline=LinearBaseline(degree=1))
    result = start(points, form)
    assert isinstance(result.surface, NeuralSurface)
    if not forces:
        assert result.choice.force_weight is None
        return
    weight = balanced_force_weight(result.surface, points.select(slice(0, 45)))
    assert result.choice.force_weight == weight / ANGSTROM**2
    again = start(points, form, FitChoice(force_weight=0.125))
    assert again.choice.force_weight == 0.125
    bare = start(points, NetworkForm(degree=2, hidden=(3,)))
    assert bare.choice.force_weight != result.choice.force_weight


def test_numbers_of_the_baseline_are_not_fitted(water: Water) -> None:
    with_baseline, bare = (
        start(water(), NetworkForm(degree=2, hidden=(3,), baseline=baseline)).surface
        for baseline in (LinearBaseline(degree=1), None)
    )
    assert fitted_numbers(with_baseline) == fitted_numbers(bare)
    assert fitted_numbers(bare) == sum(p.numel() for p in bare.parameters())


def test_too_few_points_are_refused(water: Water) -> None:
    with pytest.raises(ValueError, match="linear fit: "):
        start(water(), LinearForm(degree=6, ridge=0.0))
