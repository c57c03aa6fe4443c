"""A potential energy surface with what is known of it."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pes.potential.ensemble import Ensemble
from pes.potential.storage import SurfaceRecord

__all__ = ["Surface"]


@dataclass(frozen=True, eq=False)
class Surface:
    """Positions (B, N, 3) in bohr to energies (B,) in hartree, and where they come from.

    Attributes:
        potential: the function; a user's own is a `UserFunction`.
        symbols: isotopes of the atoms it was made for, None if it does not say.
        record: training points and energy range of a surface file, None for any other surface.

    Example:
        >>> from pes.potential.analytic import WaterPJT
        >>> water = Surface(WaterPJT(), WaterPJT.symbols)
        >>> water.differentiable, water.ensemble, len(list(water.parameters()))
        (True, None, 3)
    """

    potential: nn.Module
    symbols: tuple[str, ...] | None = None
    record: SurfaceRecord | None = None

    def __call__(self, positions: Tensor) -> Tensor:
        """Energies (B,) in hartree of positions (B, N, 3) in bohr."""
        return self.potential(positions)

    @property
    def differentiable(self) -> bool:
        """Whether torch can be relied on for forces; not so for a user's plain function."""
        return getattr(self.potential, "differentiable", True)

    @property
    def ensemble(self) -> Ensemble | None:
        """The members, if there are two or more that can disagree."""
        if isinstance(self.potential, Ensemble) and len(self.potential.members) > 1:
            return self.potential
        return None

    @property
    def module(self) -> nn.Module:
        """The surface as a module with parameters.

        Raises:
            ValueError: for a plain function.
        """
        if not self.differentiable:
            raise ValueError("this surface is a function without parameters of its own")
        return self.potential

    def parameters(self) -> Iterator[nn.Parameter]:
        """Parameters that levels and fits can be differentiated by."""
        return self.potential.parameters()

    def to(self, device: torch.device) -> "Surface":
        """The same surface, its tensors moved to a device."""
        self.potential.to(device)
        return self
