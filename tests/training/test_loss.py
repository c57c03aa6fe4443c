"""Residuals and their Jacobians against plain automatic differentiation of the surface."""

from dataclasses import replace

import pytest
import torch
from scattered_waters import WATER, waters
from torch import Tensor
from torch.func import functional_call
from torch.nn.utils import parameters_to_vector

from pes.data.dataset import Dataset
from pes.descriptors import Invariants
from pes.potential.analytic import WaterPJT
from pes.potential.linear_fit import linear_surface
from pes.potential.neural import NeuralSurface, energies_and_forces, neural_surface
from pes.training.loss import balanced_force_weight, normalised_root, prepare, surface_problem

POINTS = 12
ALL = torch.arange(POINTS)


def dataset(with_forces: bool) -> Dataset:
    x = waters(POINTS)
    energies, forces = energies_and_forces(WaterPJT(), x)
    return Dataset(WATER, x, energies - 76, forces=forces if with_forces else None)


def surface(data: Dataset, with_baseline: bool) -> NeuralSurface:
    baseline = None
    if with_baseline:
        baseline = linear_surface(Invariants(WATER, 1), data.positions, data.energies)
    descriptor = Invariants(WATER, 2)
    return neural_surface(
        descriptor, data.positions, data.energies, hidden=(4, 3), baseline=baseline, seed=2
    )


def start(model: NeuralSurface) -> Tensor:
    return parameters_to_vector(model.mlp.parameters()).detach()


@pytest.mark.parametrize("with_baseline", [False, True])
@pytest.mark.parametrize("with_forces", [False, True])
def test_loss_is_the_error_of_the_surface(with_forces: bool, with_baseline: bool) -> None:
    data = dataset(with_forces)
    model = surface(data, with_baseline)
    weights = torch.linspace(1, 2, POINTS, dtype=torch.float64)
    problem = surface_problem(model.mlp, prepare(model, data), weights=weights, force_weight=0.3)
    energies, forces = energies_and_forces(model, data.positions)
    squares = (energies - data.energies).square()
    if data.forces is not None:
        squares = squares + 0.3 * (forces - data.forces).square().sum((1, 2))
    expected = 0.5 * (weights @ squares) / weights.sum() / model.scale**2
    torch.testing.assert_close(problem.loss(start(model)), expected)


@pytest.mark.parametrize("cache", [0, 2**30])
@pytest.mark.parametrize("with_forces", [False, True])
def test_derivatives_are_those_of_the_residuals(with_forces: bool, cache: int) -> None:
    data = dataset(with_forces)
    model = surface(data, with_baseline=False)
    weights = torch.linspace(1, 2, POINTS, dtype=torch.float64)
    problem = surface_problem(
        model.mlp, prepare(model, data, cache=cache), force_weight=0.3, weights=weights
    )
    rows, jacobian = problem.jacobian(start(model), ALL)
    torch.testing.assert_close(rows, problem.residuals(start(model), ALL))
    expected = torch.autograd.functional.jacobian(lambda p: problem.residuals(p, ALL), start(model))
    # The same products summed in another order.
    torch.testing.assert_close(jacobian, expected, rtol=1e-12, atol=1e-12)
    loss, gradient = problem.gradient(start(model))
    torch.testing.assert_close(loss, problem.loss(start(model)), rtol=1e-12, atol=0)
    torch.testing.assert_close(gradient, expected.mT @ rows, rtol=1e-12, atol=1e-12)


def test_the_directions_that_are_left_out_change_nothing() -> None:
    """All 3N rows and those a network can move: one loss, one gradient, one JᵀJ."""
    data = dataset(True)
    assert data.forces is not None
    # Forces no potential has, so that a part of them lies outside.
    data = replace(data, forces=data.forces + torch.linspace(0, 0.1, 9).double().view(3, 3))
    model = surface(data, with_baseline=True)
    targets = [prepare(model, data, cache=cache) for cache in (0, 2**30)]
    rows = [target.forces.shape[1] for target in targets if target.forces is not None]
    assert rows == [9, 3]
    weight = balanced_force_weight(model, data)
    whole, fewer = (surface_problem(model.mlp, target, force_weight=weight) for target in targets)
    for a, b in zip(
        whole.normal_equations(start(model)), fewer.normal_equations(start(model)), strict=True
    ):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-13)
    some = torch.tensor([5, 2, 2])
    for a, b in zip(
        whole.gradient(start(model), some), fewer.gradient(start(model), some), strict=True
    ):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-13)


def test_residuals_pass_gradcheck() -> None:
    data = dataset(True)
    model = surface(data, with_baseline=False)
    problem = surface_problem(model.mlp, prepare(model, data), force_weight=0.3)
    p = start(model).requires_grad_()
    assert torch.autograd.gradcheck(lambda p: problem.residuals(p, ALL[:3]), p)


def test_forces_alone_hold_the_gradient_of_the_energies() -> None:
    """With exact labels the loss of the network that made them is zero, forces included."""
    data = dataset(True)
    model = surface(data, with_baseline=False)
    energies, forces = energies_and_forces(model, data.positions)
    exact = Dataset(WATER, data.positions, energies, forces=forces)
    problem = surface_problem(model.mlp, prepare(model, exact), force_weight=1.0)
    assert problem.loss(start(model)) < 1e-24


def test_balanced_force_weight_is_the_ratio_of_the_two_spreads() -> None:
    data = dataset(True)
    model = surface(data, with_baseline=False)
    assert data.forces is not None
    spread = data.forces.square().sum((1, 2)).mean()
    expected = data.energies.var(correction=0) / spread
    assert balanced_force_weight(model, data) == pytest.approx(float(expected))
    assert balanced_force_weight(model, dataset(False)) == 0.0


@pytest.mark.parametrize("weights", [[1.0, -1.0], [0.0, 0.0], [1.0, float("nan")]])
def test_refused_weights(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weights must be"):
        normalised_root(torch.tensor(weights))


def test_names_follow_the_vector() -> None:
    """One vector and the network's own parameters are the same thing in the same order."""
    data = dataset(False)
    model = surface(data, with_baseline=False)
    targets = prepare(model, data)
    own = functional_call(model.mlp, dict(model.mlp.named_parameters()), (targets.inputs,))
    rows = surface_problem(model.mlp, targets, force_weight=0.0).residuals(start(model), ALL)
    torch.testing.assert_close(rows * POINTS**0.5, (own - targets.energies).detach())
