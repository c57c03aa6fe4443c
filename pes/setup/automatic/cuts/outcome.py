"""Result of a series that grew to an accuracy: its estimates, and the levels that missed it."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from pes.setup.automatic.cuts.dissociation import dissociation
from pes.setup.automatic.cuts.stage import Stage, fixed_sides
from pes.setup.automatic.request import Target
from pes.setup.errors.verdict import ROUGH, roughness
from pes.units import CM1
from pes.vibration.basis.truncation import Truncation
from pes.vibration.levels.diagnostics import level_warnings
from pes.vibration.levels.result import Levels
from pes.vibration.levels.sentences import about_levels, not_converged

__all__ = ["attainable", "outcome"]

NEIGHBOURS = 0.25
"""Part of the largest change of levels below, or little above, that each estimate holds at least.

Some changes cross zero by chance. A high level that has hardly arrived says nothing of low ones.
"""

ABOVE = 3
"""Number of levels above each that count as little above it."""

FINEST = 0.05
"""Least estimate, in the accuracy asked for: no calculation here could show a smaller error."""

BEHIND = 2.0
"""Decay on the way to a limit beyond that to the nearest one from which it does not count: levels
feel it as exp(−2S), by a fiftieth as much."""

SIGMAS = 1.5
"""Standard deviations of what noise does to a level, counted twice in its estimate."""


def attainable(target: Target, base: Stage, count: int, report: Callable[[str], None]) -> Target:
    """The same with the accuracy that a surface with noise or steps allows."""
    rough = roughness(_stage_levels(target, base, count))
    limit = 2 * SIGMAS * float(rough.effect.max())
    if rough.size <= ROUGH or limit <= target.accuracy:
        return target
    report(
        f"the surface is not smooth, its values jump by {rough.size / CM1:.2g} cm-1: their "
        f"errors cannot fall below about {limit / CM1:.1g} cm-1"
    )
    return replace(target, accuracy=limit)


def outcome(
    target: Target, stage: Stage, changes: Tensor, walls: Tensor, *, ended: str = ""
) -> Levels:
    """Levels of the largest calculation and the changes from which their errors are estimated.

    Args:
        target: target with the accuracy.
        stage: the largest calculation.
        changes: changes with other functions, points and ranges, (3, S); some cross zero by chance.
            Those with points are NaN where they are among those with ranges.
        walls: what is left beyond ends that cannot move out, (S,).
        ended: why it grew no further, if that was not for its levels or its time.
    """
    changes = changes.maximum(NEIGHBOURS * _largest_below(changes))
    changes[0].clamp_(min=FINEST * target.accuracy)
    changes[2] += walls
    result = replace(_stage_levels(target, stage, changes.shape[1]), estimated_changes=changes)
    if bool(walls.any()):
        result = replace(result, dissociation=dissociation(target, stage))
    rough = roughness(result)
    if rough.size > ROUGH:
        # Unknown by itself where it is among the changes with ranges.
        changes[1] = changes[1].nan_to_num() + SIGMAS * rough.effect
        # The minimum that the zero-point energy is counted from is one point.
        changes[1, 0] += SIGMAS * rough.size
    noise = rough.largest if rough.size > ROUGH else 0.0
    limited = bool(noise) and 2 * SIGMAS * float(rough.effect.max()) > target.accuracy
    missed = _missed(target, stage, result, walls, limited, ended)
    warnings = (*stage.warnings, *missed, *level_warnings(result, noise=noise))
    return replace(result, warnings=warnings)


def _stage_levels(target: Target, stage: Stage, count: int) -> Levels:
    """The lowest levels of one calculation, without estimates."""
    return Levels(
        target.system, stage.bases, Truncation(energy=stage.resolution.cut_energy),
        stage.resolution.cap, target.wells[0], target.lowest_energy, stage.hamiltonian,
        stage.pairs.first(count), compared_with="target",
    )  # fmt: skip


def _missed(
    target: Target, stage: Stage, result: Levels, walls: Tensor, rough: bool, ended: str = ""
) -> list[str]:
    """Sentences on the levels that are not as accurate as asked for."""
    changes, convergence = result.changes.clone(), result.convergence
    changes[2] -= walls
    bound = result.energies < result.dissociation
    over = ((convergence - 2 * walls > target.accuracy) & bound).nonzero().flatten().tolist()
    sentences = []
    if over:
        # What the limits do is said below.
        by_limits = float(walls.max()) > float(_largest(changes).max())
        remedy = "" if by_limits else f"; {_remedy(changes, rough)}"
        if ended:
            remedy = f"; the calculation did not grow further: {ended}"
        sentences.append(f"{not_converged(over, target.accuracy)}{remedy}")
    stopped = ((convergence > target.accuracy) & (walls > 0) & bound).nonzero().flatten().tolist()
    stopped = [n for n in stopped if n not in over or 2 * float(walls[n]) > target.accuracy]
    if stopped:
        limits = (
            f"the limits of {', '.join(_nearest_limits(target, stage))}, by up to "
            f"{2 * float(walls[stopped].max()) / CM1:.2g} cm-1: only wider `coordinates.ranges`, "
            "on a surface that holds there, give better levels"
        )
        sentences.append(about_levels(stopped, f"feels {limits}", f"feel {limits}"))
    return sentences


def _nearest_limits(target: Target, stage: Stage) -> list[str]:
    """Names of the coordinates whose limits change levels."""
    decays = {
        name: min(cut.decay(stage.top, end) for end, here in zip(ends, fixed, strict=True) if here)
        for name, cut, ends, fixed in zip(
            target.names, stage.cuts, ((b.low, b.high) for b in stage.bases),
            fixed_sides(target, stage), strict=True,
        )
        if any(fixed)
    }  # fmt: skip
    return [name for name, decay in decays.items() if decay < min(decays.values()) + BEHIND]


def _remedy(changes: Tensor, rough: bool) -> str:
    """Choices that limit the accuracy and were not yet enlarged, from changes (3, S).

    Args:
        changes: changes with other functions, points and ranges.
        rough: whether noise of the surface alone keeps them from the accuracy.
    """
    if rough:
        return (
            "the surface is not smooth, and no basis makes them better than estimated: give more "
            "digits or tighter convergence, or fit a smooth surface with pes-train"
        )
    functions, points, ranges = _largest(changes).tolist()
    if functions >= max(points, ranges):
        return "raise `minutes`"
    if points > ranges:
        return "most of it comes from the quadrature, though more points were tried"
    return (
        "most of it comes from the ranges and the primitive functions, though larger ones were "
        "tried: the surface may have kinks there"
    )


def _largest(changes: Tensor) -> Tensor:
    """Largest finite change of any level by each choice, (3,)."""
    return changes.where(changes.isfinite(), 0.0).amax(1)


def _largest_below(changes: Tensor) -> Tensor:
    """Largest finite change by each choice of the levels up to little above each, (3, S)."""
    highest = changes.where(changes.isfinite(), 0.0).cummax(1).values
    count = changes.shape[1]
    return highest[:, (torch.arange(count) + ABOVE).clamp(max=count - 1)]
