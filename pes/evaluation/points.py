"""Error of a surface at each labelled point, and what else is known of the point."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from pes.chunks import in_chunks
from pes.data import Dataset
from pes.data.fingerprints import fingerprints, is_among
from pes.data.splits import PARTS
from pes.molecule import Molecule
from pes.potential import Surface
from pes.potential.consistency import check_consistency
from pes.potential.holes.coverage import Coverage
from pes.training.errors import predicted
from pes.units import ANGSTROM, CM1

__all__ = [
    "UNSEEN",
    "PointErrors",
    "checked_predictions",
    "distances_to_training",
    "force_errors",
    "member_spread",
    "parts_of_fit",
]

CHUNK = 2048

UNSEEN = "unseen"
"""Part of the points that took no part in the fit."""


@dataclass(frozen=True, eq=False)
class PointErrors:
    """Error of a surface at each of B points.

    Attributes:
        heights: label above the lowest training energy, cm⁻¹.
        residuals: surface − label, cm⁻¹.
        forces: norm of the error of all 3N force components, cm⁻¹/Å.
        nearest: distance to the nearest training point; above one is extrapolation.
        spread: standard deviation of the members of an ensemble, cm⁻¹.
        parts: part that the points had in the fit (`train`, `validation`, `test` or `unseen`) →
            mask (B,); empty if the surface does not say.
    """

    heights: Tensor
    residuals: Tensor
    forces: Tensor | None = None
    nearest: Tensor | None = None
    spread: Tensor | None = None
    parts: Mapping[str, Tensor] = field(default_factory=dict)

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
        return self.parts.get("train", torch.zeros_like(self.heights, dtype=torch.bool))

    @property
    def is_new(self) -> Tensor:
        """Points (B,) that neither fitted nor chose anything: those of the test and unseen ones."""
        chose = self.parts.get("validation", torch.zeros_like(self.is_training))
        return ~(self.is_training | chose)

    @property
    def part_of_each(self) -> list[str]:
        """Name of the part of each point; nothing is known where it is empty."""
        names = [""] * len(self.heights)
        for part, mask in self.parts.items():
            for row in mask.nonzero().flatten().tolist():
                names[row] = part
        return names

    def worst(self, count: int) -> list[int]:
        """Rows of the largest energy errors, the largest first."""
        return self.residuals.abs().argsort(descending=True)[:count].tolist()


def checked_predictions(
    surface: Surface, points: Dataset, name: str, device: torch.device
) -> tuple[Tensor, Tensor | None]:
    """Energies (B,) in hartree and, where points and surface have them, forces (B, N, 3).

    Args:
        surface: surface on the device.
        points: labelled points.
        name: name of the surface, for messages.
        device: where the surface is.

    Raises:
        ValueError: for energies of another shape, or that are not finite.
    """

    def potential(positions: Tensor) -> Tensor:
        return surface.potential(positions.to(device)).to(positions.device)

    check_consistency(surface.potential, points.positions[0].to(device), name)
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
            f"{int(bad[0])}; correct it there or leave these points out"
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


def parts_of_fit(surface: Surface, points: Dataset) -> dict[str, Tensor]:
    """Part of the fit → mask (B,) of the points that had it, by the fingerprints of the surface.

    A geometry in several parts counts for the first of `train`, `validation`, `test`. Files of an
    earlier version have training points only; other surfaces have nothing.
    """
    record = surface.record
    if record is None:
        return {}
    known = record.fingerprints or {
        "train": fingerprints(record.training_positions, record.symbols)
    }
    parts: dict[str, Tensor] = {}
    left = torch.ones(len(points), dtype=torch.bool)
    for part in (name for name in PARTS if name in known):
        parts[part] = left & is_among(points.positions, record.symbols, known[part])
        left = left & ~parts[part]
    return parts | {UNSEEN: left}


def member_spread(surface: Surface, positions: Tensor, device: torch.device) -> Tensor | None:
    """Standard deviation (B,) in cm⁻¹ of the members, None unless the surface is an ensemble."""
    ensemble = surface.ensemble
    if ensemble is None:
        return None
    with torch.no_grad():
        spread = in_chunks(lambda x: ensemble.spread(x.to(device)).to(x.device), positions, CHUNK)
    return spread / CM1
