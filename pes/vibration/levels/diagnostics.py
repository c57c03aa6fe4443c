"""Diagnostics: warnings about holes, a low cap, short ranges and degenerate or linear cases."""

from collections.abc import Iterator

import torch
from torch import Tensor

from pes.geometry import is_straight
from pes.units import CM1
from pes.vibration.eigensolvers.degeneracy import is_cut
from pes.vibration.levels.result import Levels
from pes.vibration.levels.sentences import about_levels
from pes.vibration.system.minimum import HOLE

__all__ = ["ONLY_L_ZERO", "level_warnings"]

GHOST = 0.01
"""Probability in a hole above which a level counts as spurious."""

LEAK = 1e-5
"""Probability in the outer 2 % of a range from which the range is too short."""

ONLY_L_ZERO = (
    "the molecule is linear at its minimum: these are the l = 0 levels of J = 0; levels "
    "with l > 0, such as the fundamental of each bend, exist only for J > 0; `J: [0, 1]` computes "
    "them"
)
"""Warning about J = 0 levels of a linear molecule."""


def level_warnings(levels: Levels, *, noise: float = 0.0) -> list[str]:
    """One sentence for each reason to distrust levels, with what to do about it.

    Args:
        levels: levels to be checked.
        noise: largest jump of the surface, hartree; what lies less deep is no hole.
    """
    return [
        *_alone(levels),
        *_holes(levels, 5 * noise),
        *_cap(levels),
        *_leaks(levels),
        *_split_cluster(levels),
        *_linear(levels),
    ]


def _alone(levels: Levels) -> Iterator[str]:
    """A level that no other calculation has may stand where another one is missing."""
    alone = levels.convergence.isinf().nonzero().flatten().tolist()
    if alone:
        remedy = "`minutes`" if levels.compared_with == "target" else "the sizes"
        yield about_levels(
            alone,
            "appears in the largest calculation only: its error is unknown, and a level below it "
            f"may be missing; raise {remedy}",
            "appear in the largest calculation only: their errors are unknown, and levels may be "
            f"missing among them; raise {remedy}",
        )


def _linear(levels: Levels) -> Iterator[str]:
    """Condition at J = 0: the angular momentum l of a bend about the axis vanishes."""
    if levels.system.positions is None:
        return
    x = levels.system.positions(levels.minimum[None])[0].detach()
    if len(x) < 3:
        return
    if is_straight(x):
        yield ONLY_L_ZERO


def _split_cluster(levels: Levels) -> Iterator[str]:
    if is_cut(levels.eigenpairs):
        yield (
            f"level {len(levels.energies) - 1} is degenerate with the next one, which was not "
            "asked for; ask for one level more or less"
        )


def _holes(levels: Levels, noise: float) -> Iterator[str]:
    potential = levels.hamiltonian.potential
    hole = potential < levels.minimum_energy - max(HOLE, noise)
    if not hole.any():
        return
    deepest = int(potential.argmin())
    place = levels.system.places.text(levels.points[deepest])
    depth = (levels.minimum_energy - float(potential[deepest])) / CM1
    yield (
        f"hole in the surface: {int(hole.sum())} grid points lie below its minimum, the "
        f"deepest by {depth:.1f} cm-1 at {place}; narrow the ranges"
    )
    ghosts = (levels.probability(hole) > GHOST).nonzero().flatten().tolist()
    if ghosts:
        yield f"spurious levels that lie in the hole: {ghosts}"


def _cap(levels: Levels) -> Iterator[str]:
    """The derivative of a level with respect to the cap is the probability beyond it."""
    if levels.cap == torch.inf:
        return
    capped = levels.hamiltonian.potential >= levels.minimum_energy + levels.cap * (1 - 1e-12)
    moved = 0.1 * levels.cap * levels.probability(capped)
    if (moved > 0.01 * CM1).any():
        yield (
            f"raising the cap by 10 % would move level {int(moved.argmax())} by about "
            f"{float(moved.max()) / CM1:.3f} cm-1; raise `cap`"
        )


def _leaks(levels: Levels) -> Iterator[str]:
    leak = levels.leak()
    for k, b in enumerate(levels.bases):
        for end, name in enumerate(("lower", "upper")):
            yield from _leak(leak[:, k, end], f"{b.name}: levels from number", f"its {name} end")


def _leak(leak: Tensor, who: str, where: str) -> Iterator[str]:
    reaching = (leak > LEAK).nonzero().flatten()
    if len(reaching):
        yield (
            f"{who} {int(reaching[0])} on reach {where} "
            f"(up to {float(leak.max()):.1e} of the norm); widen the range"
        )
