"""Small bases of oscillator functions, of unlike sizes, and a group of two of their coordinates."""

import torch
from torch import Tensor

from pes.vibration.basis.basis import Basis
from pes.vibration.basis.contraction import contract
from pes.vibration.basis.factor import Group
from pes.vibration.basis.primitives import PRIMITIVES

__all__ = ["mixed_pair", "noise", "oscillators"]


SIZES = ((3, 5), (4, 6), (2, 4))


def oscillators(*sizes: tuple[int, int]) -> tuple[Basis, ...]:
    """Oscillator functions of each coordinate, by the numbers of functions and points."""
    p, one = PRIMITIVES["sinc"](-7.5, 7.5, 50), torch.ones(()).double()
    return tuple(
        contract(p, p.points**2 / 2, one, functions, points=points, range=(-7.5, 7.5))
        for functions, points in sizes or SIZES
    )


def noise(*shape: int, seed: int = 1) -> Tensor:
    """Normal random numbers."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def mixed_pair(size: int) -> Group:
    """So many mixtures of the six products of the first and the last coordinate."""
    mixtures = torch.linalg.qr(noise(6, 6))[0][:, :size]
    return Group((0, 2), mixtures, torch.arange(size).double())
