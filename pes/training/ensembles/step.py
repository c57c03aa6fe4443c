"""One Levenberg–Marquardt step of several networks at once."""

import torch
from torch import Tensor

from pes.training.ensembles.problem import EnsembleProblem
from pes.training.optimizers.problem import check_finite
from pes.training.optimizers.step_control import (
    GROWTH,
    LARGEST_DAMPING,
    SMALLEST_FACTOR,
    at_minimum,
    damping_factor,
    moved,
)

__all__ = ["ensemble_step"]


def ensemble_step(
    problem: EnsembleProblem,
    parameters: Tensor,
    damping: Tensor,
    members: Tensor,
    *,
    acceleration: float = 0.75,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """One accepted Levenberg–Marquardt step of each of some members.

    What a member does depends on its own loss alone: as if it were fitted by itself.

    Args:
        problem: problem of all M members.
        parameters: (A, P) of the members that go on.
        damping: λ (A,); a negative one means that fraction of the largest diagonal element.
        members: (A,) their numbers.
        acceleration: see `levenberg_marquardt`.

    Returns:
        New parameters (A, P), their losses (A,), ‖Jᵀr‖ before (A,), the next λ (A,), and
        whether a step lowered the loss (A,): False at a minimum.
    """
    loss, gradient, matrix = problem.normal_equations(parameters, members)
    for value in loss.tolist():
        check_finite(value, "look for NaN labels, or start from another seed")
    top = matrix.diagonal(dim1=1, dim2=2).amax(1)
    lam = torch.where(damping < 0, -damping * top, damping)
    new, new_loss = parameters.clone(), loss.clone()
    successful = torch.zeros_like(members, dtype=torch.bool)
    growth, pending = torch.full_like(lam, GROWTH), torch.arange(len(members), device=lam.device)
    while len(pending):
        factor, solved = _factors(matrix[pending], lam[pending])
        v = -_solutions(factor, gradient[pending])
        trial = parameters[pending] + v
        if acceleration > 0:
            bend = problem.curvature(parameters[pending], v, members[pending])
            a = -0.5 * _solutions(factor, bend)
            trial = moved(parameters[pending], v, a, acceleration)
        trial_loss = problem.loss(trial, members[pending])
        promised = 0.5 * (v * (lam[pending, None] * v - gradient[pending])).sum(1)
        gain = (loss[pending] - trial_loss) / promised
        ended = solved & at_minimum(parameters[pending], v)
        accepted = solved & (gain > 0) & ~ended
        done = pending[accepted]
        new[done], new_loss[done], successful[done] = trial[accepted], trial_loss[accepted], True
        lam[done] *= damping_factor(gain[accepted]).clamp(min=SMALLEST_FACTOR)
        pending = pending[~accepted & ~ended]
        lam[pending] *= growth[pending]
        growth[pending] *= 2
        pending = pending[lam[pending] < LARGEST_DAMPING * top[pending].clamp(min=1.0)]
    return new, new_loss, gradient.norm(dim=1), lam, successful


def _factors(matrix: Tensor, lam: Tensor) -> tuple[Tensor, Tensor]:
    """Cholesky factors of JᵀJ + λI (A, P, P), and whether rounding left it definite (A,)."""
    matrix.diagonal(dim1=1, dim2=2).add_(lam[:, None])
    factor, info = torch.linalg.cholesky_ex(matrix)
    return factor, info == 0


def _solutions(factor: Tensor, right: Tensor) -> Tensor:
    """x (A, P) of (JᵀJ + λI) x = right."""
    return torch.cholesky_solve(right[..., None], factor)[..., 0]
