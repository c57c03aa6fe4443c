"""Error that a fitted surface leaves in the states of a linear molecule, with l > 0 as well."""

from collections.abc import Sequence
from dataclasses import replace
from math import nan

import torch
from torch import Tensor

from pes.rovibration import Contraction
from pes.rovibration.state_choice import only
from pes.setup.errors.extrapolation import outside
from pes.setup.errors.fit_error import MOST_OUTSIDE, HeldOut, held_out, mean_squares
from pes.setup.problem.problem import Problem
from pes.units import CM1
from pes.vibration.levels.result import Levels

__all__ = ["axial_fit_errors"]


def axial_fit_errors(
    basis: Contraction, task: Problem, of_levels: Sequence[float]
) -> tuple[float, ...]:
    """Errors that the fit leaves in the states of a linear molecule, K after K, cm⁻¹.

    States with l > 0 are none of the J = 0 levels. Their errors are those of
    `pes.setup.errors.fit_error.fit_errors`, averaged over their own wavefunctions.

    Args:
        basis: states of each K.
        task: task with the surface.
        of_levels: errors of the J = 0 levels; empty where nothing is known of those of the surface.

    Returns:
        One for each state; NaN for a state that was not asked for, and for one with l > 0 if it or
        the ground state reaches beyond the training points. Empty where nothing is known.
    """
    known = held_out(task.surface.record)
    if known is None or not of_levels:
        return ()
    first = replace(basis.levels, eigenpairs=basis.levels.eigenpairs.first(1))
    ground = _averages(first, task, known)
    asked = basis.asked.split([len(one.energies) for one in basis.states])
    errors = [*of_levels, *[nan] * (len(asked[0]) - len(of_levels))]
    for states, own in zip(basis.states[1:], asked[1:], strict=True):
        column = torch.full((len(own),), nan, dtype=torch.float64)
        if bool(own.any()):
            of_states = _averages(only(states, own.nonzero().flatten()), task, known)
            column[own] = _above(ground, of_states) / CM1
        errors += column.tolist()
    return tuple(errors)


def _averages(states: Levels, task: Problem, known: HeldOut) -> tuple[Tensor, Tensor, Tensor]:
    """⟨δV²⟩ between the ends of the training points, ⟨|δV|⟩ and the probability beyond them."""
    beyond = outside(states, task)
    assert beyond is not None
    return *mean_squares(states, task, known), beyond


def _above(ground: tuple[Tensor, Tensor, Tensor], states: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """Errors of energies above the ground state, hartree."""
    (mean, past, beyond), (mean0, past0, beyond0) = states, ground
    far = beyond.maximum(beyond0) > MOST_OUTSIDE
    return torch.where(far, nan, (mean + mean0).sqrt() + past + past0)
