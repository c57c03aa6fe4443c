"""Members of an ensemble: the points that each learns from, and its untrained network."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from pes.chunks import in_chunks
from pes.data import Dataset, Split
from pes.data.cuts import member_cuts
from pes.potential import Ensemble, NeuralSurface
from pes.setup.training.planning.choices import FitChoice, TrainingChoices
from pes.setup.training.planning.settings import (
    EnsembleForm,
    TrainingSettings,
)
from pes.setup.training.planning.starting_surface import StartingSurface, starting_surface
from pes.training.bounded import bounded_sum
from pes.training.epoch import TrainingState
from pes.units import CM1

__all__ = [
    "held_out_errors",
    "kept_members",
    "member_rows",
    "member_validation",
    "untrained_members",
]

CHUNK = 4096
SMALLEST_MEAN = 0.75
"""Smallest error of the mean of an ensemble in units of that of a member, which is what points left
out show: an average over the sets in the benchmarks."""
FAILED = 4.0
"""Validation error, in units of the members' median, from which a member has failed."""


def member_rows(
    form: EnsembleForm, dataset: Dataset, parts: Split, seed: int
) -> list[tuple[Tensor, Tensor]]:
    """Training and validation rows of the data set for each member; a row may be drawn twice."""
    cuts = [(parts.train, parts.validation)] * form.members
    if form.validation == "own":
        pool = torch.cat((parts.train, parts.validation)).sort().values
        # The share is the one of the rows: a split may be given by the user.
        shares = member_cuts(
            dataset.select(pool), members=form.members,
            share=len(parts.validation) / len(pool), seed=seed,
        )  # fmt: skip
        cuts = [(pool[kept], pool[held]) for kept, held in shares]
    if form.bootstrap == "all":
        return [(_redrawn(rows, seed, k), held) for k, (rows, held) in enumerate(cuts)]
    return cuts


def _redrawn(rows: Tensor, seed: int, member: int) -> Tensor:
    """Bootstrap sample: as many rows, drawn with replacement."""
    generator = torch.Generator().manual_seed((seed << 16) + member)
    return rows[torch.randint(len(rows), (len(rows),), generator=generator)].sort().values


def untrained_members(
    settings: TrainingSettings,
    form: EnsembleForm,
    dataset: Dataset,
    parts: Split,
    device: torch.device,
    known: TrainingChoices,
) -> tuple[list[NeuralSurface], tuple[FitChoice, ...]]:
    """Members with their baselines and starting weights, and the choices made for each.

    The standardisation of the inputs of the first member serves all.
    """
    starts: list[StartingSurface] = []
    for k, (rows, held) in enumerate(member_rows(form, dataset, parts, settings.seed)):
        if form.bootstrap == "baseline":
            rows = _redrawn(rows, settings.seed, k)
        starts.append(
            starting_surface(
                _of_member(settings, form, k), dataset.select(rows), dataset.select(held), device,
                known.fits[k] if known.fits else None,
            )
        )  # fmt: skip
    members = [one.network for one in starts if one.network is not None]
    for member in members[1:]:
        member.mean.copy_(members[0].mean)
        member.deviation.copy_(members[0].deviation)
    weighted = dataset.forces is not None
    choices = (
        replace(one.choice, force_weight=one.choice.force_weight if weighted else None)
        for one in starts
    )
    return members, tuple(choices)


def _of_member(settings: TrainingSettings, form: EnsembleForm, k: int) -> TrainingSettings:
    """Settings of one network: its own seed, and its degree of the baseline."""
    surface = settings.form
    if (linear := surface.linear_baseline) is not None:
        degree = form.degrees[k % len(form.degrees)] if form.degrees else linear.degree
        surface = replace(surface, baseline=replace(linear, degree=degree))
    return replace(settings, form=surface, ensemble=None, seed=1000 * settings.seed + k)


def member_validation(members: Sequence[NeuralSurface], state: TrainingState) -> list[float]:
    """Weighted validation error in cm⁻¹ of each member's best epoch, as `bounded_sum` counts."""
    losses = state.optimizer["best_losses"].tolist()
    return [
        float(member.scale) * (2 * loss) ** 0.5 / CM1
        for member, loss in zip(members, losses, strict=True)
    ]


def kept_members(errors: Sequence[float], keep: float | Literal["auto"]) -> list[int]:
    """Numbers of the members to keep, by their validation errors, one at least.

    Args:
        errors: validation error of each member.
        keep: share to keep, those of the lowest errors; `auto` leaves out the ones that failed,
            with more than four times the median error.

    Example:
        >>> kept_members([1.0, 9.0, 1.2, 1.1], "auto"), kept_members([3.0, 1.0], 0.5)
        ([0, 2, 3], [1])
    """
    best = sorted(range(len(errors)), key=errors.__getitem__)
    if keep == "auto":
        limit = FAILED * errors[best[(len(best) - 1) // 2]]
        return sorted(k for k in best if errors[k] <= limit)
    return sorted(best[: max(1, round(keep * len(best)))])


def held_out_errors(
    surface: Ensemble,
    members: Sequence[int],
    form: EnsembleForm,
    dataset: Dataset,
    parts: Split,
    seed: int,
    rows: Tensor,
) -> tuple[Tensor, Tensor]:
    """Error of the mean and spread of some members at points as if none had seen them, hartree.

    Where members hold out parts of their own, a point shows the errors of those alone that have
    held it out. The mean has less: its squared error is that of a member less the variance of the
    members, as far as this is known, but 0.75 of the error at least. What all members have in
    common, such as noise of the labels, no mean takes away.

    Args:
        surface: the ensemble.
        members: numbers of the members.
        form: how points are held out.
        dataset: all points.
        parts: rows of each part.
        seed: seed of the fit.
        rows: rows of points (B,) outside the training part.

    Returns:
        Errors (B,), NaN where no member has held a point out, and spread (B,).
    """
    device = next(surface.buffers()).device
    points = dataset.select(rows).to(device)
    with torch.no_grad():
        each = in_chunks(surface.each, points.positions, CHUNK, dim=1)[members]
    spread = each.std(0, correction=min(1, len(members) - 1))
    if form.validation == "shared":
        return (each.mean(0) - points.energies).cpu(), spread.cpu()
    cuts = member_rows(form, dataset, parts, seed)
    unseen = torch.stack([torch.isin(rows, cuts[k][1]) for k in members]).to(device)
    errors = (each * unseen).sum(0) / unseen.sum(0) - points.energies
    return (_of_mean(errors, spread, len(members)) * errors).cpu(), spread.cpu()


def _of_mean(errors: Tensor, spread: Tensor, members: int) -> float:
    """Error of the mean in units of the errors (B,) of single members, NaN where unknown."""
    known = ~errors.isnan()
    if not known.any():
        return 1.0
    own = float(bounded_sum(errors[known].square()))
    variance = float(bounded_sum(spread[known].square())) * (members - 1) / members
    return max(SMALLEST_MEAN, max(0.0, 1 - variance / max(own, 1e-300)) ** 0.5)
