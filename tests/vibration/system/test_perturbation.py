"""A term added to the surface."""

import torch

from pes.vibration.system.perturbation import gaussian, perturbed
from pes.vibration.system.system import model


def test_gaussian() -> None:
    q = torch.tensor([[0.0, 1.0], [0.0, 1.3], [5.0, 0.7]], dtype=torch.float64)
    half = torch.tensor(-0.5).double().exp()
    expected = torch.stack((torch.ones(()).double(), half, half))
    torch.testing.assert_close(gaussian(1, 1.0, 0.3)(q), expected)


def test_perturbed() -> None:
    system = model(lambda q: q[:, 0] ** 2, torch.eye(2))
    strengths = torch.tensor([0.3, -0.1], dtype=torch.float64, requires_grad=True)
    q = torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64)
    shapes = [lambda q: q[:, 1], lambda q: q[:, 0] ** 3]
    v = perturbed(system, strengths, shapes).potential(q)
    torch.testing.assert_close(v.detach(), q[:, 0] ** 2 + 0.3 * q[:, 1] - 0.1 * q[:, 0] ** 3)
    (slope,) = torch.autograd.grad(v.sum(), strengths)
    torch.testing.assert_close(slope, torch.tensor([6.0, 28.0], dtype=torch.float64))
    assert torch.equal(perturbed(system, strengths, shapes).kinetic(q)[0], system.kinetic(q)[0])
