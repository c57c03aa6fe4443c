"""Minima of smooth surfaces and of such whose values jump."""

import pytest
import torch
from torch import Tensor

from pes.coordinates import optimum
from pes.units import CM1


def spring(x: Tensor) -> Tensor:
    """Two atoms 1.5 bohr apart, held at the origin by weak springs."""
    r = (x[:, 1] - x[:, 0]).norm(dim=-1)
    return 0.2 * (r - 1.5) ** 2 + 0.01 * x.square().sum((1, 2))


START = torch.tensor([[-1.0, 0.1, 0.0], [1.1, 0.0, 0.0]]).double()


def test_a_smooth_minimum() -> None:
    x = optimum(spring, START)
    # 0.2 (r - 1.5)² + 0.01 r²/2 is lowest at r = 1.5/(1 + 0.025).
    assert float((x[1] - x[0]).norm()) == pytest.approx(1.5 / 1.025, abs=1e-6)


def test_noise_is_looked_over() -> None:
    """Values in steps of 0.1 cm-1 have slopes of nothing or of 1e-4 over the usual differences."""
    step = 0.1 * CM1

    def jumping(x: Tensor) -> Tensor:
        wave = (x * torch.tensor([12.9, 78.2, 37.7]).double()).sum((1, 2)) * 4375.8
        return spring(x) + step * torch.sin(wave)

    with pytest.raises(ValueError, match="slope is still"):
        optimum(jumping, START)
    x = optimum(jumping, START, noise=step)
    # Noise over twice 0.05 bohr leaves a slope of 1e-5, a hundredth of a degree of the spring.
    assert float((x[1] - x[0]).norm()) == pytest.approx(1.5 / 1.025, abs=2e-3)
