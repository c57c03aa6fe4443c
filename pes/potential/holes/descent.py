"""Many local minimisations at once, each kept inside a region."""

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["descended"]

Objective = Callable[[Tensor], tuple[Tensor, Tensor]]

FIRST_CURVATURE = 1.0
"""Hartree/bohr², of the first step; a bond has about 0.5, a hole more."""
LONGEST = 0.2
"""Bohr; a longer step would leap over a narrow hole."""
SHORTEST = 1e-7
ARMIJO = 1e-4


def descended(
    objective: Objective,
    inside: Callable[[Tensor], Tensor],
    start: Tensor,
    *,
    steps: int = 100,
    tick: Callable[[int], object] = int,
) -> Tensor:
    """The lowest point inside a region that BFGS with backtracking reaches from each start.

    Args:
        objective: x (B, D) to values (B,) and gradients (B, D); walls that push back into the
            region are part of it.
        inside: x (B, D) to whether each lies in the region (B,).
        start: (B, D) inside the region.
        steps: evaluations of the objective at most.
        tick: called with the number of evaluations done.

    Returns:
        (B, D), inside the region and nowhere higher than the start.

    References:
        J. Nocedal, S. J. Wright, Numerical Optimization, 2nd ed., chapter 6,
        doi:10.1007/978-0-387-40065-5
    """
    x = start.clone()
    value, gradient = objective(x)
    best, lowest = x.clone(), value.clone()
    identity = torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
    inverse = identity.repeat(len(x), 1, 1) / FIRST_CURVATURE
    direction, scale = _direction(inverse, gradient), torch.ones_like(value)
    rows = torch.arange(len(x), device=x.device)
    for _ in range(steps):
        moving = (scale[:, None] * direction).abs().amax(-1) > SHORTEST
        if not moving.any():
            break
        x, value, gradient, inverse, direction, scale, rows = (
            part[moving] for part in (x, value, gradient, inverse, direction, scale, rows)
        )
        trial = x + scale[:, None] * direction
        height, slope = objective(trial)
        tick(len(trial))
        promised = ARMIJO * scale * (gradient * direction).sum(-1)
        # A height that is no number compares false: the step is refused.
        taken = (height <= value + promised) & slope.isfinite().all(-1)
        inverse[taken] = _updated(inverse[taken], (trial - x)[taken], (slope - gradient)[taken])
        x, gradient = (
            torch.where(taken[:, None], new, old) for new, old in ((trial, x), (slope, gradient))
        )
        value = torch.where(taken, height, value)
        direction = torch.where(taken[:, None], _direction(inverse, gradient), direction)
        scale = torch.where(taken, 1.0, 0.3 * scale)
        better = taken & (value < lowest[rows])
        if better.any():
            better[better.clone()] = inside(x[better])
            best[rows[better]], lowest[rows[better]] = x[better], value[better]
    return best


def _direction(inverse: Tensor, gradient: Tensor) -> Tensor:
    """−H g, no component longer than `LONGEST`; along −g where that would not go down."""
    # A slope that is no number leads nowhere.
    gradient = gradient.nan_to_num(nan=0.0, posinf=0.0, neginf=0.0)
    step = -(inverse @ gradient[:, :, None])[:, :, 0]
    down = (step * gradient).sum(-1, keepdim=True) < 0
    step = torch.where(down, step, -gradient)
    longest = step.abs().amax(-1, keepdim=True)
    return step * (LONGEST / longest.clamp(min=LONGEST))


def _updated(inverse: Tensor, s: Tensor, y: Tensor) -> Tensor:
    """BFGS update of inverse Hessians (B, D, D) by steps s and changes of the gradient y (B, D).

    Where the curvature along the step is not positive the matrix stays as it is.
    """
    curvature = (s * y).sum(-1)
    good = curvature > 1e-10 * s.norm(dim=-1) * y.norm(dim=-1)
    rho = torch.where(good, 1 / torch.where(good, curvature, 1.0), 0.0)
    hy = (inverse @ y[:, :, None])[:, :, 0]
    factor = (1 + rho * (y * hy).sum(-1)) * rho
    cross = torch.einsum("b,bi,bj->bij", rho, hy, s)
    return inverse + torch.einsum("b,bi,bj->bij", factor, s, s) - cross - cross.mT
