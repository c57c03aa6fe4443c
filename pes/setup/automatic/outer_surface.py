"""How far levels change by a wall across a hole or a continued surface, and sentences on it."""

from dataclasses import replace

import torch
from torch import Tensor

from pes.units import CM1
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.levels.result import Levels
from pes.vibration.system.system import System, potential_in_chunks

__all__ = ["continuation_warnings", "with_nearer_continuation", "with_wall"]


def with_wall(levels: Levels, depth: Tensor) -> tuple[Levels, list[str]]:
    """Levels whose estimates hold what the wall across a hole does to them; a sentence on it.

    Args:
        levels: computed with the ceiling of V in the hole.
        depth: of the hole at each point, (P,) in hartree.
    """
    if not depth.any():
        return levels, []
    felt = levels.cap * levels.probability(depth > 0)
    changes = levels.changes.clone()
    changes[2] += felt
    at = ", ".join(f"{x:.2f}" for x in levels.points[int(depth.argmax())].tolist())
    sentence = (
        f"hole in the surface: {int((depth > 0).sum())} of {len(depth)} grid points lie below its "
        f"minimum, the deepest by {float(depth.max()) / CM1:.0f} cm-1 at q = ({at}); a wall stands "
        f"there instead, which levels feel by up to {float(felt.max()) / CM1:.2g} cm-1; fit points "
        "there"
    )
    return replace(levels, estimated_changes=changes), [sentence]


def with_nearer_continuation(system: System, h: Hamiltonian, pairs: Eigenpairs) -> Tensor:
    """Changes of levels, to first order, where V is continued from nearer the minimum, (S,).

    Args:
        system: whose V is continued; where it is not the changes are zero.
        h: Hamiltonian of the levels.
        pairs: levels, in hartree.
    """
    if system.continuation is None:
        return torch.zeros(len(pairs.energies), dtype=torch.float64)
    nearer = system.continued(system.continuation.nearer())
    difference = potential_in_chunks(nearer, h.basis.points) - h.potential
    moved = (h.basis.on_grid(pairs.coefficients).square() * h.basis.signs) @ difference
    moved[1:] -= moved[:1].clone()
    return moved.abs().cpu()


def continuation_warnings(levels: Levels) -> list[str]:
    """Sentence on a surface that is continued beyond the points of its fit."""
    continuation = levels.system.continuation
    if continuation is None:
        return []
    beyond = continuation.beyond(levels.points)
    probability = float(levels.probability_where(continuation.beyond).max())
    moved = float(levels.changes[2].max())
    return [
        "the surface is not believed where harmonic energies exceed "
        f"{continuation.energy / CM1:.0f} cm-1: V is continued there along rays from the minimum, "
        f"at {int(beyond.sum())} of {len(beyond)} grid points, which hold up to {probability:.2g} "
        f"of the probability of a level; continued from {continuation.nearer().energy / CM1:.0f} "
        f"cm-1 levels differ by up to {moved / CM1:.2g} cm-1, which the estimates hold twice; fit "
        "points there"
    ]
