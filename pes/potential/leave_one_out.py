"""Linear least squares judged by the points it fits: each one predicted from all the others."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from pes.potential.linear_fit import LinearFits
from pes.potential.neural import left_by

__all__ = ["leave_one_out", "left_out_errors"]

PIECE = 512
"""Points whose monomials exist at once."""

SMALLEST = 1e-8
"""1 − leverage of a point that the fit follows whatever its label."""


def left_out_errors(
    fits: LinearFits,
    ridges: Sequence[float],
    positions: Tensor,
    energies: Tensor,
    *,
    weights: Tensor | None = None,
) -> Tensor:
    """Errors (B, R) in hartree at each point of R fits without this point.

    As in `leave_one_out`, from the decomposition that the fits come from; the constant has a
    direction of its own, without ridge.

    Args:
        fits: fits to the energies of these points, without forces.
        ridges: regularisations of `LinearFits`.
        positions: (B, N, 3) in bohr, those of the fits.
        energies: (B,) in hartree.
        weights: w (B,) of the fits; all one if not given.
    """
    w = torch.ones_like(energies) if weights is None else weights
    energies, _ = left_by(fits.baseline, positions, energies, None)
    coefficients, shifts = fits.numbers(ridges)
    shares, own = fits.solution.filters(ridges), fits.constant[0]
    middle = fits.middle + fits.constant[1:-1] / own
    scaled = fits.solution.directions / fits.solution.values.clamp(min=1e-300)[:, None]
    parts = []
    for part in torch.arange(len(energies), device=w.device).split(PIECE):
        with torch.no_grad():
            features = fits.descriptor(positions[part])
        squares = ((features - middle) @ scaled.mT).square()
        leverage = w[part, None] * (squares @ shares + 1 / own**2)
        errors = shifts + features @ coefficients - energies[part, None]
        parts.append(errors / (1 - leverage).clamp(min=SMALLEST))
    return torch.cat(parts)


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
