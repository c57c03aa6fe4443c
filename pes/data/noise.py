"""Noise floor of labels: the error below which no fit can be judged."""

import torch
from torch import Tensor

from pes.data.dataset import Dataset
from pes.units import CM1, ENERGY_UNITS

__all__ = ["MOST", "label_step", "noise_floor"]

FINEST_STEP = 1e-3 * CM1
"""Hartree; labels rounded more finely than this cannot hurt a level."""

MOST = 0.95
"""Share of the labels that must be multiples; a few exact ones among them hide nothing."""


def label_step(energies: Tensor) -> float | None:
    """Step in hartree of which all but a few energy differences are multiples, None without one.

    Tried are decimal steps and powers of two (single precision) of each energy unit, the
    largest first, down to 0.001 cm⁻¹.

    Example:
        >>> labels = torch.tensor([-76.1, -76.25, -76.33, -76.4, -76.47], dtype=torch.float64)
        >>> label_step(labels)
        0.01
    """
    if len(energies.unique()) < 5:
        return None
    differences = energies - energies.median()
    noise = 8 * torch.finfo(energies.dtype).eps * float(energies.abs().max())
    steps = {
        unit * base**-k
        for unit in ENERGY_UNITS.values()
        for base in (10.0, 2.0)
        for k in range(32)
        if unit * base**-k >= FINEST_STEP
    }
    for step in sorted(steps, reverse=True):
        # From the middle label, which is rounded unless it is one of the few exact ones.
        multiples = differences / step
        close = (multiples - multiples.round()).abs() < 1e-3 + noise / step
        # Four unrelated numbers agree with a step to one part in 500 once in 10^11 times.
        if close.double().mean() >= MOST and len(multiples[close].round().unique()) >= 5:
            return step
    return None


def noise_floor(dataset: Dataset) -> float:
    """Root mean square error in hartree that rounded labels have: a step over √12, else 0.

    Example:
        >>> import torch
        >>> x = torch.zeros(6, 2, 3, dtype=torch.float64)
        >>> x[:, 1, 0] = torch.arange(1.0, 7.0)
        >>> labels = torch.tensor([0.1, 0.25, 0.33, 0.4, 0.47, 0.5], dtype=torch.float64)
        >>> round(noise_floor(Dataset(("H", "H"), x, labels)), 5)
        0.00289
    """
    step = label_step(dataset.energies)
    return 0.0 if step is None else step / 12**0.5
