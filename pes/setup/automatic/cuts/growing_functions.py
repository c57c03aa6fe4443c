"""Growing number of functions until levels are accurate, by the vectors of each calculation.

The products of functions that a calculation keeps reach up to an energy. What those of the last
step do to its levels, and how much less than those of the step before, tells what is still to come
and how far the next calculation must reach: no second one is needed for the comparison.
"""

from collections.abc import Callable
from math import exp, expm1, log
from time import process_time

import torch
from scipy.optimize import root_scalar
from torch import Tensor

from pes.setup.automatic.cuts.cut_forecast import LAST, TRIALS
from pes.setup.automatic.cuts.inner_products import inner_changes, rough_changes
from pes.setup.automatic.cuts.stage import Stage
from pes.setup.automatic.request import SIGNALLED, Budget, StoppedError, Target
from pes.setup.minima.harmonic_levels import frequencies
from pes.units import CM1
from pes.vibration.levels.left_over import share_after_half, share_left

__all__ = ["LONG_STEP", "functions_ahead", "grown", "left_by_functions"]

STEP = 1.2
"""Least factor by which the cut energy grows."""

LONG_STEP = 1.8
"""Largest factor by which the cut energy grows at once."""

STIFF = 2.2
"""Least cut energy of the last calculation, in the highest harmonic frequency: levels far below it,
as of a weakly bound complex, shift with the stiffest mode too, which no smaller one holds."""

SHORT_STEP = 1.05
"""Least factor: a larger calculation costs about as much as the one before it."""

FARTHEST = 2.4
"""Largest factor of the cut energy that is foreseen at the start: small calculations say too much,
errors fall ever faster. Nineteen triatomic surfaces took 1.1 to 3.4."""

SLOWEST = 0.05
"""Least rate at which errors are taken to fall with the cut energy."""

AIM = 0.5
"""Part of what functions may leave that a larger calculation is made for."""

SURE = 4.0
"""Error expected of the functions, in units of the allowed one, above which it is computed."""

LEAST = 0.15
"""Least part of the last change that is taken for the error that is left."""


def grown(
    target: Target,
    goal: float,
    solve: Callable[..., Stage],
    stage: Stage,
    count: int,
    budget: Budget,
    started: float,
    report: Callable[[str], None],
) -> tuple[Stage, Tensor]:
    """A calculation with functions enough for a goal, and the errors that they leave, (S,).

    Args:
        target: target with the system.
        goal: largest error that functions may leave, hartree.
        solve: makes the calculations.
        stage: the first of them.
        count: number of levels.
        budget: what all of it may cost.
        started: CPU time of the process at the start, seconds.
        report: called with a sentence after each calculation.
    """
    modes = frequencies(target.system, target.wells[0], target.limits, target.kinds)
    least = STIFF * float(modes[-1])
    while True:
        expected = _expected(stage, count)
        left = expected[1] * _share(expected)
        near = _needed(stage, expected, AIM * goal, LONG_STEP) < LONG_STEP
        if near or float(left.max()) < SURE * goal:
            rough, left = float(left.max()), left_by_functions(stage, count)
            # Couplings among lost products matter as much for the next step.
            expected = expected * (float(left.max()) / rough if rough else 1.0)
        most, cut = float(left.max()), stage.resolution.cut_energy
        done, room = most <= goal and cut >= least, LAST * budget.functions / stage.hamiltonian.size
        step = min(
            max(_growth(stage, expected, AIM * goal), least / cut), max(1.0, room) ** (1 / 3)
        )
        ahead = (TRIALS if done else (1 + TRIALS) * step**4) * stage.seconds
        spent = process_time() - started
        report(
            f"{stage.hamiltonian.size} functions on {len(stage.hamiltonian.potential)} points: "
            f"more functions would move levels by up to {most / CM1:.2g} cm-1; {spent:.1f} "
            f"CPU-s spent, about {ahead:.1f} left"
        )
        late, full = spent + ahead > budget.seconds, stage.hamiltonian.size > budget.functions
        if full and not (done or late):
            report(
                f"no more functions are added: `minutes` allows about {budget.functions}; "
                "raise it for more accurate levels"
            )
        stopped = budget.stopped()
        if stopped and not done:
            report(f"no more functions are added: {SIGNALLED}")
        if done or late or full or stopped:
            return stage, left
        try:
            stage = solve(
                stage.resolution.more_functions(step), stage,
                watch=lambda _: budget.go_on(started),
            )  # fmt: skip
        except StoppedError as reason:
            report(f"no more functions are added: {reason}")
            return stage, left


def left_by_functions(stage: Stage, count: int) -> Tensor:
    """Errors of levels that the missing functions of a calculation cause, (S,)."""
    change = inner_changes(stage, stage.resolution.cut_energy / _step(stage), count)
    return change * _share(_expected(stage, count))


def _share(expected: Tensor) -> Tensor:
    """Part of the changes with the last step that is still to come, (S,).

    Errors that fell fast may fall slowly in the end: the last half step tells.
    """
    half, last, two = expected
    return share_left(last, two, LEAST).maximum(share_after_half(half, last))


def _expected(stage: Stage, count: int) -> Tensor:
    """Changes of levels without the last half step, the last step and the last two, (3, S)."""
    cut, step = stage.resolution.cut_energy, _step(stage)
    parts = (1 + 1 / step) / 2, 1 / step, 1 / step**2
    return torch.stack([rough_changes(stage, part * cut, count) for part in parts])


def functions_ahead(stage: Stage, count: int, goal: float, budget: Budget) -> int:
    """Number of functions of the largest calculation, if errors go on to fall as they do.

    Functions fill a volume of three dimensions: their number grows as the cube of their energy. On
    nineteen triatomic surfaces the largest had 0.6 to 6 times as many, most 0.6 to 1.7.

    Args:
        stage: the first calculation.
        count: number of levels.
        goal: largest error that functions may leave, hartree.
        budget: budget with the number of functions from which nothing grows any more.
    """
    needed = _needed(stage, _expected(stage, count), AIM * goal, FARTHEST)
    return round(min(needed**3 * stage.hamiltonian.size, LAST * budget.functions))


def _growth(stage: Stage, expected: Tensor, goal: float) -> float:
    """Factor by which the cut energy grows next: half of a long way, in orders of magnitude."""
    needed = _needed(stage, expected, goal, LONG_STEP**2)
    return needed if needed <= LONG_STEP else needed**0.5


def _needed(stage: Stage, expected: Tensor, goal: float, most: float) -> float:
    """Factor of the cut energy after which errors have fallen to a goal: exponentially.

    What the last step does falls as the errors where it begins, and its share that is left as its
    ratio to the step before.

    Args:
        stage: calculation so far.
        expected: changes without the last half step, the last one and the last two, (3, S).
        goal: error to come to, hartree.
        most: largest factor.
    """
    inner = 1 / _step(stage)
    half, last, both = expected.amax(1).tolist()
    rate = _rate(half, both, inner)
    needed = SHORT_STEP
    while needed < most:
        ratio = exp(-rate * needed * (inner - inner**2))
        share = max(LEAST, min(3 * ratio, 1.0))
        if share * last * exp(-rate * inner * (needed - 1)) <= goal:
            break
        needed += 0.01
    return needed


def _rate(half: float, both: float, inner: float) -> float:
    """Rate r at which errors exp(−rE) fall, with E in units of the cut energy, from two changes.

    Errors fall ever faster: the change without the last half step says more of what is to come
    than that without the whole step. Rates stay within what errors are taken to fall by.

    Args:
        half: change without the last half step.
        both: change without the last two steps.
        inner: cut energy a step before, in the cut energy.

    Example:
        >>> parts, inner = (11 / 12, 25 / 36), 5 / 6
        >>> half, both = (exp(-10 * part) - exp(-10) for part in parts)
        >>> round(_rate(half, both, inner), 6)
        10.0
    """
    fastest = log(1 + 1 / LEAST) / (1 - inner)

    def ratio(rate: float) -> float:
        return expm1(rate * (1 - inner**2)) / expm1(rate * (1 - inner) / 2)

    # Changes that are not numbers tell nothing.
    if not both > half * ratio(SLOWEST):
        return SLOWEST
    if both >= half * ratio(fastest):
        return fastest
    return root_scalar(
        lambda rate: ratio(rate) - both / half, bracket=(SLOWEST, fastest), method="brentq"
    ).root


def _step(stage: Stage) -> float:
    """Factor of the cut energy that adds two functions to each coordinate.

    One alone would leave levels of the other parity where they are.
    """
    return max(STEP, 1 + 2 / min(spec.functions for spec in stage.bases))
