"""Fits of kernel surfaces, and the errors of points left out."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from pes.chunks import in_chunks
from pes.descriptors.morse import morse
from pes.geometry import sorted_distances
from pes.potential.kernel import AT_ONCE, KernelSurface
from pes.units import CM1

__all__ = ["kernel_surface", "spread_rows"]

MEMORY = 2**30
"""Bytes for the matrices of a fit."""

JITTER = 1e-12
"""Smallest noise of the matrix of the centres where these are not all points."""

ROUNDING, FINE = 0.03, 1e-4 * CM1
"""Largest rounding error in units of the error that nine of ten points left out do not reach, or in
hartree."""

SMALLEST = 1e-10
"""1 − leverage of a point that the fit follows whatever its label."""


def kernel_surface(
    elements: Sequence[str],
    positions: Tensor,
    energies: Tensor,
    *,
    length: float,
    width: float = 5.0,
    noise: float = 1e-11,
    centres: int | None = None,
    weights: Tensor | None = None,
    memory: int = MEMORY,
    seed: int = 0,
) -> tuple[KernelSurface, Tensor]:
    """Fit a kernel surface to energies, with its leave-one-out error at each point.

    With all points as centres c = (K + noise/w)⁻¹ (E − shift); where these are fewer (see
    `spread_rows`), c minimises Σ_i w_i (ΔE_i)² + noise cᵀKc.

    Args:
        elements: element of each atom.
        positions: (B, N, 3) in bohr.
        energies: (B,) in hartree.
        length: a in bohr.
        width: w in units of the spread of the points, the root of the summed variances of y.
        noise: regularisation relative to κ(0) = 1.
        centres: number of points that carry a bump; as many as the memory allows if not given.
        weights: w (B,), positive; all one if not given.
        memory: bytes for the matrices.
        seed: seed of the draw of the first centre.

    Returns:
        The surface, its numbers frozen; errors (B,) in hartree of a fit without this point.

    Raises:
        ValueError: if the memory is too small, the noise is too small for the points, or rounding
            errors would not be negligible.
    """
    most = int((memory / 16) ** 0.5)
    number = min(len(energies), most if centres is None else centres)
    if number > most:
        raise ValueError(
            f"{number} centres need {16 * number**2 / 2**20:.0f} MiB, `memory` allows "
            f"{memory / 2**20:.0f}; raise `training.memory` or take fewer `centres`"
        )
    w = torch.ones_like(energies) if weights is None else weights
    surface = KernelSurface(elements, number, length=length).to(positions.device)
    surface.requires_grad_(False)
    with torch.no_grad():
        y = in_chunks(surface.pair_variables, positions, 4096)
        surface.width = width * max(float(y.var(0, correction=0).sum().sqrt()), 1e-12)
        if number < len(y):
            first = torch.randint(len(y), (), generator=torch.Generator().manual_seed(seed))
            far = morse(sorted_distances(positions, elements), length)
            surface.variables.copy_(y[spread_rows(far, number, int(first))])
        else:
            surface.variables.copy_(y)
        if number == len(y):
            errors = _at_all_points(surface, energies, noise / w.clamp(min=1e-12))
        else:
            errors = _at_some_points(surface, y, energies, noise, w)
    typical = float(errors.abs().sort().values[int(0.9 * len(errors))])
    if surface.rounding > max(ROUNDING * typical, FINE):
        raise ValueError(
            f"rounding errors of {surface.rounding / CM1:.1g} cm-1 are not small beside the error "
            f"of the fit, {typical / CM1:.2g} cm-1: `noise` {noise:.1g} is too small or `width` "
            f"{width:g} too large"
        )
    return surface, errors


def spread_rows(points: Tensor, count: int, first: int) -> Tensor:
    """Rows (count,), ascending, of points (B, P) that lie far apart.

    Each one is the farthest from all before it. At the ends of the region, where errors are
    largest, a draw at random has few: on 5,000 geometries of three atoms 1,000 such centres have
    0.4 times the error, on four atoms the same.

    References:
        T. F. Gonzalez, Theor. Comput. Sci. 38, 293 (1985), doi:10.1016/0304-3975(85)90224-5

    Example:
        >>> spread_rows(torch.tensor([[0.0], [0.1], [0.6], [1.0]]), 3, 0).tolist()
        [0, 2, 3]
    """
    rows, nearest = [first], (points - points[first]).square().sum(1)
    while len(rows) < count:
        rows.append(int(nearest.argmax()))
        nearest = nearest.minimum((points - points[rows[-1]]).square().sum(1))
    return torch.tensor(rows, device=points.device).sort().values


def _blocks(surface: KernelSurface, y: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Rows of points and their kernels (b, M), few enough to stay small."""
    for rows in torch.arange(len(y), device=y.device).split(
        max(1, AT_ONCE // len(surface.coefficients))
    ):
        yield rows, surface.kernel(y[rows])


def _factor(matrix: Tensor, noise: float) -> Tensor:
    factor, failed = torch.linalg.cholesky_ex(matrix)
    if int(failed):
        raise ValueError(
            f"points are too close to each other for `noise` {noise:.1g}; take a larger one"
        )
    return factor


def _at_all_points(surface: KernelSurface, energies: Tensor, noise: Tensor) -> Tensor:
    """Set the numbers of a surface with all points as centres; its errors (B,) without a point.

    With C = (K + noise)⁻¹ less its projection on the constant, c = C E and the error of a fit
    without point i is −c_i/C_ii.
    """
    matrix = torch.empty(len(energies), len(energies)).to(energies)
    for rows, block in _blocks(surface, surface.variables):
        matrix[rows] = block
    matrix.diagonal().add_(noise)
    matrix = _factor(matrix, float(noise.min()))
    height = energies.mean()
    values = torch.stack((energies - height, torch.ones_like(energies)), 1)
    solved = torch.cholesky_solve(values, matrix)
    own, one = solved.unbind(1)
    constant = own.sum() / one.sum()
    c = own - constant * one
    surface.coefficients.copy_(c)
    surface.shift.copy_(height + constant)
    diagonal = torch.cholesky_inverse(matrix).diagonal() - one.square() / one.sum()
    return -c / diagonal


def _at_some_points(
    surface: KernelSurface, y: Tensor, energies: Tensor, noise: float, w: Tensor
) -> Tensor:
    """The same with fewer centres: least squares in functions orthonormal in the norm cᵀKc."""
    number, height = len(surface.coefficients), energies.mean()
    matrix = torch.empty(number, number).to(y)
    for rows, block in _blocks(surface, surface.variables):
        matrix[rows] = block
    matrix.diagonal().add_(max(noise, JITTER))
    factor = _factor(matrix, noise)
    del matrix
    normal = torch.zeros(number + 1, number + 1).to(y)
    right = torch.zeros(number + 1).to(y)
    for rows, functions in _functions(surface, y, factor):
        weighted = functions.mT * w[rows]
        normal += weighted @ functions
        right += weighted @ (energies[rows] - height)
    normal.diagonal()[:-1].add_(noise)
    inner = _factor(normal, noise)
    numbers = torch.cholesky_solve(right[:, None], inner)[:, 0]
    surface.coefficients.copy_(
        torch.linalg.solve_triangular(factor.mT, numbers[:-1, None], upper=True)[:, 0]
    )
    surface.shift.copy_(height + numbers[-1])
    errors = torch.empty_like(energies)
    for rows, functions in _functions(surface, y, factor):
        spread = torch.linalg.solve_triangular(inner, functions.mT, upper=False)
        leverage = w[rows] * spread.square().sum(0)
        left = functions @ numbers - (energies[rows] - height)
        errors[rows] = left / (1 - leverage).clamp(min=SMALLEST)
    return errors


def _functions(
    surface: KernelSurface, y: Tensor, factor: Tensor
) -> Iterator[tuple[Tensor, Tensor]]:
    """Rows of points, and the orthonormal functions and the constant (b, M + 1) at them."""
    for rows, block in _blocks(surface, y):
        own = torch.linalg.solve_triangular(factor, block.mT, upper=False).mT
        yield rows, torch.cat((own, torch.ones_like(own[:, :1])), 1)
