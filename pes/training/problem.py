"""A least-squares problem as every optimizer sees it, summed over points in chunks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

__all__ = ["Optimizer", "Problem", "Step", "check_finite"]


@dataclass(frozen=True)
class Problem:
    """½‖r(p)‖² over points that may each own several rows of r.

    Attributes:
        residuals: parameters (P,) and point indices (b,) to rows (M,), differentiable.
        jacobian: the same arguments to rows (M,) and ∂r/∂p (M, P).
        points: number of points.
        chunk: points per call; bounds the memory, not the result.
    """

    residuals: Callable[[Tensor, Tensor], Tensor]
    jacobian: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
    points: int
    chunk: int = 1024

    def chunks(self, parameters: Tensor) -> Iterator[Tensor]:
        """Indices of all points, a chunk at a time."""
        yield from torch.arange(self.points, device=parameters.device).split(self.chunk)

    def loss(self, parameters: Tensor) -> Tensor:
        """½‖r‖² over all points, a scalar without graph."""
        with torch.no_grad():
            parts = [self.residuals(parameters, c).square().sum() for c in self.chunks(parameters)]
        return 0.5 * torch.stack(parts).sum()

    def gradient(self, parameters: Tensor, points: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Loss and its gradient (P,), over all points or over those listed."""
        chunks = self.chunks(parameters) if points is None else points.split(self.chunk)
        x = parameters.detach().requires_grad_()
        loss, gradient = torch.zeros_like(x[0]), torch.zeros_like(x)
        for chunk in chunks:
            with torch.enable_grad():
                part = 0.5 * self.residuals(x, chunk).square().sum()
            loss = loss + part.detach()
            gradient += torch.autograd.grad(part, x)[0]
        return loss.detach(), gradient.detach()

    def normal_equations(self, parameters: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Loss, Jᵀr (P,) and JᵀJ (P, P), accumulated so that J never exists as a whole."""
        size = len(parameters)
        loss, gradient = parameters.new_zeros(()), parameters.new_zeros(size)
        matrix = parameters.new_zeros(size, size)
        for chunk in self.chunks(parameters):
            rows, jacobian = self.jacobian(parameters, chunk)
            loss += 0.5 * rows.square().sum()
            gradient += jacobian.mT @ rows
            matrix.addmm_(jacobian.mT, jacobian)
        return loss, gradient, matrix


@dataclass(frozen=True)
class Step:
    """What an optimizer yields after each step.

    Attributes:
        parameters: (P,), not written to again.
        loss: ½‖r‖² at these parameters (Adam: summed over the batches on the way).
        gradient_norm: ‖Jᵀr‖ where the step started (Adam: of the last batch).
        details: numbers worth a column of their own, such as the damping.
        state: plain types and tensors from which the optimizer continues bit for bit.
    """

    parameters: Tensor
    loss: float
    gradient_norm: float
    details: dict[str, float]
    state: dict[str, Any]


Optimizer = Callable[[Problem, Tensor, dict[str, Any] | None], Iterator[Step]]
"""Problem, parameters (P,) to start from and state to continue from (or None) to steps."""


def check_finite(loss: float, advice: str) -> None:
    """Stop at a loss that is NaN or infinite.

    Raises:
        FloatingPointError: naming what to try.
    """
    if not abs(loss) < float("inf"):
        raise FloatingPointError(f"the training loss became {loss}; {advice}")
