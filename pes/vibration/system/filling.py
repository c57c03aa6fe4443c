"""V raised where a fitted surface falls below its minimum beyond its points."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from scipy.interpolate import RegularGridInterpolator
from torch import Tensor

__all__ = ["Filling"]

Potential = Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Filling:
    """Heights that V is raised to.

    Attributes:
        axes: values of each coordinate, three times (M,).
        heights: least V at the products of these, (M, M, M) in hartree; that of the minimum where
            there is no hole.
        lowest_pass: height above the minimum of the lowest pass into a hole, hartree.
        place: place of the pass, (3,).
    """

    axes: tuple[Tensor, ...]
    heights: Tensor
    lowest_pass: float
    place: Tensor

    def of(self, potential: Potential, q: Tensor) -> Tensor:
        """V with its holes filled, at points q (P, 3): (..., P).

        Args:
            potential: of points (P, 3), energies (..., P) in hartree; others may stand before the
                points, such as members of an ensemble.
            q: points.
        """
        return potential(q).maximum(self.at(q))

    def at(self, q: Tensor) -> Tensor:
        """Least V at points (P, 3), (P,) in hartree, linear between points of the grid."""
        ends = torch.stack([axis[[0, -1]] for axis in self.axes])
        inside = q.detach().cpu().clamp(ends[:, 0], ends[:, 1])
        axes = [axis.numpy() for axis in self.axes]
        heights = RegularGridInterpolator(axes, self.heights.numpy())(inside.numpy())
        return torch.from_numpy(heights).to(q)

    def raised(self, potential: Potential, q: Tensor) -> Tensor:
        """V above the minimum at points (P, 3) where it is raised, zero elsewhere, (P,)."""
        height, lowest = self.at(q), float(self.heights.min())
        with torch.no_grad():
            above = (height > lowest) & (potential(q) <= height)
        return torch.where(above, height - lowest, 0.0)
