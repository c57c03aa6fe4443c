"""L-BFGS with a strong Wolfe line search, for more parameters than JᵀJ has room for."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor

from pes.training.optimizers.problem import LeastSquares, Step, check_finite

__all__ = ["lbfgs"]


def lbfgs(
    problem: LeastSquares,
    parameters: Tensor,
    state: dict[str, Any] | None = None,
    *,
    iterations: int = 10,
    history: int = 100,
) -> Iterator[Step]:
    """Minimise ½‖r‖² over all points at once.

    Args:
        problem: the residuals.
        parameters: parameters at the start (P,).
        state: state of the step to continue from.
        iterations: line searches in each step.
        history: number of past gradients that shape the search direction.

    Raises:
        FloatingPointError: if the loss becomes NaN or infinite.

    References:
        D. C. Liu, J. Nocedal, Math. Program. 45, 503 (1989), doi:10.1007/BF01589116
    """
    x = parameters.clone()
    method = torch.optim.LBFGS(
        [x],
        max_iter=iterations,
        max_eval=4 * iterations,
        history_size=history,
        line_search_fn="strong_wolfe",
        tolerance_grad=0.0,
        tolerance_change=0.0,  # the default stops a fit to hundredths of a cm⁻¹ at once
    )
    if state is not None:
        method.load_state_dict(deepcopy(state))

    def closure() -> float:
        loss, x.grad = problem.gradient(x)
        return float(loss)

    while True:
        before = x.clone()
        method.step(closure)
        loss, gradient = problem.gradient(x)
        check_finite(float(loss), "start from another seed, or use levenberg_marquardt")
        if torch.equal(before, x):
            return
        yield Step(
            x.clone(), float(loss), float(gradient.norm()), {}, deepcopy(method.state_dict())
        )
