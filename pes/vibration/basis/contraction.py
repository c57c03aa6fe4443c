"""Contraction of one-dimensional bases, so that few functions describe each coordinate.

A primitive basis on its own quadrature is contracted to the lowest eigenfunctions of a
one-dimensional reference Hamiltonian. Derivatives are those of the contracted functions on the
finer quadrature, a rectangular (m × n) matrix: squaring a derivative projected into the n
functions themselves gives wrong, even spurious levels.
"""

import torch
from torch import Tensor

from pes.vibration.basis.basis import Basis
from pes.vibration.basis.primitives import Primitive

__all__ = ["contract", "even_and_odd"]

EVEN = 1e-9
"""Hartree: even and odd functions that are coupled by less are not mixed."""


def contract(
    primitive: Primitive,
    potential: Tensor,
    g_element: Tensor,
    functions: int,
    *,
    points: int | None = None,
    range: tuple[float, float],
) -> Basis:
    """The lowest eigenfunctions of a reference Hamiltonian −½ G d²/dq² + V(q).

    Args:
        primitive: fine basis.
        potential: reference potential at the primitive's points, (M,) in hartree.
        g_element: diagonal element G_kk of the reference, a scalar or its values at the
            primitive's points, (M,); it need not be exact, the functions are a basis.
        functions: number n of functions to keep.
        points: size m of the quadrature; None keeps the primitive's. A smaller m takes the
            eigenvalues of q, or of cos q for an angle, among the lowest m functions (a
            potential-optimised quadrature, exact for nothing in particular: converge m on
            its own).
        range: ends of the coordinate.

    Raises:
        ValueError: unless n ≤ m ≤ number of primitive functions.

    References:
        J. Echave, D. C. Clary, Chem. Phys. Lett. 190, 225 (1992),
        doi:10.1016/0009-2614(92)85330-D
    """
    available = primitive.values.shape[1]
    quadrature_size = functions if points is None else points
    if not functions <= quadrature_size <= available:
        raise ValueError(
            f"a basis needs functions ≤ points ≤ primitive functions, "
            f"got {functions}, {points}, {available}"
        )
    root = primitive.weights.sqrt()[:, None]
    b, d = root * primitive.values, root * primitive.derivatives
    root_g = b.T @ (g_element.sqrt().expand(len(b))[:, None] * b)
    hamiltonian = root_g @ primitive.kinetic @ root_g + b.T @ (potential[:, None] * b)
    energies, vectors = even_and_odd((hamiltonian + hamiltonian.T) / 2, primitive.odd)
    vectors = _fixed_signs(vectors)
    fine = b @ vectors[:, :functions]
    if points is None:
        grid, weights, slope = primitive.points, primitive.weights, primitive.log_density_slope
        values, derivatives = fine / root, d @ vectors[:, :functions] / root
    else:
        low = b @ vectors[:, :points]
        grid, transform = _quadrature(primitive, low)
        values = transform.T[:, :functions]
        # An angle's derivative is sin θ times a function of cos θ; only the latter is smooth.
        corner = torch.sin if primitive.log_density_slope.any() else torch.ones_like
        smooth = d @ vectors[:, :functions] / corner(primitive.points)[:, None]
        derivatives = corner(grid)[:, None] * (transform.T @ (low.T @ smooth))
        weights = torch.ones_like(grid)
        slope = _slope_at(primitive, grid)
    return Basis(
        grid, weights, values, derivatives, slope, energies[:functions],
        primitive.points, fine, range, primitive.open_ends,
    )  # fmt: skip


def even_and_odd(h: Tensor, odd: Tensor | None) -> tuple[Tensor, Tensor]:
    """Eigenvalues and vectors, each even or odd where H is, though pairs be degenerate.

    Args:
        h: symmetric (N, N), hartree.
        odd: which functions change their sign under a reflection, (N,); None if none is known.
    """
    if odd is None or not odd.any() or float(h[odd][:, ~odd].abs().max()) > EVEN:
        return torch.linalg.eigh(h)
    energies, vectors = torch.zeros_like(h[0]), torch.zeros_like(h)
    for block in (odd.nonzero().flatten(), (~odd).nonzero().flatten()):
        own, inner = torch.linalg.eigh(h[block][:, block])
        energies[block] = own
        vectors[block[:, None], block] = inner
    order = energies.argsort()
    return energies[order], vectors[:, order]


def _quadrature(primitive: Primitive, low: Tensor) -> tuple[Tensor, Tensor]:
    """Points and eigenvectors of the coordinate among functions (M, m) times √weight.

    For an angle the eigenvalues are those of its cosine: Legendre functions are even about
    linearity, where θ itself has a corner, and a quadrature in it would converge slowly.
    """
    if not primitive.log_density_slope.any():
        points, vectors = torch.linalg.eigh(low.T @ (primitive.points[:, None] * low))
    else:
        cosines, vectors = torch.linalg.eigh(low.T @ (primitive.points.cos()[:, None] * low))
        points, vectors = cosines.clamp(-1, 1).acos().flip(0), vectors.flip(1)
    # The function of a point is positive there, so that mirror images have equal signs.
    nearest = (primitive.points[:, None] - points).abs().argmin(0)
    return points, vectors * (low[nearest] * vectors.T).sum(1).sign()


def _slope_at(primitive: Primitive, points: Tensor) -> Tensor:
    """∂ ln ρ away from the primitive's points: zero, or cot θ for Legendre functions."""
    if not primitive.log_density_slope.any():
        return torch.zeros_like(points)
    return 1 / torch.tan(points)


def _fixed_signs(vectors: Tensor) -> Tensor:
    """Each column with its largest component positive, the same on every machine."""
    largest = vectors.abs().argmax(0)
    return vectors * vectors.gather(0, largest[None]).sign()
