"""Weights of points in a fit: functions of the energy above the minimum, or a column."""

import torch
from torch import Tensor

from pes.data.dataset import Dataset
from pes.units import CM1

__all__ = ["WEIGHTS", "boltzmann", "column", "none", "partridge_schwenke", "ratio"]


def none(energies: Tensor) -> Tensor:
    """Equal weights of all points: ones (B,)."""
    return torch.ones_like(energies)


def partridge_schwenke(
    energies: Tensor, *, top: float = 30000 * CM1, width: float = 2000 * CM1, floor: float = 0.0
) -> Tensor:
    """w = [tanh((E_top − E)/width) + 1.002002002] / 2.002002002, over max(E, floor) if given.

    One below `top`, a thousandth above it.

    Args:
        energies: E (B,) in hartree above the minimum.
        top: energy of the middle of the switch, hartree.
        width: width of the switch, hartree.
        floor: if positive, w is also divided by max(E, floor)/floor.

    References:
        H. Partridge, D. W. Schwenke, J. Chem. Phys. 106, 4618 (1997), doi:10.1063/1.473987
    """
    switch = (torch.tanh((top - energies) / width) + 1.002002002) / 2.002002002
    return switch * floor / energies.clamp(min=floor) if floor > 0 else switch


def boltzmann(energies: Tensor, *, energy: float = 5000 * CM1) -> Tensor:
    """w = exp(−E/E₀).

    Args:
        energies: E (B,) in hartree above the minimum.
        energy: E₀ in hartree.
    """
    return torch.exp(-energies / energy)


def ratio(energies: Tensor, *, offset: float = 5000 * CM1) -> Tensor:
    """w = Δ/(Δ + E).

    Args:
        energies: E (B,) in hartree above the minimum.
        offset: Δ in hartree.
    """
    return offset / (offset + energies)


def column(dataset: Dataset, name: str) -> Tensor:
    """Weights (B,) from a column of the data.

    Raises:
        ValueError: if there is no such column, or a weight is negative or not finite.
    """
    if name not in dataset.columns:
        known = ", ".join(sorted(dataset.columns)) or "none"
        raise ValueError(f"column `{name}` of weights does not exist; the columns are: {known}")
    weights = dataset.columns[name]
    if weights.shape != dataset.energies.shape:
        raise ValueError(
            f"column `{name}` has shape {tuple(weights.shape)}; weights are one number per point"
        )
    bad = (~(weights.isfinite() & (weights >= 0))).nonzero()
    if len(bad):
        row = int(bad[0])
        raise ValueError(
            f"weight column `{name}`, row {row}: must be finite and not negative, got "
            f"{float(weights[row])}; {len(bad)} of {len(weights)} rows are like that"
        )
    if not weights.any():
        raise ValueError(f"all weights of column `{name}` are zero")
    return weights.to(dataset.energies.device)


WEIGHTS = {
    "boltzmann": boltzmann,
    "none": none,
    "partridge_schwenke": partridge_schwenke,
    "ratio": ratio,
}
