"""A least-squares problem as every optimizer sees it, summed over points in chunks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import torch
from torch import Tensor

__all__ = [
    "ChunkedLeastSquares",
    "LeastSquares",
    "Optimizer",
    "Step",
    "check_finite",
    "symmetric_blocks",
]

NARROWEST = 200
"""Columns of a block of JᵀJ at least; narrower products run too far below full speed."""


STEP = 0.1
"""Step of central differences in units of the direction: small against the turns of r along a
step, large enough for its rounding."""


class LeastSquares(Protocol):
    """½‖r(p)‖² as an optimizer sees it: sums over all points, wherever these are."""

    @property
    def points(self) -> int:
        """Number of points."""
        ...

    def loss(self, parameters: Tensor) -> Tensor:
        """½‖r‖² at parameters (P,), a scalar without graph."""
        ...

    def squares(self, parameters: Tensor) -> Tensor:
        """Squared residuals of each point (points,), whose sum is ‖r‖², without graph."""
        ...

    def gradient(self, parameters: Tensor, points: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Loss and its gradient (P,), over all points or over the points listed."""
        ...

    def normal_equations(self, parameters: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Loss, Jᵀr (P,) and JᵀJ (P, P)."""
        ...

    def curvature(self, parameters: Tensor, direction: Tensor) -> Tensor:
        """Jᵀ d²r(p + tv)/dt² (P,) at t = 0 for a direction v (P,)."""
        ...


@dataclass(frozen=True)
class ChunkedLeastSquares:
    """½‖r(p)‖² over points that may each own several rows of r.

    Attributes:
        residuals: parameters (P,) and point indices (b,) to rows (M,), differentiable.
        jacobian: the same arguments to rows (M,) and ∂r/∂p (M, P).
        points: number of points.
        chunk: points per call of `residuals` and `gradients`; bounds the memory, not the result.
        jacobian_chunk: points per call of `jacobian`; `chunk` if not given.
        gradients: the same arguments to ½‖r‖² of these points and its gradient (P,); by
            automatic differentiation of `residuals` if not given.
        fixed: squares (points,) of what no parameter can change; they count in the loss.
    """

    residuals: Callable[[Tensor, Tensor], Tensor]
    jacobian: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
    points: int
    chunk: int = 1024
    jacobian_chunk: int | None = None
    gradients: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] | None = None
    fixed: Tensor | None = None

    def chunks(self, parameters: Tensor, size: int | None = None) -> Iterator[Tensor]:
        """Indices of all points, a chunk at a time."""
        points = torch.arange(self.points, device=parameters.device)
        yield from points.split(size or self.chunk)

    def loss(self, parameters: Tensor) -> Tensor:
        """½‖r‖² over all points, a scalar without graph."""
        with torch.no_grad():
            parts = [self.residuals(parameters, c).square().sum() for c in self.chunks(parameters)]
        return 0.5 * torch.stack(parts).sum() + self._constant()

    def squares(self, parameters: Tensor) -> Tensor:
        """Squared residuals of each point (points,), whose sum is ‖r‖², without graph."""
        with torch.no_grad():
            parts = [
                self.residuals(parameters, chunk).reshape(len(chunk), -1).square().sum(1)
                for chunk in self.chunks(parameters)
            ]
        squares = torch.cat(parts)
        return squares if self.fixed is None else squares + self.fixed

    def gradient(self, parameters: Tensor, points: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Loss and its gradient (P,), over all points or over the points listed."""
        chunks = self.chunks(parameters) if points is None else points.split(self.chunk)
        each = self.gradients or self._differentiated
        x = parameters.detach()
        parts = [each(x, chunk) for chunk in chunks]
        loss = torch.stack([part for part, _ in parts]).sum() + self._constant(points)
        return loss, parts[0][1] if len(parts) == 1 else torch.stack([g for _, g in parts]).sum(0)

    def normal_equations(self, parameters: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Loss, Jᵀr (P,) and JᵀJ (P, P), accumulated so that J never exists as a whole."""
        size = len(parameters)
        loss, gradient = parameters.new_zeros(()), parameters.new_zeros(size)
        matrix = parameters.new_zeros(size, size)
        blocks = symmetric_blocks(size)  # JᵀJ is symmetric: those above the diagonal are copies
        for chunk in self.chunks(parameters, self.jacobian_chunk):
            rows, jacobian = self.jacobian(parameters, chunk)
            loss += 0.5 * rows.square().sum()
            gradient += jacobian.mT @ rows
            for start, end in blocks:
                matrix[start:end, :end].addmm_(jacobian[:, start:end].mT, jacobian[:, :end])
        for start, end in blocks:
            matrix[:start, start:end] = matrix[start:end, :start].mT
        return loss + self._constant(), gradient, matrix

    def curvature(self, parameters: Tensor, direction: Tensor) -> Tensor:
        """Jᵀ d²r(p + tv)/dt² (P,) at t = 0 for a direction v (P,), by central differences."""
        x = parameters.detach().requires_grad_()
        total = torch.zeros_like(parameters)
        for chunk in self.chunks(parameters):
            with torch.enable_grad():
                rows = self.residuals(x, chunk)
            with torch.no_grad():
                ends = [self.residuals(parameters + t * direction, chunk) for t in (-STEP, STEP)]
                second = (ends[0] - 2 * rows + ends[1]) / STEP**2
            total += torch.autograd.grad(rows, x, second)[0]
        return total

    def _differentiated(self, parameters: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
        x = parameters.detach().requires_grad_()
        with torch.enable_grad():
            loss = 0.5 * self.residuals(x, points).square().sum()
        return loss.detach(), torch.autograd.grad(loss, x)[0]

    def _constant(self, points: Tensor | None = None) -> Tensor | float:
        if self.fixed is None:
            return 0.0
        return 0.5 * (self.fixed if points is None else self.fixed[points]).sum()


def symmetric_blocks(size: int) -> list[tuple[int, int]]:
    """First and last column of up to eight blocks of JᵀJ, none too narrow to be worth it."""
    count = max(1, min(8, size // NARROWEST))
    edges = [size * k // count for k in range(count + 1)]
    return list(pairwise(edges))


@dataclass(frozen=True)
class Step:
    """Result of one step of an optimizer.

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


Optimizer = Callable[[LeastSquares, Tensor, dict[str, Any] | None], Iterator[Step]]
"""Problem, parameters (P,) to start from and state to continue from (or None) to steps."""


def check_finite(loss: float, advice: str) -> None:
    """Stop at a loss that is NaN or infinite.

    Raises:
        FloatingPointError: naming what to try.
    """
    if not abs(loss) < float("inf"):
        raise FloatingPointError(f"the training loss became {loss}; {advice}")
