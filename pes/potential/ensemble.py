"""Several surfaces fitted to the same points: their mean, and how far they disagree."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["Ensemble"]


class Ensemble(nn.Module):
    """V = mean of the members; their spread is the uncertainty.

    Args:
        members: surfaces of the same atoms, one at least.

    Raises:
        ValueError: if there is no member.
    """

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        if not members:
            raise ValueError("an ensemble needs at least one member")
        self.members = nn.ModuleList(members)

    def each(self, positions: Tensor) -> Tensor:
        """Energies (M, B) in hartree of every member at positions (B, N, 3) in bohr."""
        return torch.stack([member(positions) for member in self.members])

    def forward(self, positions: Tensor) -> Tensor:
        """Mean energies (B,) in hartree of positions (B, N, 3) in bohr."""
        return self.each(positions).mean(0)

    def spread(self, positions: Tensor) -> Tensor:
        """Standard deviation (B,) in hartree of the members; zero for a single one."""
        return self.each(positions).std(0, correction=min(1, len(self.members) - 1))
