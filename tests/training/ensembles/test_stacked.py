"""Stacked networks against the single ones they stand for, and against autograd."""

import pytest
import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector

from pes.potential.mlp import ACTIVATIONS, MLP
from pes.training.ensembles.stacked import Stack

MEMBERS, POINTS, INPUTS, AXES = 3, 5, 4, 2


def example(activation: str) -> tuple[Stack, list[MLP], Tensor, Tensor, Tensor]:
    networks = [MLP(INPUTS, (5, 3), activation=activation, seed=k) for k in range(MEMBERS)]
    parameters = torch.stack([parameters_to_vector(n.parameters()).detach() for n in networks])
    generator = torch.Generator().manual_seed(0)
    draw = {"generator": generator, "dtype": torch.float64}
    inputs = torch.randn(MEMBERS, POINTS, INPUTS, **draw)
    directions = torch.randn(MEMBERS, POINTS, AXES, INPUTS, **draw)
    return Stack.like(networks[0]), networks, parameters, inputs, directions


every_activation = pytest.mark.parametrize("activation", ACTIVATIONS)


@every_activation
def test_values_are_those_of_each_network(activation: str) -> None:
    stack, networks, parameters, inputs, directions = example(activation)
    assert stack.size == parameters.shape[1]
    values, slopes = stack.values(parameters, inputs, directions)
    for k, network in enumerate(networks):
        x = inputs[k].clone().requires_grad_()
        energies = network(x)
        (gradient,) = torch.autograd.grad(energies.sum(), x)
        along = torch.einsum("bxf,bf->bx", directions[k], gradient)
        torch.testing.assert_close(values[k], energies.detach(), rtol=0, atol=1e-14)
        assert slopes is not None
        torch.testing.assert_close(slopes[k], along, rtol=0, atol=1e-13)


@every_activation
@pytest.mark.parametrize("with_slopes", [False, True])
def test_jacobian_is_the_derivative_of_the_values(activation: str, with_slopes: bool) -> None:
    stack, _, parameters, inputs, directions = example(activation)
    along = directions if with_slopes else None

    def rows(p: Tensor) -> Tensor:
        values, slopes = stack.values(p, inputs, along)
        return values[..., None] if slopes is None else torch.cat((values[..., None], slopes), 2)

    values, jacobian = stack.jacobian(parameters, inputs, along)
    torch.testing.assert_close(values, rows(parameters), rtol=0, atol=1e-14)
    full = torch.autograd.functional.jacobian(rows, parameters)
    own = torch.stack([full[k, ..., k, :] for k in range(MEMBERS)])
    # A member's rows do not depend on another's parameters, hence the diagonal alone.
    torch.testing.assert_close(jacobian, own, rtol=0, atol=1e-13)
    assert full.abs().sum() == pytest.approx(float(own.abs().sum()), rel=1e-12)
