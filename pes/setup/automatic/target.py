"""Levels to an accuracy: the calculation grows until every level has stopped moving.

Cuts of the surface tell where wavefunctions of the highest level die out and which functions
they need. Products of these are kept up to an energy, which grows step by step; then more
quadrature points, and wider ranges with denser primitive functions and a higher cap, are tried
by themselves. Levels of two calculations are paired by the overlap of their vectors.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import expm1
from time import process_time

import torch
from torch import Tensor

from pes.setup.automatic.bases import Resolution, automatic_bases, fixed_ends
from pes.setup.automatic.cuts_below import cuts_below
from pes.setup.automatic.harmonic_levels import frequencies, harmonic_level
from pes.units import CM1
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.basis.truncation import Truncation
from pes.vibration.eigensolvers.blockwise import lowest_blockwise
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs
from pes.vibration.hamiltonian.build import build_hamiltonian
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.levels.diagnostics import level_warnings
from pes.vibration.levels.matching import matching
from pes.vibration.levels.result import Levels
from pes.vibration.symmetry.invariance import invariant
from pes.vibration.symmetry.operations import commuting, symmetry_operations
from pes.vibration.system.cuts import Cut
from pes.vibration.system.region import energies_or_infinite
from pes.vibration.system.system import System

__all__ = ["Budget", "Target", "levels_to_target"]

EXTRA = 4
"""Levels solved for beyond those asked for, so that each has its partner in the other runs."""

FIRST = 2.2
"""Cut energy of the first calculation, in energies of the highest level."""

STEP = 1.2
"""Least factor by which the cut energy grows."""

LONG_STEP = 1.4
"""The same far from the accuracy asked for."""

FAR = 1000.0
"""Largest change, in accuracies, from which the longer step is taken."""

LEAST = 0.15
"""Least part of the last change that is taken for the error that is left."""

SHARES = {"functions": 0.4, "points": 0.7, "ranges": 1.0}
"""Parts of the accuracy that the changes may have used up once each has been looked at."""

NEIGHBOURS = 0.25
"""Least part of the largest change of any level that each level counts with."""

SURVEYED = 2.0
"""Energy of the region that is surveyed, in energies of the highest level."""

CAPPED = 8.0
"""Least cap, in energies of the highest level above the minimum."""

FEW = 20
"""Levels that a calculation up to an energy begins with."""

SURVEYS = 6
"""Times that the ranges are chosen anew for the levels that were found."""

SWEEPS = 4
"""Times that points, or ranges, are enlarged before the rest is left to the estimate."""

Report = Callable[[str], None]
Solve = Callable[[Resolution], "Stage"]


@dataclass(frozen=True)
class Budget:
    """What a calculation may cost.

    Attributes:
        seconds: CPU time.
        functions: size of the largest basis.
    """

    seconds: float = 300.0
    functions: int = 12000


@dataclass(frozen=True)
class Target:
    """A molecule in coordinates, and the levels that are asked for.

    Attributes:
        system: V and G.
        kinds: of the coordinates.
        names: of the coordinates.
        wells: the lowest minimum, and others that belong to the molecule, (W, Q).
        limits: ends that no range passes, (low, high) of each coordinate.
        accuracy: largest error that is asked for, hartree.
        count: how many levels, the ground state included; or else
        energy: all levels up to here above the ground state, hartree.
        ranges: ends given by the user; None where they are to be chosen.
        cap: ceiling of V above the minimum, hartree.
        solver: a key of `pes.vibration.SOLVERS`, or `auto`.
        symmetry: solve each block of H by itself.
    """

    system: System
    kinds: tuple[str, ...]
    names: tuple[str, ...]
    wells: Tensor
    limits: tuple[tuple[float, float], ...]
    accuracy: float
    count: int | None = None
    energy: float | None = None
    ranges: tuple[tuple[float, float], ...] | None = None
    cap: float = 60000 * CM1
    solver: str = "auto"
    symmetry: bool = True

    @property
    def lowest_energy(self) -> float:
        """V at the minimum, hartree."""
        return float(energies_or_infinite(self.system, self.wells[:1])[0])

    def number(self, energies: Tensor) -> int:
        """Number of levels asked for among the energies of a calculation (S,)."""
        if self.count is not None:
            return self.count
        return int((energies - energies[0] <= (self.energy or 0.0)).sum())


@dataclass(frozen=True)
class Stage:
    """One calculation of the series.

    Attributes:
        cuts: what ranges and functions come from.
        top: energy of the highest level above the minimum that the ranges suit, hartree.
        resolution: how far and how finely it looks.
        bases: ranges and sizes.
        hamiltonian: V and G on its grid.
        pairs: levels, a few more than asked for.
        seconds: CPU time it took.
        warnings: symmetries that the surface does not have.
    """

    cuts: tuple[Cut, ...]
    top: float
    resolution: Resolution
    bases: tuple[BasisSpec, ...]
    hamiltonian: Hamiltonian
    pairs: Eigenpairs
    seconds: float
    warnings: tuple[str, ...]

    @property
    def levels(self) -> tuple[Hamiltonian, Eigenpairs]:
        """What levels are matched by."""
        return self.hamiltonian, self.pairs


def levels_to_target(
    target: Target, *, budget: Budget | None = None, report: Report = lambda _: None
) -> tuple[Levels, float]:
    """The lowest levels, each converged to an accuracy as far as the budget goes.

    Args:
        target: molecule, coordinates and levels.
        budget: what it may cost.
        report: called with a sentence after each calculation.

    Returns:
        The levels, and the energy that relaxed cuts were made below, hartree above the minimum.

    Raises:
        ValueError: if the surface falls below its minimum where the levels reach.
    """
    budget, started = budget or Budget(), process_time()
    solve, base, count = _first(target, report)
    larger, base, share = _grown(target, solve, base, count, budget, started, report)
    changes = [share * matching(larger.levels, base.levels, count).changes]
    for name in ("points", "ranges"):
        used = changes[0] + 2 * sum(changes[1:])
        change, better = _checked(target, name, solve, base, used, report)
        if better is not base:
            base, larger = better, solve(better.resolution.more_functions(_step(better)))
            changes[0] = share * matching(larger.levels, base.levels, count).changes
        changes.append(change)
    walls = _walls(target, solve, base, count, report)
    count = min(count, target.number(larger.pairs.energies))
    result = _levels(target, larger, torch.stack(changes)[:, :count], walls[:count])
    return result, SURVEYED * larger.top


def _first(target: Target, report: Report) -> tuple[Solve, Stage, int]:
    """A solver for any resolution, its first calculation and the number of levels asked for.

    Ranges suit an energy that is guessed first, then taken from the levels themselves.
    """
    modes = frequencies(target.system, target.wells[0], target.limits)
    count = target.count or FEW
    last = target.energy or harmonic_level(modes, count)
    top = float(modes.sum()) / 2 + last
    for sweep in range(SURVEYS):
        cuts = cuts_below(
            target.system, target.wells, SURVEYED * top, target.limits, target.names,
            given=target.ranges,
        )  # fmt: skip
        # A cap that is felt and a range that is too short have errors of opposite signs.
        first = Resolution(FIRST * last, cap=max(target.cap, CAPPED * top))
        stage = _stage(target, cuts, top, count, first)
        while stage.hamiltonian.size < 2 * (count + EXTRA):
            first = first.more_functions(LONG_STEP)
            stage = _stage(target, cuts, top, count, first)
        energies = stage.pairs.energies.cpu() - target.lowest_energy
        if target.energy is None:
            last, reached = float(energies[count - 1] - energies[0]), float(energies[count - 1])
            enough = True
        else:
            reached = float(energies[0]) + target.energy
            enough = float(energies[-1]) > reached or 2 * len(energies) > stage.hamiltonian.size
            count = target.number(energies) if enough else 2 * len(energies)
        if (enough and 0.7 * top < reached < 1.02 * top) or sweep == SURVEYS - 1:
            report(f"ranges for levels up to {top / CM1:.0f} cm-1 above the minimum")
            return partial(_stage, target, cuts, top, count), stage, count
        top = 1.02 * reached
    raise AssertionError("the last sweep returns")


def _stage(
    target: Target, cuts: tuple[Cut, ...], top: float, count: int, resolution: Resolution
) -> Stage:
    started = process_time()
    bases = automatic_bases(
        cuts, target.kinds, target.names, top, resolution, target.limits, given=target.ranges
    )
    group = commuting(symmetry_operations(target.system, bases)) if target.symmetry else []
    h = build_hamiltonian(
        target.system, bases, target.wells[0], ceiling=target.lowest_energy + resolution.cap,
        truncation=Truncation(energy=resolution.cut_energy), operations=group, cuts=cuts,
    )  # fmt: skip
    h, warnings = invariant(h)
    pairs = lowest_blockwise(h, min(count + EXTRA, h.size), solver=target.solver)
    return Stage(cuts, top, resolution, bases, h, pairs, process_time() - started, tuple(warnings))


def _grown(
    target: Target,
    solve: Solve,
    base: Stage,
    count: int,
    budget: Budget,
    started: float,
    report: Report,
) -> tuple[Stage, Stage, float]:
    """The largest calculation, the one before it, and the share of their change left to come."""
    far, before = False, float("inf")
    while True:
        step = max(_step(base), LONG_STEP if far else 0.0)
        larger = solve(base.resolution.more_functions(step))
        most = float(matching(larger.levels, base.levels, count).changes.max())
        # What is left to come falls as the changes do; three times that, to be on the safe side.
        share = min(1.0, max(LEAST, 3 * most / before))
        before = most
        report(
            f"{larger.hamiltonian.size} functions on {len(larger.hamiltonian.potential)} points: "
            f"levels moved by up to {most / CM1:.2g} cm-1"
        )
        far = most > FAR * target.accuracy
        growth = (larger.hamiltonian.size / base.hamiltonian.size) ** 2
        done = share * most <= SHARES["functions"] * target.accuracy
        late = process_time() - started + 4 * growth * larger.seconds > budget.seconds
        if done or late or larger.hamiltonian.size > budget.functions:
            return larger, base, share
        base = larger


def _step(stage: Stage) -> float:
    """Factor of the cut energy that adds two functions to each coordinate.

    One alone would leave levels of the other parity where they are.
    """
    return max(STEP, 1 + 2 / min(spec.functions for spec in stage.bases))


def _checked(
    target: Target, name: str, solve: Solve, base: Stage, used: Tensor, report: Report
) -> tuple[Tensor, Stage]:
    """Changes with more points, or farther ranges, and the calculation that they are of.

    Args:
        target: with the accuracy.
        name: `points` or `ranges`.
        solve: makes the calculations.
        base: calculation that is looked at.
        used: estimated errors from other changes, (S,) for the levels that are asked for.
        report: called with a sentence after each calculation.
    """
    further = {"points": Resolution.more_points, "ranges": Resolution.farther}[name]
    sweep = 1
    while True:
        other = solve(further(base.resolution))
        change = matching(other.levels, base.levels, len(used)).changes
        report(f"more {name}: levels moved by up to {float(change.max()) / CM1:.2g} cm-1")
        done = float((used + 2 * change).max()) <= SHARES[name] * target.accuracy
        if done or sweep == SWEEPS:
            return change, base
        base, sweep = other, sweep + 1


def _walls(target: Target, solve: Solve, base: Stage, count: int, report: Report) -> Tensor:
    """What is left beyond ends that cannot move out, from the changes with nearer ends.

    Levels feel a wall as exp(−2S), S the decay on the way to it; `Levels` counts it twice.
    """
    fixed = _fixed(target, base)
    if not any(low or high for low, high in fixed):
        return torch.zeros(count, dtype=torch.float64)
    nearer = solve(base.resolution.nearer())
    steps = [
        abs(cut.decay(base.top, at) - cut.decay(base.top, moved))
        for cut, far, near, ends in zip(base.cuts, base.bases, nearer.bases, fixed, strict=True)
        for at, moved, is_fixed in zip(
            (far.low, far.high), (near.low, near.high), ends, strict=True
        )
        if is_fixed
    ]
    change = matching(base.levels, nearer.levels, count).changes
    left = change * min(1.0, 1 / max(expm1(2 * min(steps)), 1e-9))
    report(f"nearer walls: levels moved by up to {float(change.max()) / CM1:.2g} cm-1")
    return left


def _levels(target: Target, stage: Stage, changes: Tensor, walls: Tensor) -> Levels:
    """What the largest calculation gave, with the changes that its errors are estimated by.

    Args:
        target: with the accuracy.
        stage: the largest calculation.
        changes: with other functions, points and ranges, (3, S); some cross zero by chance.
        walls: what is left beyond ends that cannot move out, (S,).
    """
    most = changes.where(changes.isfinite(), 0.0).amax(1, keepdim=True)
    changes = changes.clamp(min=NEIGHBOURS * most)
    changes[2] += walls
    result = Levels(
        target.system, stage.bases, Truncation(energy=stage.resolution.cut_energy),
        stage.resolution.cap, target.wells[0], target.lowest_energy, stage.hamiltonian,
        stage.pairs.first(changes.shape[1]), changes, "target",
    )  # fmt: skip
    missed = _missed(target, stage, result.convergence, walls)
    return replace(result, warnings=(*stage.warnings, *missed, *level_warnings(result)))


def _missed(target: Target, stage: Stage, convergence: Tensor, walls: Tensor) -> list[str]:
    """Sentences on the levels that are not as accurate as asked for."""
    over = (convergence - 2 * walls > target.accuracy).nonzero().flatten().tolist()
    alone = convergence.isinf().nonzero().flatten().tolist()
    sentences = []
    if alone:
        sentences.append(
            f"levels {', '.join(map(str, alone))} appear in the largest calculation only: their "
            "errors are unknown, and levels may be missing among them; raise the budget"
        )
    if over:
        sentences.append(
            f"{len(over)} of {len(convergence)} levels, from number {over[0]} on, are not "
            f"converged to the {target.accuracy / CM1:g} cm-1 asked for; raise the budget"
        )
    stopped = ((convergence > target.accuracy) & (walls > 0)).nonzero().flatten().tolist()
    stopped = [n for n in stopped if n not in over]
    if stopped:
        fixed = _fixed(target, stage)
        ends = [name for name, sides in zip(target.names, fixed, strict=True) if any(sides)]
        sentences.append(
            f"levels {', '.join(map(str, stopped))} feel where the surface ends (the limits of "
            f"{', '.join(ends)}), by up to {2 * float(walls[stopped].max()) / CM1:.2g} cm-1: only "
            "a surface that reaches farther gives them better"
        )
    return sentences


def _fixed(target: Target, stage: Stage) -> list[tuple[bool, bool]]:
    """Whether each end of each range stands at a limit."""
    ranges = [(b.low, b.high) for b in stage.bases]
    return fixed_ends(ranges, target.kinds, target.ranges or target.limits)
