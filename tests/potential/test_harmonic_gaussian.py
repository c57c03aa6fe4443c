"""The model potential: its values, its bump and its derivative by κ."""

import math

import torch

from pes.potential.harmonic_gaussian import HarmonicGaussian


def test_values_and_derivatives() -> None:
    x = torch.tensor([[0.0], [1.0], [-2.0]], dtype=torch.float64)
    potential = HarmonicGaussian(3.0)
    expected = [3.0, 0.5 + 3 * math.exp(-0.5), 2 + 3 * math.exp(-2)]
    torch.testing.assert_close(potential(x).detach(), torch.tensor(expected, dtype=torch.float64))
    (slope,) = torch.autograd.grad(potential(x).sum(), potential.kappa)
    torch.testing.assert_close(slope, potential.bump(x).sum())

    def energy(kappa: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(potential, {"kappa": kappa}, (q,))

    assert torch.autograd.gradcheck(energy, (potential.kappa, x.requires_grad_()))
