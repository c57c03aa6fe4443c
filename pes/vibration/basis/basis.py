"""Record of a one-dimensional basis: functions of one coordinate on a quadrature."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

__all__ = ["Basis"]


@dataclass(frozen=True)
class Basis:
    """n orthonormal functions of one coordinate on m quadrature points, m ≥ n.

    Attributes:
        points: (m,).
        weights: (m,), the density ρ included.
        values: (m, n).
        derivatives: (m, n).
        log_density_slope: ∂ ln ρ at the points, (m,).
        energies: reference energies of the functions, (n,) in hartree.
        fine_points: (M,) of the primitive quadrature, for pictures and for the leak.
        fine_values: functions times √weight there, (M, n).
        range: lower and upper end.
        open_ends: see `Primitive`.
    """

    points: Tensor
    weights: Tensor
    values: Tensor
    derivatives: Tensor
    log_density_slope: Tensor
    energies: Tensor
    fine_points: Tensor
    fine_values: Tensor
    range: tuple[float, float]
    open_ends: tuple[bool, bool]

    @property
    def size(self) -> int:
        """Number of functions n."""
        return self.values.shape[1]

    def to(self, device: torch.device | str) -> "Basis":
        """The same on another device."""
        arrays = {name: v for name, v in vars(self).items() if isinstance(v, Tensor)}
        return replace(self, **{name: v.to(device) for name, v in arrays.items()})

    def first(self, count: int) -> "Basis":
        """The lowest functions on the same points."""
        arrays = ("values", "derivatives", "fine_values", "energies")
        return replace(self, **{name: getattr(self, name)[..., :count] for name in arrays})

    @property
    def scaled_values(self) -> Tensor:
        """Functions times √weight, (m, n): columns orthonormal in the plain dot product."""
        return self.weights.sqrt()[:, None] * self.values

    @property
    def scaled_derivatives(self) -> Tensor:
        """Derivatives times √weight, (m, n)."""
        return self.weights.sqrt()[:, None] * self.derivatives
