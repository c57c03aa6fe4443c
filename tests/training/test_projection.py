"""The space of forces that invariant inputs span, and what is left outside it."""

import pytest
import torch
from torch import Tensor

from pes.descriptors import Distances, Invariants, Morse
from pes.potential.linear_fit import feature_gradients
from pes.potential.mlp import MLP
from pes.potential.neural import NeuralSurface
from pes.training.projection import contracted, input_gradients, reachable, reachable_rank

# The spans are orthonormal to rounding; the gradients are of order one.
CLOSE = {"rtol": 0, "atol": 1e-13}

DESCRIPTORS = {
    "water": Invariants(("O", "H", "H"), 2),
    "two features": Invariants(("O", "H", "H"), 1),
    "diatomic": Morse(("H", "F")),
    "formaldehyde": Invariants(("C", "O", "H", "H"), 2),
    "distances": Distances(("C", "O", "H", "H")),
    "many features": Invariants(("O", "H", "H"), 4),
}
every_descriptor = pytest.mark.parametrize("descriptor", DESCRIPTORS.values(), ids=DESCRIPTORS)


def positions(atoms: int, points: int = 8) -> Tensor:
    """Random geometries, the first one linear, the second one planar."""
    generator = torch.Generator().manual_seed(3)
    x = 2 * torch.randn(points, atoms, 3, generator=generator, dtype=torch.float64)
    x[0, :, :2] = 0
    x[1, :, 0] = 0
    return x


def surface(descriptor: torch.nn.Module) -> NeuralSurface:
    model = NeuralSurface(descriptor, MLP(descriptor.size, (3,)))
    model.deviation.copy_(torch.linspace(0.5, 2, descriptor.size))
    return model


@every_descriptor
def test_nothing_lies_outside_the_span(descriptor: torch.nn.Module) -> None:
    x = positions(len(descriptor.elements))
    gradients = feature_gradients(descriptor, x)
    bases = reachable(gradients)
    rank = reachable_rank(descriptor.size, x[0].numel())
    assert bases.shape == (len(x), x[0].numel(), rank)
    torch.testing.assert_close(bases.mT @ bases, torch.eye(rank).double().expand(8, -1, -1))
    torch.testing.assert_close(gradients @ bases @ bases.mT, gradients, **CLOSE)


@every_descriptor
def test_stored_or_made(descriptor: torch.nn.Module) -> None:
    x = positions(len(descriptor.elements), 12)
    model, some = surface(descriptor), torch.tensor([3, 0, 7, 7])
    plain = feature_gradients(descriptor, x)[some] / model.deviation[:, None]
    rank, components = reachable_rank(descriptor.size, x[0].numel()), x[0].numel()
    forces = positions(len(descriptor.elements), 13)[1:].flatten(1)
    stored, inside, outside = input_gradients(model, x, forces, 10**6)
    assert stored.stored is not None
    assert (inside.shape[1], stored(some).shape[2]) == (rank, rank)
    torch.testing.assert_close(inside.square().sum(1) + outside, forces.square().sum(1))
    # The products with forces are those of all 3N components.
    torch.testing.assert_close(
        stored(some) @ inside[some, :, None], plain @ forces[some, :, None], rtol=1e-12, atol=1e-12
    )
    whole, same, nothing = input_gradients(model, x, forces, 0)
    assert torch.equal(same, forces)
    assert not nothing.any()
    torch.testing.assert_close(whole(some), plain, **CLOSE)
    if components < descriptor.size:
        made, inside_too, _ = input_gradients(model, x, forces, 8 * 12 * components * rank)
        assert made.stored is None
        assert made.bases is not None
        torch.testing.assert_close(made(some), stored(some), **CLOSE)
        assert torch.equal(inside, inside_too)


def test_many_points_are_made_in_parts() -> None:
    descriptor = DESCRIPTORS["diatomic"]
    x = positions(2, 1100)
    whole = input_gradients(surface(descriptor), x, x.flatten(1), 0)[0](torch.arange(1100))
    expected = feature_gradients(descriptor, x) / surface(descriptor).deviation[:, None]
    torch.testing.assert_close(whole, expected, **CLOSE)


def test_contraction() -> None:
    gradients, slopes = torch.randn(5, 4, 3).double(), torch.randn(5, 4).double()
    expected = torch.einsum("bfk,bf->bk", gradients, slopes)
    torch.testing.assert_close(contracted(gradients, slopes), expected)
