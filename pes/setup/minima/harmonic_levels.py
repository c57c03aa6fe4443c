"""Energies of harmonic oscillators: where the search for ranges and sizes begins."""

from collections.abc import Sequence

import torch
from torch import Tensor

from pes.units import CM1
from pes.vibration.system.region import energies_or_infinite
from pes.vibration.system.system import System

__all__ = ["frequencies", "harmonic_level"]

STEP = 0.02
"""Bohr or radians of central differences."""

ASIDE = 0.05
"""Distance from the ends of the domain at which G is taken: at linearity it is infinite."""

SOFT = 20 * CM1
"""Least frequency, of a mode that is flat or no oscillation at all, hartree."""


def frequencies(
    system: System,
    bottom: Tensor,
    limits: Sequence[tuple[float, float]],
    kinds: Sequence[str],
) -> Tensor:
    """Harmonic frequencies at a minimum by Wilson's GF method, ascending, (Q,) in hartree.

    A bend about a linear minimum counts twice: it is an oscillator of two dimensions, whose levels
    without angular momentum lie 2ω apart and begin at ω.

    Args:
        system: V and G.
        bottom: the minimum, (Q,).
        limits: ends of the coordinates.
        kinds: kinds of the coordinates; angles among them may be linear.
    """
    low, high = torch.tensor(limits, dtype=torch.float64).T
    q = bottom.cpu().clamp(low + ASIDE, high - ASIDE)
    count = len(q)
    shifts = STEP * torch.eye(count, dtype=torch.float64)
    corners = [
        q + a * shifts[i] + b * shifts[j]
        for i in range(count) for j in range(count) for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1))
    ]  # fmt: skip
    v = energies_or_infinite(system, torch.stack(corners)).reshape(count, count, 4)
    hessian = (v[..., 0] - v[..., 1] - v[..., 2] + v[..., 3]) / (4 * STEP**2)
    with torch.no_grad():
        g = system.kinetic(q[None].to(system.device))[0][0].detach().cpu()
    straight = (bottom.cpu().sin().abs() < ASIDE) & torch.tensor([k == "angle" for k in kinds])
    times = torch.where(straight, 2.0, 1.0).to(g)
    squares = torch.linalg.eigvals(times[:, None] * g * times @ hessian.nan_to_num()).real
    return squares.clamp(min=SOFT**2).sqrt().sort().values


def harmonic_level(frequencies: Tensor, count: int) -> float:
    """Energy of the last of the lowest `count` levels above the ground state, hartree.

    Example:
        >>> harmonic_level(torch.tensor([1.0, 1.5]), 4)
        2.0
    """
    highest = float(frequencies[-1])
    while True:
        sums = [0.0]
        for w in frequencies.tolist():
            sums = [e + n * w for e in sums for n in range(int((highest - e) / w + 1e-9) + 1)]
        if len(sums) >= count:
            return sorted(sums)[count - 1]
        highest *= 1.2
