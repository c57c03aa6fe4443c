"""Verdict on a calculation of levels: which may be used, and to how many cm⁻¹."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor

from pes.units import CM1
from pes.vibration.levels.result import Levels
from pes.vibration.system.roughness import jumps

__all__ = ["Roughness", "roughness", "verdict"]

SAMPLES = 200
"""Points at which differences are taken."""

ASIDE = 0.02
"""Bohr or radians that points keep from the ends of ranges: at linearity an angle has a corner."""

ROUGH = 0.003 * CM1
"""Hartree up to which differences may come from the fourth derivative."""

GHOST = 0.01
"""Probability in a hole above which a level is none of the molecule's."""


HOLE = "not at all (in a hole of the surface)"
UNKNOWN = "with unknown errors"


@dataclass(frozen=True)
class Roughness:
    """How far values of a surface jump between neighbouring points where the levels are.

    Attributes:
        size: root mean square of the jumps, hartree.
        largest: hartree.
        place: where, (Q,).
        effect: what jumps of that size, independent from point to point, do to each level, (S,).
    """

    size: float
    largest: float
    place: Tensor
    effect: Tensor


def roughness(levels: Levels) -> Roughness:
    """Noise and steps of a surface, from fourth differences at points that the levels visit.

    Args:
        levels: on the CPU.
    """
    most, squares = torch.zeros_like(levels.hamiltonian.potential), []
    # Level by level: all densities at once are the largest array of six coordinates.
    for coefficients in levels.eigenpairs.coefficients:
        density = levels.hamiltonian.basis.on_grid(coefficients[None])[0].square()
        most = most.maximum(density)
        squares.append(density.square().sum())
    visited = most.argsort(descending=True)
    visited = visited[: max(1, len(visited) // 4)]
    spread = torch.linspace(0, len(visited) - 1, min(SAMPLES, len(visited))).round().long()
    low, high = torch.tensor([(b.low, b.high) for b in levels.bases], dtype=torch.float64).T
    q = levels.points[visited[spread]].clamp(low + ASIDE, high - ASIDE)
    sizes = jumps(levels.system.potential, q)
    size = float(sizes.square().mean().sqrt())
    worst = int(sizes.argmax())
    return Roughness(size, float(sizes[worst]), q[worst], size * torch.stack(squares).sqrt())


def verdict(levels: Levels, names: Sequence[str]) -> str:
    """One sentence: which levels may be used, and to how many cm⁻¹.

    Args:
        levels: on the CPU.
        names: of the coordinates.
    """
    rough = roughness(levels)
    error = levels.convergence
    if rough.size > ROUGH:
        error = error.maximum(rough.effect)
    hole = levels.hamiltonian.potential < levels.minimum_energy - ROUGH
    ghosts = levels.probability(hole) > GHOST
    classes = [HOLE if g else _accuracy(float(e)) for e, g in zip(error / CM1, ghosts, strict=True)]
    parts = []
    for use, run in groupby(range(len(classes)), key=lambda n: classes[n]):
        numbers = list(run)
        who = f"levels {numbers[0]} to {numbers[-1]}" if numbers[1:] else f"level {numbers[0]}"
        parts.append(f"{who} {use}")
    return f"of use: {', '.join(parts)}{_jumps(rough, names) if rough.size > ROUGH else ''}"


def _jumps(rough: Roughness, names: Sequence[str]) -> str:
    where = zip(names, rough.place.tolist(), strict=True)
    return (
        "; the surface is not smooth where the levels are: its values jump by "
        f"{rough.size / CM1:.2g} cm-1 (root mean square), by {rough.largest / CM1:.2g} at "
        f"{', '.join(f'{name} = {x:.3f}' for name, x in where)} (bohr, radians), and no basis "
        "makes the levels better than that allows"
    )


def _accuracy(error: float) -> str:
    """The limit that an error in cm⁻¹ lies below, as words."""
    if not error < float("inf"):
        return UNKNOWN
    for limit in (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300):
        if error <= limit:
            return f"to {limit:g} cm-1"
    return UNKNOWN
