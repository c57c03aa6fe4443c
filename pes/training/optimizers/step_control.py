"""Step control of Levenberg–Marquardt, the same for a single network and for each of several.

All functions take one network (P,) or several (A, P). The loops around them are two, in
`levenberg_marquardt` and in `ensembles.step`: an ensemble of one took 7 to 10 % more CPU time per
iteration than a single network for energies alone and 35 % more with forces (water, 16-16 hidden
units, one thread), as the products of one member in batches run slower than plain ones.
"""

from typing import Any

import torch
from torch import Tensor

__all__ = ["GROWTH", "LARGEST_DAMPING", "SMALLEST_FACTOR", "at_minimum", "damping_factor", "moved"]

GROWTH = 2.0
"""Factor of λ after the first rejected step; it doubles with each further one."""

SMALLEST_FACTOR = 1 / 3
"""Lower limit of the factor of λ after an accepted step."""

LARGEST_DAMPING = 1e12
"""Upper limit of λ in units of the largest diagonal element of JᵀJ, or of 1 if that is smaller."""

SHORTEST = 1e-16
"""Length of a step relative to that of the parameters, below which these are a minimum."""


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
