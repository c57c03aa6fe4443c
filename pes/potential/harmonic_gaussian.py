"""A potential of one coordinate for tests and teaching: no atoms, ħ = m = ω = 1."""

import torch
from torch import Tensor, nn

__all__ = ["HarmonicGaussian"]


class HarmonicGaussian(nn.Module):
    """V(x) = x²/2 + κ exp(−x²/2): an oscillator that κ > 1 turns into a double well.

    By the Hellmann–Feynman theorem dE_n/dκ = ⟨ψ_n|exp(−x²/2)|ψ_n⟩, which at κ = 0 is
    √(2/3) for the ground state.

    Args:
        kappa: κ, a parameter that can be differentiated.

    Example:
        >>> V = HarmonicGaussian(2.0)
        >>> V(torch.tensor([[0.0], [40.0]], dtype=torch.float64)).tolist()
        [2.0, 800.0]
    """

    def __init__(self, kappa: float = 0.0) -> None:
        super().__init__()
        self.kappa = nn.Parameter(torch.tensor(kappa, dtype=torch.float64))

    def forward(self, q: Tensor) -> Tensor:
        """Energies (P,) of q (P, 1)."""
        return (q**2).sum(-1) / 2 + self.kappa * self.bump(q)

    def bump(self, q: Tensor) -> Tensor:
        """∂V/∂κ = exp(−x²/2), (P,) of q (P, 1)."""
        return torch.exp(-(q**2).sum(-1) / 2)
