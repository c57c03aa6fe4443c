"""Levenberg–Marquardt: Gauss–Newton steps, shortened until they do what they promise."""

import logging
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from pes.training.optimizers.problem import LeastSquares, Step, check_finite
from pes.training.optimizers.step_control import (
    GROWTH,
    LARGEST_DAMPING,
    SMALLEST_FACTOR,
    at_minimum,
    damping_factor,
    moved,
)

__all__ = ["levenberg_marquardt"]

log = logging.getLogger("pes")


def levenberg_marquardt(
    problem: LeastSquares,
    parameters: Tensor,
    state: dict[str, Any] | None = None,
    *,
    damping: float = 1e-3,
    acceleration: float = 0.75,
) -> Iterator[Step]:
    """Minimise ½‖r‖², one accepted step at a time, until no step lowers it.

    Solves (JᵀJ + λI) v = −Jᵀr and (JᵀJ + λI) a = −½ Jᵀ d²r(p + tv)/dt² and steps by v + a, the
    second term of the geodesic that v starts; by v alone where 2‖a‖ > `acceleration` ‖v‖. With ρ
    the ratio of the actual to the predicted fall of the loss, an accepted step multiplies λ by
    max(1/3, 1 − (2ρ − 1)³), a rejected one by 2, 4, 8...

    Args:
        problem: the residuals.
        parameters: parameters at the start (P,).
        state: state of the step to continue from.
        damping: first λ in units of the largest diagonal element of JᵀJ.
        acceleration: largest ratio of 2‖a‖ to ‖v‖; 0 for steps of first order.

    Raises:
        ValueError: if `damping` is not positive.
        FloatingPointError: if the loss is not finite at the start.

    References:
        H. B. Nielsen, Damping parameter in Marquardt's method, report IMM-REP-1999-05,
        Technical University of Denmark (1999);
        M. K. Transtrum, J. P. Sethna, arXiv:1201.5885 (2012)
    """
    if not damping > 0:
        raise ValueError(f"`damping` must be positive, got {damping}")
    lam = None if state is None else float(state["damping"])
    while True:
        loss, gradient, matrix = problem.normal_equations(parameters)
        check_finite(float(loss), "look for NaN labels, or start from another seed")
        top = float(matrix.diagonal().max())
        lam = damping * top if lam is None else lam
        check_finite(float(gradient.norm()), "start from another seed")
        step = _accepted(problem, parameters, loss, gradient, matrix, lam, acceleration)
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
    problem: LeastSquares,
    parameters: Tensor,
    loss: Tensor,
    gradient: Tensor,
    matrix: Tensor,
    lam: float,
    acceleration: float,
) -> tuple[Tensor, Tensor, float, float] | None:
    """New parameters, their loss, the λ that led there and the next λ; None at a minimum."""
    growth, tried, singular, first = GROWTH, 0, 0, lam
    limit = LARGEST_DAMPING * max(1.0, float(matrix.diagonal().max()))
    while lam < limit:
        factor = _factor(matrix, lam)
        tried += 1
        singular += factor is None
        if factor is not None:
            v = -torch.cholesky_solve(gradient[:, None], factor)[:, 0]
            if at_minimum(parameters, v):
                break
            trial = parameters + v
            if acceleration > 0:
                bend = problem.curvature(parameters, v)
                a = -0.5 * torch.cholesky_solve(bend[:, None], factor)[:, 0]
                trial = moved(parameters, v, a, acceleration)
            trial_loss = problem.loss(trial)
            predicted = 0.5 * (v @ (lam * v - gradient))
            gain = float((loss - trial_loss) / predicted)
            if gain > 0:
                return trial, trial_loss, lam, lam * max(SMALLEST_FACTOR, damping_factor(gain))
        lam, growth = lam * growth, growth * 2
    log.info(
        "no step lowers the loss any more: damping %.1e to %.1e tried%s",
        first,
        lam,
        f"; JᵀJ + λI was singular for {singular} of {tried}" if singular else "",
    )
    return None


def _factor(matrix: Tensor, lam: float) -> Tensor | None:
    """Cholesky factor of JᵀJ + λI, None where rounding makes the matrix indefinite."""
    damped = matrix.clone()
    damped.diagonal().add_(lam)
    factor, info = torch.linalg.cholesky_ex(damped)
    return factor if int(info) == 0 else None
