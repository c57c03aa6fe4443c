"""The part of a surface that levels can reach: connected, and below an energy."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import cast

import numpy as np
import torch
from scipy.ndimage import label
from torch import Tensor

from pes.vibration.basis.product_tree import unraveled
from pes.vibration.system.system import System

__all__ = ["Region", "energies_or_infinite", "low_region", "passed"]

CLOSE = 0.5
"""Bohr. Atoms nearer than this never meet in a bound level; the surface is not asked there."""

SAMPLES = 200
"""Points of a straight cut from the minimum to a limit."""

AXIS = 28
"""Points along each coordinate of the grid on which the low region is looked for."""


@dataclass(frozen=True)
class Region:
    """Region in which a surface lies below an energy and that its minimum is connected to.

    Attributes:
        axes: values of each coordinate, Q times (M,).
        energies: V above the minimum on the product grid, (M, …, M); infinite where it is no
            number or atoms meet.
        inside: truth values, likewise.
        energy: upper limit of its energies, above the minimum, hartree.
        limits: ends that the axes never pass.
    """

    axes: tuple[Tensor, ...]
    energies: Tensor
    inside: Tensor
    energy: float
    limits: tuple[tuple[float, float], ...]

    @property
    def depth(self) -> float:
        """Depth of the lowest point inside below the minimum, hartree; zero for a true minimum."""
        return max(0.0, -float(self.energies[self.inside].min()))

    @property
    def lowest(self) -> Tensor:
        """Point of the grid with the lowest energy inside, (Q,)."""
        flat = torch.where(self.inside, self.energies, torch.inf).flatten()
        places = unraveled(flat.argmin(), self.energies.shape)
        return torch.stack([axis[i] for axis, i in zip(self.axes, places, strict=True)])


def low_region(
    system: System,
    wells: Tensor,
    energy: float,
    limits: Sequence[tuple[float, float]],
) -> Region:
    """The connected regions around minima where V stays below an energy.

    The box begins with straight cuts and grows wherever the region touches one of its sides.

    Args:
        system: supplies V(q), and positions for a molecule.
        wells: the minimum, and others that may be reached from it, (W, Q).
        energy: energy above the first minimum, hartree.
        limits: ends never passed, (low, high) of each coordinate.
    """
    base = float(energies_or_infinite(system, wells[:1])[0])
    ends = [
        [tuple(passed(system, well, k, end, base + energy) for end in pair) for well in wells]
        for k, pair in enumerate(limits)
    ]
    box = [[min(low for low, _ in each), max(high for _, high in each)] for each in ends]
    while True:
        axes = tuple(torch.linspace(low, high, AXIS, dtype=torch.float64) for low, high in box)
        grid = torch.cartesian_prod(*axes).reshape(-1, len(axes))
        v = (energies_or_infinite(system, grid) - base).reshape([AXIS] * len(axes))
        below, _ = cast("tuple[np.ndarray, int]", label((v < energy).numpy()))
        inside = torch.zeros_like(v, dtype=torch.bool)
        for well in wells:
            start = tuple(int((a - b).abs().argmin()) for a, b in zip(axes, well, strict=True))
            inside[start] = True
            if below[start]:
                inside |= torch.from_numpy(below == below[start])
        if not _grown(box, inside, limits):
            return Region(axes, v, inside, energy, tuple((low, high) for low, high in limits))


def passed(system: System, bottom: Tensor, k: int, end: float, energy: float) -> float:
    """Point at which a straight cut towards an end passes an energy; the end if it never does."""
    cut = bottom.repeat(SAMPLES, 1)
    cut[:, k] = torch.linspace(float(bottom[k]), end, SAMPLES, dtype=torch.float64)
    above = (energies_or_infinite(system, cut) > energy).nonzero()
    return float(cut[above[0, 0], k]) if len(above) else end


def _grown(box: list[list[float]], inside: Tensor, limits: Sequence[tuple[float, float]]) -> bool:
    """Whether any side had to move out, by a fifth of the box, because the region touches it."""
    grown = False
    for k, (low, high) in enumerate(limits):
        along = inside.movedim(k, 0).flatten(1).any(1)
        width = box[k][1] - box[k][0]
        if along[0] and box[k][0] > low:
            box[k][0], grown = max(low, box[k][0] - 0.2 * width), True
        if along[-1] and box[k][1] < high:
            box[k][1], grown = min(high, box[k][1] + 0.2 * width), True
    return grown


def energies_or_infinite(system: System, q: Tensor, *, chunk: int = 16384) -> Tensor:
    """V (P,) on the CPU; infinite where it is not a number, and not computed where atoms meet."""
    pieces = []
    with torch.no_grad():
        for part in q.to(system.device).split(chunk):
            v = torch.full_like(part[:, 0], torch.inf)
            apart = _apart(system, part)
            if bool(apart.any()):
                v[apart] = system.potential(part[apart]).detach()
            pieces.append(v.nan_to_num(nan=torch.inf).cpu())
    return torch.cat(pieces)


def _apart(system: System, q: Tensor) -> Tensor:
    if system.positions is None:
        return torch.ones(len(q), dtype=torch.bool, device=q.device)
    x = system.positions(q)
    pairs = combinations(range(x.shape[1]), 2)
    return torch.stack([(x[:, i] - x[:, j]).norm(dim=-1) > CLOSE for i, j in pairs]).all(0)
