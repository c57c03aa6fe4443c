"""Random points that stand for states in oscillator functions.

Weights of either sign, as those of a sparse grid, integrate polynomials. Over a region with an edge
their large terms do not cancel, and a probability may come out negative.
"""

import torch
from torch import Tensor

__all__ = ["hermite_polynomials", "random_points"]

PORTION = 500
"""Points at which all products are evaluated at once."""


def random_points(quanta: Tensor, coefficients: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Points x (M, Q), and the share ψ²/g of each of S states that stands for each, (S, M).

    Points are drawn from g = Π_k exp(−x_k²/2)/√(2π), twice as wide as the square of the lowest
    function; shares add up to 1.

    Args:
        quanta: quanta of N products of Q oscillator functions, (N, Q).
        coefficients: coefficients of these products, (S, N).
        count: number of points, M.

    Example:
        >>> x, shares = random_points(torch.tensor([[0]]), torch.ones(1, 1).double(), 20_000)
        >>> bool((shares @ x**2 - 0.5).abs() < 0.02)
        True
    """
    modes = quanta.shape[1]
    x = torch.randn(count, modes, generator=torch.Generator().manual_seed(3)).double()
    pieces = []
    for part in x.split(PORTION):
        values = part.new_ones(len(part), len(quanta))
        for k in range(modes):
            values *= hermite_polynomials(part[:, k], int(quanta.max()) + 1)[:, quanta[:, k]]
        pieces.append(values @ coefficients.T)
    # ψ² holds exp(−x²) and g exp(−x²/2).
    shares = torch.cat(pieces).T.square() * (-x.square().sum(1) / 2).exp()
    return x, shares / shares.sum(1, keepdim=True)


def hermite_polynomials(x: Tensor, size: int) -> Tensor:
    """Hermite polynomials orthonormal under exp(−x²), (m, size)."""
    h = [torch.full_like(x, torch.pi**-0.25), 2**0.5 * torch.pi**-0.25 * x]
    for n in range(1, size - 1):
        h.append(((2 / (n + 1)) ** 0.5) * x * h[n] - (n / (n + 1)) ** 0.5 * h[n - 1])
    return torch.stack(h[:size], 1)
