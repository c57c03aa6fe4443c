"""Adam on small batches, for sets too large to look at as a whole before each step."""

from collections.abc import Iterator
from copy import deepcopy
from math import cos, pi
from typing import Any

import torch
from torch import Tensor

from pes.training.optimizers.problem import LeastSquares, Step, check_finite

__all__ = ["adam", "learning_rates"]


def learning_rates(epoch: int, *, first: float, last: float, epochs: int) -> float:
    """Learning rate of an epoch, falling from `first` to `last` along half a cosine.

    Example:
        >>> learning_rates(50, first=1e-2, last=0.0, epochs=100)
        0.005
    """
    progress = min(epoch / epochs, 1.0)
    return last + 0.5 * (first - last) * (1 + cos(pi * progress))


def adam(
    problem: LeastSquares,
    parameters: Tensor,
    state: dict[str, Any] | None = None,
    *,
    learning_rate: float = 1e-2,
    last_learning_rate: float = 1e-5,
    epochs: int = 1000,
    batch: int = 64,
    seed: int = 0,
) -> Iterator[Step]:
    """Minimise ½‖r‖²; one step passes once over all points in a new random order.

    Args:
        problem: the residuals.
        parameters: parameters at the start (P,).
        state: state of the step to continue from.
        learning_rate: learning rate of the first epoch.
        last_learning_rate: learning rate from epoch `epochs` on.
        epochs: length of the decay.
        batch: points in each update.
        seed: seed of the order of the points.

    Raises:
        ValueError: if `learning_rate` or `batch` is not positive.
        FloatingPointError: if the loss becomes NaN or infinite.

    References:
        D. P. Kingma, J. Ba, arXiv:1412.6980
    """
    if not learning_rate > 0 or batch < 1:
        raise ValueError(
            f"`learning_rate` and `batch` must be positive, got {learning_rate} and {batch}"
        )
    x = parameters.clone()
    method = torch.optim.Adam([x], lr=learning_rate)
    epoch = 0
    if state is not None:
        method.load_state_dict(deepcopy(state["method"]))
        epoch = int(state["epoch"])
    while True:
        rate = learning_rates(epoch, first=learning_rate, last=last_learning_rate, epochs=epochs)
        for group in method.param_groups:
            group["lr"] = rate
        loss, gradient_norm = _epoch(problem, x, method, _order(problem.points, seed, epoch), batch)
        check_finite(loss, "lower `learning_rate`")
        epoch += 1
        yield Step(
            x.clone(),
            loss,
            gradient_norm,
            {"learning_rate": rate},
            {"method": deepcopy(method.state_dict()), "epoch": epoch},
        )


def _order(points: int, seed: int, epoch: int) -> Tensor:
    """A permutation that depends on seed and epoch alone, so that resuming needs no generator."""
    generator = torch.Generator().manual_seed((seed << 32) + epoch)
    return torch.randperm(points, generator=generator)


def _epoch(
    problem: LeastSquares, x: Tensor, method: torch.optim.Adam, order: Tensor, batch: int
) -> tuple[float, float]:
    total = x.new_zeros(())
    gradient = torch.zeros_like(x)
    for points in order.to(x.device).split(batch):
        loss, gradient = problem.gradient(x, points)
        # Each batch stands for the whole set, whatever its size.
        x.grad = gradient * (problem.points / len(points))
        method.step()
        total += loss
    return float(total), float(gradient.norm())
