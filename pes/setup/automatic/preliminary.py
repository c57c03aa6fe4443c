"""Lines on the levels of a calculation that larger ones follow."""

import torch
from torch import Tensor

from pes.units import CM1

__all__ = ["preliminary"]

PER_LINE = 5
"""Levels in a line."""


def preliminary(
    heading: str, energies: Tensor, left: Tensor, accuracy: float, seconds: float
) -> list[str]:
    """A sentence, then the levels with their estimated errors, in cm⁻¹.

    Args:
        heading: name of the calculation.
        energies: zero-point energy and levels above it, (S,) in hartree.
        left: their errors, (S,) in hartree.
        accuracy: largest error asked for, hartree.
        seconds: CPU time so far.

    Example:
        >>> energies = torch.tensor([0.02, 0.01], dtype=torch.float64)
        >>> preliminary("4 quanta", energies, 0 * energies, CM1, 3.0)[1]
        '  4389.493 ± 0   2194.746 ± 0'
    """
    enough = int((left <= accuracy).sum())
    both = torch.stack((energies / CM1, left / CM1), 1).tolist()
    pairs = [f"{level:.3f} ± {error:.2g}" for level, error in both]
    return [
        f"{heading}: {enough} of {len(left)} levels within {accuracy / CM1:g} cm-1, all within "
        f"{float(left.max()) / CM1:.2g}; {seconds:.0f} CPU-s so far; zero-point energy and levels, "
        "preliminary:",
        *("  " + "   ".join(pairs[row : row + PER_LINE]) for row in range(0, len(pairs), PER_LINE)),
    ]
