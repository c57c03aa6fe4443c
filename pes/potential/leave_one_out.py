"""Linear least squares judged by the points it fits: each one predicted from all the others."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from pes.potential.least_squares import decomposition
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
    own = fits.constant[0]
    middle, parts = fits.middle + fits.constant[1:-1] / own, []
    for part in torch.arange(len(energies), device=w.device).split(PIECE):
        with torch.no_grad():
            features = fits.descriptor(positions[part])
        along = fits.solution.leverages(features - middle, ridges)
        leverage = w[part, None] * (along + 1 / own**2)
        errors = shifts + features @ coefficients - energies[part, None]
        parts.append(errors / (1 - leverage).clamp(min=SMALLEST))
    return torch.cat(parts)


def leave_one_out(
    matrix: Tensor, values: Tensor, ridges: Sequence[float], *, weights: Tensor | None = None
) -> Iterator[tuple[float, Tensor]]:
    """Coefficients for each ridge, and the error they would have on a point left out.

    c minimises Σ_i w_i (A c − b)_i² + λ‖c‖²; see `Decomposition.leverages`.

    Args:
        matrix: A (M, F).
        values: b (M,).
        ridges: values of λ.
        weights: w (M,); all one if not given.

    Yields:
        Root mean square (unweighted) of the residuals of points left out, and c (F,).

    Example:
        >>> column, labels = torch.ones(3, 1).double(), torch.tensor([0.0, 0.0, 3.0]).double()
        >>> error, c = next(leave_one_out(column, labels, [0.0]))  # residuals −1.5, −1.5 and 3
        >>> round(error, 4), round(float(c), 4)
        (2.1213, 1.0)
    """
    root = torch.ones_like(values) if weights is None else weights.sqrt()
    rows = root[:, None] * matrix
    solution = decomposition(rows, root * values, lengths=torch.ones_like(matrix[0]))
    relative = [ridge**0.5 / float(solution.values[0]) for ridge in ridges]
    coefficients = solution.coefficients(relative)
    leverage = solution.leverages(rows, relative)
    left_out = (values[:, None] - matrix @ coefficients) / (1 - leverage).clamp(min=SMALLEST)
    errors = left_out.square().mean(0).sqrt()
    yield from zip(errors.tolist(), coefficients.mT, strict=True)
