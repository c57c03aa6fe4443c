"""Derivatives written out against automatic differentiation of the same network."""

import pytest
import torch
from torch import Tensor
from torch.func import functional_call, grad, jacrev, vmap
from torch.nn.utils import parameters_to_vector

from pes.potential.backpropagation import (
    DERIVATIVES,
    energy_gradient,
    forward,
    jacobian,
    layers_of,
    slope_gradient,
    slopes,
)
from pes.potential.mlp import ACTIVATIONS, MLP

# Sums of a few hundred products of numbers of order ten, in another order.
CLOSE = {"rtol": 1e-12, "atol": 1e-12}
SAMPLES, INPUTS, DIRECTIONS = 7, 4, 3

every_network = pytest.mark.parametrize("hidden", [(), (5,), (5, 3), (4, 3, 6)])
every_activation = pytest.mark.parametrize("activation", ACTIVATIONS)


def draw(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(4))


def network(hidden: tuple[int, ...], activation: str) -> tuple[MLP, Tensor]:
    mlp = MLP(INPUTS, hidden, activation=activation, seed=1)
    return mlp, parameters_to_vector(mlp.parameters()).detach()


def energy(mlp: MLP, parameters: Tensor, z: Tensor) -> Tensor:
    named = {}
    for name, p in mlp.named_parameters():
        named[name], parameters = parameters[: p.numel()].view(p.shape), parameters[p.numel() :]
    return functional_call(mlp, named, (z,))


def rows(mlp: MLP, parameters: Tensor, z: Tensor, directions: Tensor) -> Tensor:
    """E and its slopes along the directions (K, F), of one sample."""
    slope = grad(energy, argnums=2)(mlp, parameters, z)
    return torch.cat((energy(mlp, parameters, z)[None], directions @ slope))


@every_activation
def test_activations(activation: str) -> None:
    # To both sides of where torch's softplus turns into a straight line.
    h = torch.cat((draw(50), torch.tensor([-800.0, -30.0, 0.0, 19.99, 20.01, 800.0]).double()))
    value, first, second = DERIVATIVES[activation](h, 2)
    torch.testing.assert_close(value, ACTIVATIONS[activation](h), rtol=0, atol=0)
    by_torch = vmap(grad(ACTIVATIONS[activation]))
    torch.testing.assert_close(first, by_torch(h), **CLOSE)
    torch.testing.assert_close(second, vmap(grad(grad(ACTIVATIONS[activation])))(h), **CLOSE)
    torch.testing.assert_close(DERIVATIVES[activation](h, 0)[0], value, rtol=0, atol=0)
    torch.testing.assert_close(DERIVATIVES[activation](h, 1)[1], first, rtol=0, atol=0)


def test_every_activation_has_derivatives() -> None:
    assert set(DERIVATIVES) == set(ACTIVATIONS)


@every_activation
@every_network
def test_jacobian(hidden: tuple[int, ...], activation: str) -> None:
    mlp, p = network(hidden, activation)
    z, u, seeds = draw(SAMPLES, INPUTS), draw(SAMPLES, DIRECTIONS, INPUTS), draw(SAMPLES)
    layers = layers_of(mlp, p)
    at = forward(layers, activation, z, order=2)
    expected = vmap(lambda z, u: jacrev(lambda p: rows(mlp, p, z, u))(p))(z, u)
    expected = seeds[:, None, None] * expected
    torch.testing.assert_close(jacobian(layers, at, seeds, u), expected, **CLOSE)
    torch.testing.assert_close(jacobian(layers, at, seeds), expected[:, :1], **CLOSE)


@every_activation
@every_network
def test_energies_and_slopes(hidden: tuple[int, ...], activation: str) -> None:
    mlp, p = network(hidden, activation)
    z, layers = draw(SAMPLES, INPUTS), layers_of(mlp, p)
    at = forward(layers, activation, z, order=1)
    torch.testing.assert_close(at.energies, mlp(z).detach(), **CLOSE)
    expected = vmap(grad(energy, argnums=2), (None, None, 0))(mlp, p, z)
    torch.testing.assert_close(slopes(layers, at), expected, **CLOSE)


@every_activation
@every_network
def test_gradients(hidden: tuple[int, ...], activation: str) -> None:
    mlp, p = network(hidden, activation)
    z, u, seeds = draw(SAMPLES, INPUTS), draw(SAMPLES, 1, INPUTS), draw(SAMPLES)
    layers = layers_of(mlp, p)
    at = forward(layers, activation, z, order=2)
    each = vmap(lambda z, u: jacrev(lambda p: rows(mlp, p, z, u))(p))(z, u)
    torch.testing.assert_close(energy_gradient(layers, at, seeds), seeds @ each[:, 0], **CLOSE)
    found = slope_gradient(layers, at, seeds, lambda _: u[:, 0])
    torch.testing.assert_close(found, seeds @ each[:, 0] + each[:, 1].sum(0), **CLOSE)


@every_activation
def test_slopes_can_be_differentiated(activation: str) -> None:
    mlp, p = network((3, 2), activation)
    z = draw(2, INPUTS)

    def both(p: Tensor, z: Tensor) -> Tensor:
        at = forward(layers_of(mlp, p), activation, z, order=1)
        return torch.cat((at.energies[:, None], slopes(layers_of(mlp, p), at)), 1)

    assert torch.autograd.gradcheck(both, (p.requires_grad_(), z.requires_grad_()))
