"""Linear least squares judged by the points it fits: each one predicted from all the others."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

__all__ = ["leave_one_out"]


def leave_one_out(
    matrix: Tensor, values: Tensor, ridges: Sequence[float], *, weights: Tensor | None = None
) -> Iterator[tuple[float, Tensor]]:
    """Coefficients for each ridge, and the error they would have on a point left out.

    c minimises Σ_i w_i (A c − b)_i² + λ‖c‖². With √w A = U S Vᵀ, f = S²/(S² + λ) and the
    leverages h_i = Σ_k U_ik² f_k, the residual at point i of a fit without it is r_i/(1 − h_i):
    one decomposition gives them all, for every λ.

    Args:
        matrix: A (M, F).
        values: b (M,).
        ridges: values of λ.
        weights: w (M,); all one if not given.

    Yields:
        Root mean square (unweighted) of the residuals of points left out, and c (F,).

    References:
        D. M. Allen, Technometrics 16, 125 (1974), doi:10.1080/00401706.1974.10489157

    Example:
        >>> column, labels = torch.ones(3, 1).double(), torch.tensor([0.0, 0.0, 3.0]).double()
        >>> error, c = next(leave_one_out(column, labels, [0.0]))  # residuals −1.5, −1.5 and 3
        >>> round(error, 4), round(float(c), 4)
        (2.1213, 1.0)
    """
    root = torch.ones_like(values) if weights is None else weights.sqrt()
    u, s, vh = torch.linalg.svd(root[:, None] * matrix, full_matrices=False)
    projected = u.mT @ (root * values)
    for ridge in ridges:
        filtered = s**2 / (s**2 + ridge)
        leverage = u.square() @ filtered
        residuals = (root * values - u @ (filtered * projected)) / root
        left_out = residuals / (1 - leverage)
        yield float(left_out.square().mean().sqrt()), vh.mT @ (filtered / s * projected)
