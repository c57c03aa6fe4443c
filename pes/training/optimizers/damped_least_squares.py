"""Levenberg–Marquardt: Gauss–Newton steps, damped until they lower the loss as predicted.

`levenberg_marquardt` solves one problem; `damped_step` takes one step of several at once.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from pes.training.optimizers.problem import LeastSquares, Step, check_finite

__all__ = ["DampedStep", "LeastSquaresProblems", "at_minimum", "damped_step", "damping_factor",
           "levenberg_marquardt", "moved"]  # fmt: skip

log = logging.getLogger("pes")

GROWTH = 2.0
"""Factor of λ after the first rejected step; it doubles with each further one."""

SMALLEST_FACTOR = 1 / 3
"""Lower limit of the factor of λ after an accepted step."""

LARGEST_DAMPING = 1e12
"""Upper limit of λ in units of the largest diagonal element of JᵀJ, or of 1 if that is smaller."""

SHORTEST = 1e-16
"""Length of a step relative to that of the parameters, below which these are a minimum."""


class LeastSquaresProblems(Protocol):
    """½‖r_k(p_k)‖² of several problems k with parameters of one size."""

    def loss(self, parameters: Tensor, members: Tensor) -> Tensor:
        """½‖r‖² (A,) of some problems (A,), given their parameters (A, P)."""
        ...

    def normal_equations(
        self, parameters: Tensor, members: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Losses (A,), Jᵀr (A, P) and the lower triangle of JᵀJ (A, P, P)."""
        ...

    def curvature(self, parameters: Tensor, directions: Tensor, members: Tensor) -> Tensor:
        """Jᵀ d²r(p + tv)/dt² (A, P) at t = 0 for directions v (A, P)."""
        ...


def levenberg_marquardt(
    problem: LeastSquares,
    parameters: Tensor,
    state: dict[str, Any] | None = None,
    *,
    damping: float = 1e-3,
    acceleration: float = 0.75,
) -> Iterator[Step]:
    """Minimise ½‖r‖² until no step lowers it; each iteration is one accepted `damped_step`.

    Args:
        problem: the residuals.
        parameters: parameters at the start (P,).
        state: state of the step to continue from.
        damping: first λ in units of the largest diagonal element of JᵀJ.
        acceleration: largest ratio of the second-order term of a step to half of the first.

    Raises:
        ValueError: if `damping` is not positive.
        FloatingPointError: if the loss is not finite at the start.
    """
    if not damping > 0:
        raise ValueError(f"`damping` must be positive, got {damping}")
    single, member = _Single(problem), torch.zeros(1, dtype=torch.long, device=parameters.device)
    first = -damping if state is None else float(state["damping"])
    lam = parameters.new_tensor([first])
    while True:
        step = damped_step(single, parameters[None], lam, member, acceleration=acceleration)
        if not bool(step.successful):
            log.info("no step lowers the loss any more: damping up to %.1e tried", step.used)
            return
        parameters, lam = step.parameters[0], step.damping
        yield Step(
            parameters,
            float(step.losses),
            float(step.gradient_norms),
            {"damping": float(step.used)},
            {"damping": float(lam)},
        )


@dataclass(frozen=True)
class _Single:
    """One problem as `damped_step` sees several; plain products, not batches of one.

    Batches of one took 7 to 10 % more CPU time per step for energies alone and 35 % more with
    forces (water, 16-16 hidden units, one thread).
    """

    problem: LeastSquares

    def loss(self, parameters: Tensor, members: Tensor) -> Tensor:
        return self.problem.loss(parameters[0])[None]

    def normal_equations(
        self, parameters: Tensor, members: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        loss, gradient, matrix = self.problem.normal_equations(parameters[0])
        return loss[None], gradient[None], matrix[None]

    def curvature(self, parameters: Tensor, directions: Tensor, members: Tensor) -> Tensor:
        return self.problem.curvature(parameters[0], directions[0])[None]


@dataclass(frozen=True)
class DampedStep:
    """Result of `damped_step`.

    Attributes:
        parameters: new parameters (A, P).
        losses: their ½‖r‖² (A,).
        gradient_norms: ‖Jᵀr‖ (A,) where the step started.
        used: λ (A,) of the last step tried.
        damping: λ (A,) to begin the next step with.
        successful: whether a step lowered the loss (A,); False at a minimum.
    """

    parameters: Tensor
    losses: Tensor
    gradient_norms: Tensor
    used: Tensor
    damping: Tensor
    successful: Tensor


def damped_step(
    problem: LeastSquaresProblems,
    parameters: Tensor,
    damping: Tensor,
    members: Tensor,
    *,
    acceleration: float = 0.75,
) -> DampedStep:
    """One accepted Levenberg–Marquardt step of each of some problems.

    Solves (JᵀJ + λI) v = −Jᵀr and (JᵀJ + λI) a = −½ Jᵀ d²r(p + tv)/dt² and steps by v + a, the
    second term of the geodesic that v starts; by v alone where 2‖a‖ > `acceleration` ‖v‖. With ρ
    the ratio of the actual to the predicted fall of the loss, an accepted step multiplies λ by
    max(1/3, 1 − (2ρ − 1)³), a rejected one by 2, 4, 8... What one problem does depends on its own
    loss alone: as if it were solved by itself.

    Args:
        problem: all problems.
        parameters: (A, P) of the problems that go on.
        damping: λ (A,); a negative one means that fraction of the largest diagonal element.
        members: (A,) their numbers.
        acceleration: largest ratio of 2‖a‖ to ‖v‖; 0 for steps of first order.

    Raises:
        FloatingPointError: if a loss is not finite at the start.

    References:
        H. B. Nielsen, Damping parameter in Marquardt's method, report IMM-REP-1999-05,
        Technical University of Denmark (1999);
        M. K. Transtrum, J. P. Sethna, arXiv:1201.5885 (2012)
    """
    loss, gradient, matrix = problem.normal_equations(parameters, members)
    for value in loss.tolist():
        check_finite(value, "look for NaN labels, or start from another seed")
    for value in gradient.norm(dim=1).tolist():
        check_finite(value, "start from another seed")
    top = matrix.diagonal(dim1=1, dim2=2).amax(1)
    lam = torch.where(damping < 0, -damping * top, damping)
    new, new_loss, used = parameters.clone(), loss.clone(), lam.clone()
    successful = torch.zeros_like(members, dtype=torch.bool)
    growth, pending = torch.full_like(lam, GROWTH), torch.arange(len(members), device=lam.device)
    while len(pending):
        used[pending] = lam[pending]
        factor, solved = _factors(matrix[pending], lam[pending])
        v = -_solutions(factor, gradient[pending])
        trial = parameters[pending] + v
        if acceleration > 0:
            bend = problem.curvature(parameters[pending], v, members[pending])
            trial = moved(parameters[pending], v, -0.5 * _solutions(factor, bend), acceleration)
        trial_loss = problem.loss(trial, members[pending])
        predicted = 0.5 * (v * (lam[pending, None] * v - gradient[pending])).sum(1)
        gain = (loss[pending] - trial_loss) / predicted
        ended = solved & at_minimum(parameters[pending], v)
        accepted = solved & (gain > 0) & ~ended
        done = pending[accepted]
        new[done], new_loss[done], successful[done] = trial[accepted], trial_loss[accepted], True
        lam[done] *= damping_factor(gain[accepted]).clamp(min=SMALLEST_FACTOR)
        pending = pending[~accepted & ~ended]
        lam[pending] *= growth[pending]
        growth[pending] *= 2
        pending = pending[lam[pending] < LARGEST_DAMPING * top[pending].clamp(min=1.0)]
    return DampedStep(new, new_loss, gradient.norm(dim=1), used, lam, successful)


def moved(parameters: Tensor, v: Tensor, a: Tensor, acceleration: float) -> Tensor:
    """Trial parameters p + v + a, or p + v where 2‖a‖ > `acceleration` ‖v‖.

    Args:
        parameters: p (..., P).
        v: step of first order (..., P).
        a: step of second order (..., P).
        acceleration: largest ratio of 2‖a‖ to ‖v‖.

    Example:
        >>> p, v = torch.zeros(2, 1), torch.ones(2, 1)
        >>> moved(p, v, torch.tensor([[0.25], [0.5]]), 0.75).tolist()
        [[1.25], [1.0]]
    """
    short = 2 * a.norm(dim=-1, keepdim=True) <= acceleration * v.norm(dim=-1, keepdim=True)
    return torch.where(short, parameters + v + a, parameters + v)


def at_minimum(parameters: Tensor, v: Tensor) -> Tensor:
    """Whether a step v (..., P) is too short to change the parameters (..., P)."""
    return v.norm(dim=-1) <= SHORTEST * parameters.norm(dim=-1)


def damping_factor(gain: Any) -> Any:
    """1 − (2ρ − 1)³, by which λ changes after an accepted step, before its lower limit.

    Args:
        gain: ρ, actual over predicted fall of the loss; a number or a tensor (A,).

    Example:
        >>> damping_factor(0.5), max(SMALLEST_FACTOR, damping_factor(1.0)) == 1 / 3
        (1.0, True)
    """
    return 1 - (2 * gain - 1) ** 3


def _factors(matrix: Tensor, lam: Tensor) -> tuple[Tensor, Tensor]:
    """Cholesky factors of JᵀJ + λI (A, P, P), and whether rounding left it definite (A,)."""
    matrix.diagonal(dim1=1, dim2=2).add_(lam[:, None])
    factor, info = torch.linalg.cholesky_ex(matrix)
    return factor, info == 0


def _solutions(factor: Tensor, right: Tensor) -> Tensor:
    """x (A, P) of (JᵀJ + λI) x = right."""
    return torch.cholesky_solve(right[..., None], factor)[..., 0]
