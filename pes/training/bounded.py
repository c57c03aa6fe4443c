"""Validation errors that a few far points do not rule, and the names of these points."""

import torch
from torch import Tensor

__all__ = ["bounded_rms", "bounded_sum", "far_points"]

SHARE = 0.95
"""Share of the points, those of the smallest errors, that sets the scale."""
FACTOR = 6.0
"""Largest error that counts, in units of the root mean square error of these points. Normal errors
never reach it; the other 5 % together can at most multiply the result by 1.7."""


def bounded_sum(squares: Tensor, counts: Tensor | None = None) -> Tensor:
    """Σ_i min(s_i, 36 s̄) (...) with s̄ the mean of the smallest 95 % of squared errors s_i.

    Args:
        squares: s (..., B), not negative; weighted if the sum is.
        counts: number of points (...) where zeros fill the rows up; B by default.

    Example:
        >>> float(bounded_sum(torch.tensor([1.0] * 99 + [1e9])))
        135.0
    """
    number = squares.new_full(squares.shape[:-1], squares.shape[-1]) if counts is None else counts
    # With fewer than twenty points the largest one is left out of the scale all the same.
    leading = ((1 - SHARE) * number - 1e-9).ceil().clamp(min=1).minimum(number - 1)
    ordered = squares.sort(-1, descending=True).values
    place = torch.arange(squares.shape[-1], device=squares.device)
    rest = ordered.masked_fill(place < leading[..., None], 0.0).sum(-1)
    largest = FACTOR**2 * rest / (number - leading)
    return squares.minimum(largest[..., None]).sum(-1)


def bounded_rms(errors: Tensor) -> float:
    """Root mean square of errors (B,), the far ones counted as six times that of the others.

    Example:
        >>> bounded_rms(torch.tensor([1.0] * 99 + [1e9])) < 1.2
        True
    """
    return float((bounded_sum(errors.square()) / len(errors)).sqrt())


def far_points(errors: Tensor) -> Tensor:
    """Rows of the errors (B,) that `bounded_rms` does not count in full, the largest first."""
    squares = errors.square()
    rest = squares.sort().values[: max(1, int(SHARE * len(squares)))]
    rows = (squares > FACTOR**2 * rest.mean()).nonzero()[:, 0]
    return rows[errors[rows].abs().argsort(descending=True)]
