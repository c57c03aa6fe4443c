"""A surface linear in its features."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from pes.chunks import in_chunks
from pes.descriptors import Descriptor, descriptor_from

__all__ = ["LinearSurface"]

AT_ONCE = 2**17
"""Features of the points that are evaluated together: their monomials then stay in the cache."""


class LinearSurface(nn.Module):
    """V = shift + c·f(x), on top of a baseline if there is one.

    Args:
        descriptor: positions (B, N, 3) to features (B, F).
        baseline: a surface in hartree, or nothing.

    Attributes:
        coefficients: c (F,) in hartree.
        shift: energy in hartree where all features vanish.
    """

    def __init__(self, descriptor: Descriptor, *, baseline: nn.Module | None = None) -> None:
        super().__init__()
        self.descriptor = descriptor
        self.baseline = baseline
        self.coefficients = nn.Parameter(torch.zeros(descriptor.size, dtype=torch.float64))
        self.shift = nn.Parameter(torch.zeros((), dtype=torch.float64))

    @property
    def description(self) -> str:
        """Kind and size of the surface, in words."""
        return f"linear in {self.descriptor.size} polynomials"

    @property
    def settings(self) -> dict[str, Any]:
        """Settings by which `surface_from` builds it again, without coefficients and baseline."""
        return {"descriptor": self.descriptor.settings}

    @property
    def parts(self) -> dict[str, nn.Module | None]:
        """Surfaces that this one is made of, by the name of the argument."""
        return {"baseline": self.baseline}

    @property
    def summands(self) -> list[tuple[nn.Module, float]]:
        """Surfaces that are added to this one's own part, with their factors."""
        return [] if self.baseline is None else [(self.baseline, 1.0)]

    @staticmethod
    def from_settings(
        settings: Mapping[str, Any], baseline: nn.Module | None = None
    ) -> "LinearSurface":
        """An unfitted surface with these settings."""
        return LinearSurface(descriptor_from(settings["descriptor"]), baseline=baseline)

    def of_features(self, features: Tensor) -> Tensor:
        """Energies (B,) in hartree for features (B, F) of the descriptor."""
        if torch.compiler.is_compiling():
            # ONNX Runtime 1.32 multiplies the features, a transposed matrix, and a vector wrongly.
            return self.shift + (features * self.coefficients).sum(-1)
        return self.shift + features @ self.coefficients

    def _own(self, positions: Tensor) -> Tensor:
        return self.of_features(self.descriptor(positions))

    def forward(self, positions: Tensor) -> Tensor:
        """Energies (B,) in hartree of positions (B, N, 3) in bohr."""
        if torch.is_grad_enabled():
            energies = self._own(positions)
        else:
            energies = in_chunks(self._own, positions, max(1, AT_ONCE // self.descriptor.size))
        return energies if self.baseline is None else energies + self.baseline(positions)
