"""Energy above which a molecule of three atoms falls apart inside the ranges of a calculation.

Where a length ends at a limit and not in a wall, levels of the two others on the surface that is
left there begin at the zero-point energy of the fragments. Levels above that are waves in the box
between the molecule and the limit: another limit gives others.
"""

from math import inf

import torch
from torch import Tensor

from pes.setup.automatic.cuts.stage import Stage, fixed_sides
from pes.setup.automatic.request import Target
from pes.vibration.eigensolvers.blockwise import lowest_blockwise
from pes.vibration.hamiltonian.build import build_hamiltonian
from pes.vibration.system.system import System

__all__ = ["dissociation"]

FLAT = 0.1
"""Part of V above the minimum by which it may still rise over the last tenth of a range."""


def dissociation(target: Target, stage: Stage) -> float:
    """Lowest energy of two fragments, hartree on the scale of the surface; infinite if none forms.

    Args:
        target: molecule and coordinates.
        stage: the largest calculation.
    """
    ends = [
        _fragments(target, stage, k)
        for k, (kind, sides) in enumerate(
            zip(target.kinds, fixed_sides(target, stage), strict=True)
        )
        if kind == "length" and sides[1] and _flat(stage, k)
    ]
    return min(ends, default=inf)


def _flat(stage: Stage, k: int) -> bool:
    """Whether the relaxed surface no longer rises at the upper end of a length."""
    x, v, _ = stage.cuts[k].fine
    low, high = stage.bases[k].low, stage.bases[k].high
    last, before = (float(v[(x - at).abs().argmin()]) for at in (high, high - 0.1 * (high - low)))
    return 0 < last < before * (1 + FLAT)


def _fragments(target: Target, stage: Stage, k: int) -> float:
    """The lowest level with one length held at its upper end."""
    others = [j for j in range(len(stage.bases)) if j != k]
    end = stage.bases[k].high

    def whole(q: Tensor) -> Tensor:
        full = q.new_full((len(q), len(stage.bases)), end)
        full[:, others] = q
        return full

    def kinetic(q: Tensor) -> tuple[Tensor, Tensor]:
        g, slope = target.system.kinetic(whole(q))
        return g[:, others][:, :, others], slope[:, others]

    held = System(lambda q: target.system.potential(whole(q)), kinetic, device=target.system.device)
    path = stage.cuts[k].path
    far = path[(path[:, k] - end).abs().argmin(), others]
    h = build_hamiltonian(
        held, [stage.bases[j] for j in others], far,
        ceiling=target.lowest_energy + stage.resolution.cap,
    )  # fmt: skip
    with torch.no_grad():
        return float(lowest_blockwise(h, 1).energies[0])
