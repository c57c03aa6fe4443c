"""Water molecules whose atoms are moved at random, and dipole moments for them."""

import torch
from torch import Tensor

__all__ = ["WATER", "bond_moments", "waters"]

WATER = ("O", "H", "H")


def waters(count: int, seed: int = 0, *, size: float = 0.1) -> Tensor:
    """Positions (B, 3, 3) in bohr.

    Args:
        count: number of molecules.
        seed: of the random numbers.
        size: standard deviation of each coordinate, bohr.
    """
    generator = torch.Generator().manual_seed(seed)
    start = torch.tensor([[0.0, 0, 0], [1.8, 0, 0], [-0.5, 1.7, 0]], dtype=torch.float64)
    return start + size * torch.randn(count, 3, 3, generator=generator, dtype=torch.float64)


def bond_moments(x: Tensor) -> Tensor:
    """Dipole moments (B, 3) of charges that change with the bonds."""
    arms = x[:, 1:] - x[:, :1]
    return (arms * torch.exp(-(arms.norm(dim=-1, keepdim=True) ** 2) / 5)).sum(1)
