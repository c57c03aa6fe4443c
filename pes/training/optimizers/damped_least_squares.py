"""Levenberg–Marquardt: Gauss–Newton steps, shortened until they do what they promise."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pes.training.optimizers.damped_step import damped_step
from pes.training.optimizers.problem import LeastSquares, Step

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
    """Minimise ½‖r‖², one accepted step at a time (`damped_step`), until no step lowers it.

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
