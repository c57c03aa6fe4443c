"""Surface with a small correction, the result of a refinement."""

from torch import Tensor, nn

__all__ = ["CorrectedSurface"]


class CorrectedSurface(nn.Module):
    """V = base(x) + correction(x); the base stays as it is.

    Args:
        base: positions (B, N, 3) to energies (B,).
        correction: likewise, such as a `LinearSurface` of low degree.
    """

    def __init__(self, base: nn.Module, correction: nn.Module) -> None:
        super().__init__()
        self.base = base.requires_grad_(False)
        self.correction = correction

    @property
    def differentiable(self) -> bool:
        """Whether torch can compute forces; false where the base is a function in NumPy."""
        return getattr(self.base, "differentiable", True)

    @property
    def parts(self) -> dict[str, nn.Module]:
        """Surfaces that this one is made of, by the name of the argument."""
        return {"base": self.base, "correction": self.correction}

    @property
    def summands(self) -> list[tuple[nn.Module, float]]:
        """Surfaces that add up to this one, with their factors."""
        return [(self.base, 1.0), (self.correction, 1.0)]

    def forward(self, positions: Tensor) -> Tensor:
        """Energies (B,) in hartree of positions (B, N, 3) in bohr."""
        # Slopes of the correction alone would be wrong, and look right.
        x = positions if self.differentiable else positions.detach()
        return self.base(x) + self.correction(x)
