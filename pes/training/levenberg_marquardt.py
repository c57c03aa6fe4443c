"""Levenberg–Marquardt: Gauss–Newton steps, shortened until they do what they promise."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from pes.training.problem import Problem, Step, check_finite

__all__ = ["levenberg_marquardt"]

SHORTEST = 1e-16
LARGEST_DAMPING = 1e12


def levenberg_marquardt(
    problem: Problem,
    parameters: Tensor,
    state: dict[str, Any] | None = None,
    *,
    damping: float = 1e-3,
) -> Iterator[Step]:
    """Minimise ½‖r‖², one accepted step at a time, until no step lowers it.

    Solves (JᵀJ + λI) h = −Jᵀr. With ρ the ratio of the actual to the predicted fall of the
    loss, an accepted step multiplies λ by max(1/3, 1 − (2ρ − 1)³), a rejected one by 2, 4, 8...

    Args:
        problem: the residuals.
        parameters: where to start, (P,).
        state: of the step to continue from.
        damping: first λ in units of the largest diagonal element of JᵀJ.

    Raises:
        ValueError: if `damping` is not positive.
        FloatingPointError: if the loss is not finite at the start.

    References:
        H. B. Nielsen, Damping parameter in Marquardt's method, report IMM-REP-1999-05,
        Technical University of Denmark (1999)
    """
    if not damping > 0:
        raise ValueError(f"`damping` must be positive, got {damping}")
    lam = None if state is None else float(state["damping"])
    while True:
        loss, gradient, matrix = problem.normal_equations(parameters)
        check_finite(float(loss), "look for NaN labels, or start from another seed")
        top = float(matrix.diagonal().max())
        lam = damping * top if lam is None else lam
        step = _accepted(problem, parameters, loss, gradient, matrix, lam)
        if step is None:
            return
        parameters, loss, used, lam = step
        yield Step(
            parameters,
            float(loss),
            float(gradient.norm()),
            {"damping": used},
            {"damping": lam},
        )


def _accepted(
    problem: Problem,
    parameters: Tensor,
    loss: Tensor,
    gradient: Tensor,
    matrix: Tensor,
    lam: float,
) -> tuple[Tensor, Tensor, float, float] | None:
    """New parameters, their loss, the λ that led there and the next λ; None at a minimum."""
    growth = 2.0
    limit = LARGEST_DAMPING * max(1.0, float(matrix.diagonal().max()))
    while lam < limit:
        h = _solution(matrix, gradient, lam)
        if h is not None:
            if h.norm() <= SHORTEST * parameters.norm():
                return None
            trial = parameters + h
            trial_loss = problem.loss(trial)
            predicted = 0.5 * (h @ (lam * h - gradient))
            gain = float((loss - trial_loss) / predicted)
            if gain > 0:
                return trial, trial_loss, lam, lam * max(1 / 3, 1 - (2 * gain - 1) ** 3)
        lam, growth = lam * growth, growth * 2
    return None


def _solution(matrix: Tensor, gradient: Tensor, lam: float) -> Tensor | None:
    """h of (JᵀJ + λI) h = −Jᵀr, None where rounding makes the matrix indefinite."""
    damped = matrix.clone()
    damped.diagonal().add_(lam)
    factor, info = torch.linalg.cholesky_ex(damped)
    if int(info) != 0:
        return None
    return -torch.cholesky_solve(gradient[:, None], factor)[:, 0]
