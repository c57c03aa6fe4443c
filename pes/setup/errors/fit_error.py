"""Error of a fitted surface in levels, from its errors at points that the fit left out.

To first order an error δV of the surface moves a level by ⟨n|δV|n⟩, at most √⟨n|δV²|n⟩. Points
left out of the fit say how large δV is at each height of the surface, not its sign, so that the
root of its mean square over |ψ|² is what is printed: levels move by less where errors of
different places cancel. Few points may have small errors by chance: the bound is taken that nine
draws of ten keep, for errors of a normal distribution (their summed squares over σ² follow χ²).
Beyond the ends of the training points nothing is known but how the
surface leaves them: there |δV| is taken as the distance of the surface from its straight
continuation. Where more than a hundredth of a level lies beyond the points its error is taken as
twice how far the level moves on other surfaces that fit the same points.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf, nan, sqrt
from typing import Any

import torch
from scipy.special import gammaincinv
from torch import Tensor

from pes.potential import SurfaceRecord
from pes.potential.kinds import FITTED
from pes.setup.errors.other_fits import moved_by_other_fits
from pes.setup.problem.problem import Problem
from pes.units import CM1
from pes.vibration.levels.result import Levels
from pes.vibration.system.system import potential_in_chunks

__all__ = ["MOST_OUTSIDE", "HeldOut", "fit_errors", "fit_sentence", "held_out", "mean_squares"]

PARTS = ("validation", "test")
"""Points that a fit leaves out, as far as its record tells their errors."""

NO_RECORD = (
    "conv does not include the error of the fit, which is not known: a bare module has no record "
    "of it; give the result of pes.train, its folder or a surface file instead of the module"
)
"""Sentence about a fitted surface that came without its record."""

MOST_OUTSIDE = 0.01
"""Probability beyond the training points from which points left out do not tell the error."""

OPEN = 2.0
"""Error of a level beyond the points, in the largest shift by other surfaces that fit them: all of
these may err to the same side."""

INWARDS = 0.05
"""Part of the way beyond the last point over which the slope of the surface is taken there."""

LUCK = 0.1
"""Share of draws in which so few points have smaller errors than the bound allows."""

FEW = 2
"""Points without which a window is joined with the next: their errors may be small by chance."""


@dataclass(frozen=True)
class HeldOut:
    """Errors of a surface at points left out of its fit.

    Attributes:
        tops: upper ends of energy windows above the lowest training energy, cm⁻¹, ascending; the
            last is infinite.
        errors: root mean square errors between one end and the next, cm⁻¹.
        counts: points in each window.
    """

    tops: tuple[float, ...]
    errors: tuple[float, ...]
    counts: tuple[int, ...]

    @property
    def bounds(self) -> tuple[float, ...]:
        """Errors that so many points leave possible, cm⁻¹."""
        pairs = zip(self.errors, self.counts, strict=True)
        # Summed squares below this quantile of χ² with n degrees of freedom are that lucky.
        return tuple(error * sqrt(n / (2 * float(gammaincinv(n / 2, LUCK)))) for error, n in pairs)

    def at(self, heights: Tensor) -> Tensor:
        """Bounds at heights above the lowest training energy, both in hartree, (P,)."""
        ends = heights.new_tensor(self.tops[:-1]) * CM1
        return heights.new_tensor(self.bounds)[torch.bucketize(heights, ends)] * CM1

    def __str__(self) -> str:
        words = [f"below {top:.0f} cm-1" for top in self.tops[:-1]]
        words.append(f"above {self.tops[-2]:.0f} cm-1" if words else "at all energies")
        pairs = zip(self.errors, words, strict=True)
        return ", ".join(f"{error:.2g} {place}" for error, place in pairs)


def held_out(record: SurfaceRecord | None) -> HeldOut | None:
    """Errors in windows that do not overlap; None for a surface that does not know them.

    Args:
        record: record of a fit; its errors are those of all points up to the end of each window.
    """
    fitted = record is not None and "refined" not in record.notes
    reports = _reports(record.notes.get("errors")) if record is not None and fitted else []
    if not reports:
        return None
    ends = [*sorted((float(w), w) for w in reports[0][0] if w != "all"), (inf, "all")]
    sums = [
        (sum(n[w] for n, _ in reports), sum(n[w] * (e[w] or 0.0) ** 2 for n, e in reports))
        for _, w in ends
    ]
    steps = [(m - n, max(0.0, b - a)) for (n, a), (m, b) in pairwise([(0, 0.0), *sums])]
    joined = _joined([top for top, _ in ends], steps)
    if not joined:
        return None
    tops, errors, counts = zip(*joined, strict=True)
    return HeldOut(tops, errors, counts)


def _reports(errors: Any) -> list[tuple[Mapping[str, int], Mapping[str, float | None]]]:
    """Numbers of points and errors of the energies up to the end of each window."""
    known = errors if isinstance(errors, Mapping) else {}
    parts = [known[part] for part in PARTS if part in known]
    return [
        (part["points"]["count"], part["energy"]["rmse"])
        for part in parts
        if "points" in part and part["points"]["count"]["all"]
    ]


def _joined(
    tops: Sequence[float], steps: Sequence[tuple[int, float]]
) -> list[tuple[float, float, int]]:
    """End, error and points of each window, joined upwards until it has enough points."""
    windows: list[tuple[float, int, float]] = []
    count, squares = 0, 0.0
    for top, (n, square) in zip(tops, steps, strict=True):
        count, squares = count + n, squares + square
        if count >= FEW:
            windows.append((top, count, squares))
            count, squares = 0, 0.0
    if count and windows:
        _, n, square = windows.pop()
        windows.append((inf, n + count, square + squares))
    elif count:
        windows.append((inf, count, squares))
    if windows:
        windows[-1] = (inf, *windows[-1][1:])
    return [(top, sqrt(square / n), n) for top, n, square in windows]


def fit_errors(levels: Levels, task: Problem, outside: Tensor | None = None) -> Tensor | None:
    """Errors (S,) of levels that come from the fit, hartree; None where nothing is known of it.

    That of the first is of the zero-point energy, which counts from the minimum of the surface;
    the others are of excitations, which count from the ground state.

    Args:
        levels: levels on the CPU.
        task: task with the surface.
        outside: probability of each level beyond the training points, (S,).

    Returns:
        The errors; NaN for a level beyond the points where no other surface can be fitted to them.
    """
    known, record = held_out(task.surface.record), task.surface.record
    if known is None or record is None:
        return None
    lowest = record.energy_range[0]
    mean, past = mean_squares(levels, task, known)
    bottom = (known.bounds[0] * CM1) ** 2
    inside = torch.cat((mean[:1] + bottom, mean[1:] + mean[0])).sqrt()
    errors = inside + torch.cat((past[:1], past[1:] + past[0]))
    # An excitation counts from the ground state.
    beyond = torch.zeros_like(errors) if outside is None else outside.maximum(outside[0])
    far = beyond > MOST_OUTSIDE
    if not far.any():
        return errors
    moved = moved_by_other_fits(levels, task, lambda v: known.at(v - lowest))
    # The straight continuation tells nothing as far out as these levels reach.
    return torch.where(far, nan if moved is None else inside.maximum(OPEN * moved), errors)


def mean_squares(levels: Levels, task: Problem, known: HeldOut) -> tuple[Tensor, Tensor]:
    """⟨n|δV²|n⟩ between the ends of the training points and ⟨n||δV||n⟩ beyond them, (S,) each.

    Args:
        levels: levels, or other states of the molecule, on the CPU.
        task: task with the surface, whose record has its training points.
        known: errors of the surface at points left out of its fit.

    Returns:
        The first in squared hartree, the second in hartree.
    """
    assert task.surface.record is not None
    lowest = task.surface.record.energy_range[0]

    def squared(q: Tensor) -> Tensor:
        return known.at(potential_in_chunks(levels.system, q).cpu() - lowest).square()

    with torch.no_grad():
        mean = levels.means_of(squared)
        return mean, levels.means_of(lambda q: _unknown(q, levels, task))


def _unknown(q: Tensor, levels: Levels, task: Problem) -> Tensor:
    """|δV| (P,) in hartree beyond the ends of the training points, zero between them."""
    assert task.sampled is not None
    low, high = torch.tensor(task.sampled, dtype=q.dtype, device=q.device).T
    last = q.clamp(low, high)
    unknown = torch.zeros_like(q[:, 0])
    at = (q != last).any(1).nonzero().flatten()
    if len(at):
        steps = (q - last)[at]
        v, end, before = (
            potential_in_chunks(levels.system, x).to(q)
            for x in (q[at], last[at], last[at] - INWARDS * steps)
        )
        unknown[at] = (v - end - (end - before) / INWARDS).abs()
    return unknown


def fit_sentence(task: Problem) -> str | None:
    """Sentence about the error of a fitted surface; None for a surface that is no fit."""
    if task.surface.record is None:
        return NO_RECORD if isinstance(task.surface.potential, tuple(FITTED.values())) else None
    known = held_out(task.surface.record)
    if known is None:
        return (
            "conv does not include the error of the fit, and the surface file holds no errors at "
            "points left out of the fit: levels may be wrong by as much as the fit is"
        )
    return (
        "conv does not include the error of the fit: at points left out of the fit the RMSE of "
        f"the surface in cm-1 is {known}. The column fit is this error averaged over the "
        "wavefunction of each level; it grows where these points are few, and includes the "
        "possible error of the surface beyond the points. Where more than "
        f"{MOST_OUTSIDE:g} of the probability of a level lies beyond them, it is twice the shift "
        "of the level on other surfaces that fit the same points as well"
    )
