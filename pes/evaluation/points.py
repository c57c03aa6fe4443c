"""Error of a surface at each labelled point, and what else is known of the point."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pes.data import Dataset
from pes.molecule import Molecule
from pes.potential import Surface
from pes.potential.holes.coverage import Coverage
from pes.training.errors import predicted
from pes.units import ANGSTROM, CM1

__all__ = [
    "PointErrors",
    "checked_predictions",
    "distances_to_training",
    "force_errors",
    "member_spread",
]

CHUNK = 2048

TRAINING_POINT = 1e-9
"""Distance to the nearest training point below which a point is one itself."""


@dataclass(frozen=True, eq=False)
class PointErrors:
    """Error of a surface at each of B points.

    Attributes:
        heights: label above the lowest training energy, cm⁻¹.
        residuals: surface − label, cm⁻¹.
        forces: norm of the error of all 3N force components, cm⁻¹/Å.
        nearest: distance to the nearest training point; above one is extrapolation.
        spread: standard deviation of the members of an ensemble, cm⁻¹.
    """

    heights: Tensor
    residuals: Tensor
    forces: Tensor | None = None
    nearest: Tensor | None = None
    spread: Tensor | None = None

    @property
    def columns(self) -> dict[str, Tensor]:
        """All that is known, under the names that the files use."""
        named = {
            "label_cm1": self.heights,
            "prediction_minus_label_cm1": self.residuals,
            "force_error_norm_cm1_angstrom": self.forces,
            "nearest_training": self.nearest,
            "spread_cm1": self.spread,
        }
        return {name: values for name, values in named.items() if values is not None}

    @property
    def is_training(self) -> Tensor:
        """Points (B,) that the surface was fitted to; none if it does not say."""
        if self.nearest is None:
            return torch.zeros_like(self.heights, dtype=torch.bool)
        return self.nearest < TRAINING_POINT

    def worst(self, count: int) -> list[int]:
        """Rows of the largest energy errors, the largest first."""
        return self.residuals.abs().argsort(descending=True)[:count].tolist()


def checked_predictions(
    surface: Surface, points: Dataset, name: str, device: torch.device
) -> tuple[Tensor, Tensor | None]:
    """Energies (B,) in hartree and, where points and surface have them, forces (B, N, 3).

    Args:
        surface: on the device.
        points: labelled points.
        name: of the surface, for messages.
        device: where the surface is.

    Raises:
        ValueError: for energies of another shape, or that are not finite.
    """

    def potential(positions: Tensor) -> Tensor:
        return surface.potential(positions.to(device)).to(positions.device)

    energies, _ = predicted(potential, replace(points, forces=None))
    if energies.shape != points.energies.shape:
        raise ValueError(
            f"{name} returned shape {tuple(energies.shape)} for {len(points)} geometries; "
            f"it must return shape ({len(points)},)"
        )
    bad = (~energies.isfinite()).nonzero()
    if len(bad):
        raise ValueError(
            f"{name} is not a number at {len(bad)} of {len(points)} points, first at row "
            f"{int(bad[0])}; mend it there or leave these points out"
        )
    forces = None if points.forces is None else predicted(potential, points)[1]
    return energies, forces


def force_errors(forces: Tensor | None, points: Dataset) -> Tensor | None:
    """Norm (B,) of the error of all 3N components in cm⁻¹/Å, None without forces."""
    if forces is None or points.forces is None:
        return None
    return (forces - points.forces).flatten(1).norm(dim=1) / (CM1 / ANGSTROM)


def distances_to_training(surface: Surface, positions: Tensor) -> Tensor | None:
    """Distance (B,) to the nearest training point as `Coverage` has it, None if none is known."""
    if surface.record is None or len(surface.record.training_positions) < 2:
        return None
    elements = Molecule(surface.record.symbols).elements
    return Coverage(elements, surface.record.training_positions)(positions)


def member_spread(surface: Surface, positions: Tensor, device: torch.device) -> Tensor | None:
    """Standard deviation (B,) in cm⁻¹ of the members, None unless the surface is an ensemble."""
    ensemble = surface.ensemble
    if ensemble is None:
        return None
    with torch.no_grad():
        parts = [ensemble.spread(x.to(device)).to(x.device) for x in positions.split(CHUNK)]
    return torch.cat(parts) / CM1
