"""Errors of a surface by energy window: RMSE, MAE, median and largest error."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from pes.chunks import in_chunks
from pes.data.dataset import Dataset
from pes.potential.neural import energies_and_forces
from pes.units import ANGSTROM, CM1

__all__ = ["WINDOWS", "ErrorReport", "error_report", "predicted", "window_errors", "window_masks"]

WINDOWS = (5000, 10000, 15000, 25000)
"""Upper ends of the energy windows in cm⁻¹; each starts at the minimum."""

ErrorReport = dict[str, dict[str, dict[str, float | None]]]


def predicted(
    surface: Callable[[Tensor], Tensor], dataset: Dataset, *, chunk: int = 2048
) -> tuple[Tensor, Tensor | None]:
    """Energies (B,) in hartree and, if the set has forces, forces (B, N, 3) in hartree/bohr."""
    if dataset.forces is None:
        with torch.no_grad():
            return in_chunks(surface, dataset.positions, chunk), None
    parts = [energies_and_forces(surface, x) for x in dataset.positions.split(chunk)]
    energies, forces = zip(*parts, strict=True)
    return torch.cat(energies), torch.cat(forces)


def error_report(
    surface: Callable[[Tensor], Tensor],
    dataset: Dataset,
    *,
    lowest: float,
    windows: Sequence[int] = WINDOWS,
) -> ErrorReport:
    """Unweighted RMSE, MAE, median and largest error, over all points and within each window.

    Args:
        surface: positions (B, N, 3) to energies (B,).
        dataset: labelled points.
        lowest: energy in hartree that windows count from: that of the lowest training point.
        windows: upper ends in cm⁻¹.

    Returns:
        `energy` (cm⁻¹) and `force` (cm⁻¹/Å) → `rmse`, `mae`, `median`, `max` → `all`, ...;
        `points` → `count` → the same. None where a window is empty or there are no forces.
    """
    return window_errors(dataset, *predicted(surface, dataset), lowest=lowest, windows=windows)


def window_errors(
    dataset: Dataset,
    energies: Tensor,
    forces: Tensor | None,
    *,
    lowest: float,
    windows: Sequence[int] = WINDOWS,
) -> ErrorReport:
    """`error_report` of energies (B,) and forces (B, N, 3) that the surface has already given."""
    masks = window_masks((dataset.energies - lowest) / CM1, windows)
    energy_errors = (energies - dataset.energies)[:, None] / CM1
    force_errors = None
    if forces is not None and dataset.forces is not None:
        force_errors = (forces - dataset.forces).flatten(1) / (CM1 / ANGSTROM)
    return {
        "energy": _measures(energy_errors, masks),
        "force": _measures(force_errors, masks),
        "points": {"count": {name: int(mask.sum()) for name, mask in masks.items()}},
    }


def window_masks(heights: Tensor, windows: Sequence[int] = WINDOWS) -> dict[str, Tensor]:
    """Masks (B,) of the points in each window (`all`, `5000`, ...) by their heights in cm⁻¹."""
    everything = {"all": torch.ones_like(heights, dtype=torch.bool)}
    return everything | {str(top): heights <= top for top in windows}


def _measures(
    errors: Tensor | None, masks: dict[str, Tensor]
) -> dict[str, dict[str, float | None]]:
    return {
        measure: {
            name: None if errors is None or not mask.any() else float(reduce(errors[mask].abs()))
            for name, mask in masks.items()
        }
        for measure, reduce in _MEASURES.items()
    }


_MEASURES: dict[str, Callable[[Tensor], Tensor]] = {
    "rmse": lambda errors: errors.square().mean().sqrt(),
    "mae": lambda errors: errors.mean(),
    "median": lambda errors: errors.median(),
    "max": lambda errors: errors.max(),
}
