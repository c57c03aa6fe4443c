"""Adam to get near a minimum, L-BFGS to get into it."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from torch import Tensor

from pes.training.optimizers.adam import adam
from pes.training.optimizers.lbfgs import lbfgs
from pes.training.optimizers.problem import LeastSquares, Step

__all__ = ["adam_lbfgs"]


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
    """Minimise ½‖r‖² with `adam` for some epochs and `lbfgs` for the rest.

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
