"""L-BFGS, for more parameters than JᵀJ has room for, from the start or after epochs of Adam."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from pes.training.optimizers.problem import LeastSquares, Step, check_finite
from pes.training.optimizers.small_batches import adam

__all__ = ["adam_lbfgs", "lbfgs"]


def lbfgs(
    problem: LeastSquares,
    parameters: Tensor,
    state: dict[str, Any] | None = None,
    *,
    iterations: int = 10,
    history: int = 100,
) -> Iterator[Step]:
    """Minimise ½‖r‖² over all points at once, with a strong Wolfe line search.

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
        method.load_state_dict({name: deepcopy(state[name]) for name in method.state_dict()})

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


def adam_lbfgs(
    problem: LeastSquares,
    parameters: Tensor,
    state: dict[str, Any] | None = None,
    *,
    adam_epochs: int = 200,
    learning_rate: float = 1e-2,
    last_learning_rate: float = 1e-4,
    batch: int = 64,
    iterations: int = 10,
    history: int = 100,
    seed: int = 0,
) -> Iterator[Step]:
    """Minimise ½‖r‖²: `adam` for some epochs to get near a minimum, then `lbfgs` to get into it.

    Args:
        problem: the residuals.
        parameters: parameters at the start (P,).
        state: state of the step to continue from.
        adam_epochs: steps of Adam, over which its learning rate falls.
        learning_rate: learning rate of the first epoch.
        last_learning_rate: learning rate of the last epoch of Adam.
        batch: points in each update of Adam.
        iterations: line searches in each step of L-BFGS.
        history: gradients that L-BFGS remembers.
        seed: seed of the order of the points.

    Yields:
        Steps with `learning_rate` among their details, 0 once L-BFGS has taken over.

    Raises:
        ValueError: if `adam_epochs`, `learning_rate` or `batch` is not positive.
        FloatingPointError: if the loss becomes NaN or infinite.
    """
    if adam_epochs < 1:
        raise ValueError(f"`adam_epochs` must be positive, got {adam_epochs}")
    inner = None if state is None else state["inner"]
    phase = "adam" if state is None else state["phase"]
    if phase == "adam":
        done = 0 if inner is None else int(inner["epoch"])
        steps = adam(
            problem, parameters, inner, learning_rate=learning_rate,
            last_learning_rate=last_learning_rate, epochs=adam_epochs, batch=batch, seed=seed,
        )  # fmt: skip
        for step in islice(steps, adam_epochs - done):
            parameters = step.parameters
            yield replace(step, state={"phase": "adam", "inner": step.state})
        inner = None
    for step in lbfgs(problem, parameters, inner, iterations=iterations, history=history):
        details = {"learning_rate": 0.0, **step.details}
        yield replace(step, details=details, state={"phase": "lbfgs", "inner": step.state})
