"""What every descriptor owes: finite, smooth, blind to where the molecule is."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from pes.descriptors import DESCRIPTORS, Distances, Invariants, Morse, descriptor_from

METHANE = ("C", "H", "H", "H", "H")
WATER = ("O", "H", "H")

MAKERS: dict[str, Callable[[tuple[str, ...]], nn.Module]] = {
    "distances": Distances,
    "invariants": lambda elements: Invariants(elements, 3),
    "invariants of 1/r": lambda elements: Invariants(elements, 3, variable="inverse"),
    "morse": lambda elements: Morse(elements, length=1.5),
}

every_descriptor = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def geometries(atoms: int, count: int = 4, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.randn(count, atoms, 3, generator=generator, dtype=torch.float64)


def test_every_kind_is_tested() -> None:
    assert {make(WATER).settings["kind"] for make in MAKERS.values()} == set(DESCRIPTORS)


@every_descriptor
def test_shape_size_and_settings(make: Callable) -> None:
    descriptor, x = make(METHANE), geometries(5)
    features = descriptor(x)
    assert features.shape == (len(x), descriptor.size)
    assert features.dtype == torch.float64
    assert torch.equal(descriptor_from(descriptor.settings)(x), features)


@every_descriptor
def test_any_leading_shape(make: Callable) -> None:
    descriptor, x = make(WATER), geometries(3)
    assert torch.equal(descriptor(x.reshape(2, 2, 3, 3)).flatten(0, 1), descriptor(x))
    torch.testing.assert_close(torch.vmap(descriptor)(x), descriptor(x))


@every_descriptor
def test_rotation_reflection_translation(make: Callable) -> None:
    descriptor, x = make(METHANE), geometries(5)
    q = torch.linalg.qr(geometries(3, 1, seed=2)[0]).Q
    shift = torch.tensor([1.0, -2.0, 3.0], dtype=torch.float64)
    for turned in (x @ q.mT + shift, -(x @ q.mT)):
        torch.testing.assert_close(descriptor(turned), descriptor(x))


@every_descriptor
def test_derivatives(make: Callable) -> None:
    descriptor, x = make(WATER), geometries(3, 2).requires_grad_()
    assert torch.autograd.gradcheck(descriptor, x, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(descriptor, x)


@pytest.mark.parametrize("kind", ["distances", "invariants", "morse"])
def test_coincident_atoms(kind: str) -> None:
    x = geometries(3, 1)
    x[0, 2] = x[0, 1]
    x.requires_grad_()
    features = MAKERS[kind](WATER)(x)
    (gradient,) = torch.autograd.grad(features.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(gradient.square().sum(), x)
    for values in (features, gradient, second):
        assert values.isfinite().all()


@pytest.mark.parametrize("kind", [None, "wavelets"])
def test_unknown_kind(kind: str | None) -> None:
    with pytest.raises(ValueError, match=r"distances.*invariants.*morse"):
        descriptor_from({"kind": kind})


@pytest.mark.parametrize("length", [0.0, -1.0, float("nan")])
def test_length_must_be_positive(length: float) -> None:
    with pytest.raises(ValueError, match="`length` must be positive"):
        Morse(WATER, length=length)
    with pytest.raises(ValueError, match="`length` must be positive"):
        Invariants(WATER, 2, length=length)
