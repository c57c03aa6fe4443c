"""Primitive one-dimensional bases, each on a quadrature of its own: siblings of one interface."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

__all__ = [
    "PRIMITIVES",
    "Primitive",
    "box",
    "fourier",
    "hermite",
    "legendre",
    "polynomial",
    "sinc",
]


@dataclass(frozen=True)
class Primitive:
    """Functions on a fine quadrature and their kinetic energy −½ d²/dq² as a quadratic form.

    Attributes:
        points: (M,).
        weights: (M,), the density ρ included.
        values: φ_a(q_m), (M, L).
        derivatives: φ_a′(q_m), (M, L).
        log_density_slope: ∂ ln ρ at the points, (M,).
        kinetic: ½ ∫ρ φ_a′ φ_b′ dq, (L, L).
        open_ends: whether functions may be nonzero at the lower and upper end by nature
            (linearity, periodicity); elsewhere a nonzero end means a range too small.
        odd: which functions change their sign under a reflection about the middle, (L,); None
            where it makes others of them.
    """

    points: Tensor
    weights: Tensor
    values: Tensor
    derivatives: Tensor
    log_density_slope: Tensor
    kinetic: Tensor
    open_ends: tuple[bool, bool] = (False, False)
    odd: Tensor | None = None


def sinc(low: float, high: float, size: int) -> Primitive:
    """Sinc functions centred on `size` evenly spaced points from low to high.

    The kinetic energy is the closed form of the infinite grid, not a product of first
    derivatives: the first-derivative matrix of an odd number of points is singular.

    References:
        D. T. Colbert, W. H. Miller, J. Chem. Phys. 96, 1982 (1992), doi:10.1063/1.462100
    """
    points = torch.linspace(low, high, size, dtype=torch.float64)
    spacing = (high - low) / (size - 1)
    steps = torch.arange(size)[:, None] - torch.arange(size)[None, :]
    sign = 1.0 - 2.0 * (steps % 2).double()
    apart = torch.where(steps == 0, 1, steps).double()
    first = torch.where(steps == 0, 0.0, sign / apart) / spacing
    second = torch.where(steps == 0, torch.pi**2 / 3, 2 * sign / apart**2) / spacing**2
    weights = torch.full_like(points, spacing)
    values = torch.eye(size, dtype=torch.float64) / spacing**0.5
    return Primitive(
        points, weights, values, first / spacing**0.5, torch.zeros_like(points), second / 2
    )


def box(low: float, high: float, size: int) -> Primitive:
    """Functions of a particle in a box, √(2/L) sin(nπ(q − low)/L), that vanish at both ends.

    On the middles of size + 1 equal pieces all products of two functions, and of two derivatives,
    are integrated exactly.

    References:
        D. T. Colbert, W. H. Miller, J. Chem. Phys. 96, 1982 (1992), doi:10.1063/1.462100
    """
    length, count = high - low, size + 1
    points = low + length * (torch.arange(count, dtype=torch.float64) + 0.5) / count
    waves = torch.pi * torch.arange(1, size + 1, dtype=torch.float64) / length
    angles = (points - low)[:, None] * waves
    weights = torch.full_like(points, length / count)
    norm = (2 / length) ** 0.5
    derivatives = norm * waves * angles.cos()
    return Primitive(
        points,
        weights,
        norm * angles.sin(),
        derivatives,
        torch.zeros_like(points),
        _kinetic(weights, derivatives),
    )


def hermite(low: float, high: float, size: int) -> Primitive:
    """Harmonic-oscillator functions whose Gauss points span low to high.

    References:
        J. C. Light, I. P. Hamilton, J. V. Lill, J. Chem. Phys. 82, 1400 (1985),
        doi:10.1063/1.448462
    """
    x, w = np.polynomial.hermite.hermgauss(size + 1)
    scale = (x[-1] - x[0]) / (high - low)
    h = np.zeros((size + 2, size + 1))
    h[0] = np.pi**-0.25 * np.exp(-(x**2) / 2)
    for k in range(size + 1):
        # √((k+1)/2) h_{k+1} = x h_k − √(k/2) h_{k−1}
        below = np.sqrt(k / 2) * h[k - 1] if k else 0.0
        h[k + 1] = (x * h[k] - below) * np.sqrt(2 / (k + 1))
    k = np.arange(1, size)
    slope = -np.sqrt((np.arange(size) + 1) / 2)[:, None] * h[1 : size + 1]
    slope[1:] += np.sqrt(k / 2)[:, None] * h[: size - 1]
    weights = torch.from_numpy(w * np.exp(x**2) / scale)
    derivatives = torch.from_numpy((slope * scale**1.5).T.copy())
    return Primitive(
        torch.from_numpy((low + high) / 2 + x / scale),
        weights,
        torch.from_numpy((h[:size] * scale**0.5).T.copy()),
        derivatives,
        torch.zeros(size + 1, dtype=torch.float64),
        _kinetic(weights, derivatives),
    )


def legendre(low: float, high: float, size: int) -> Primitive:
    """Legendre functions of cos θ between low and high, with ρ = sin θ.

    Right up to linearity: nothing is asked of the functions at θ = π or 0.

    References:
        J. Tennyson, B. T. Sutcliffe, J. Chem. Phys. 77, 4061 (1982), doi:10.1063/1.444316
    """
    x, w = np.polynomial.legendre.leggauss(size + 1)
    c_low, c_high = np.cos(high), np.cos(low)
    half = (c_high - c_low) / 2
    c = c_low + half * (x + 1)
    theta = np.arccos(np.clip(c, -1, 1))
    norm = np.sqrt((np.arange(size) + 0.5) / half)
    values = np.polynomial.legendre.legvander(x, size - 1) * norm
    slopes = _legendre_slopes(x, size) / half
    derivatives = -np.sin(theta)[:, None] * slopes * norm
    order = np.argsort(theta)
    weights = torch.from_numpy(w * half)[order]
    derivatives = torch.from_numpy(derivatives)[order]
    sharp = 1e-12
    return Primitive(
        torch.from_numpy(theta)[order],
        weights,
        torch.from_numpy(values)[order],
        derivatives,
        torch.from_numpy(1 / np.tan(theta))[order],
        _kinetic(weights, derivatives),
        (low < sharp, abs(high - np.pi) < sharp),
    )


def fourier(low: float, high: float, size: int) -> Primitive:
    """Sines and cosines with the period high − low.

    An odd number 2k + 1 holds both of every wave; an even one leaves out the sine of the
    shortest wave.
    """
    count = 2 * (size // 2) + 2
    length = high - low
    points = low + length * torch.arange(count, dtype=torch.float64) / count
    columns, slopes = [torch.full_like(points, length**-0.5)], [torch.zeros_like(points)]
    for k in range(1, size // 2 + 1):
        wave = 2 * torch.pi * k / length
        cosine, sine = torch.cos(wave * (points - low)), torch.sin(wave * (points - low))
        norm = (2 / length) ** 0.5
        columns += [norm * cosine, norm * sine]
        slopes += [-norm * wave * sine, norm * wave * cosine]
    columns, slopes = columns[:size], slopes[:size]
    weights = torch.full_like(points, length / count)
    derivatives = torch.stack(slopes, -1)
    return Primitive(
        points,
        weights,
        torch.stack(columns, -1),
        derivatives,
        torch.zeros_like(points),
        _kinetic(weights, derivatives),
        (True, True),
        torch.tensor([c > 0 and c % 2 == 0 for c in range(size)]),
    )


def polynomial(low: float, high: float, size: int) -> Primitive:
    """Legendre polynomials in q itself, for a variable that ends by nature, such as −cos θ.

    With ends at −1 and 1 these are the Legendre functions of θ.
    """
    x, w = np.polynomial.legendre.leggauss(size + 1)
    half = (high - low) / 2
    norm = np.sqrt((np.arange(size) + 0.5) / half)
    values = np.polynomial.legendre.legvander(x, size - 1) * norm
    points, weights = torch.from_numpy(low + half * (x + 1)), torch.from_numpy(w * half)
    derivatives = torch.from_numpy(_legendre_slopes(x, size) / half * norm)
    sharp = 1e-12
    return Primitive(
        points,
        weights,
        torch.from_numpy(values),
        derivatives,
        torch.zeros_like(points),
        _kinetic(weights, derivatives),
        (abs(low + 1) < sharp, abs(high - 1) < sharp),
    )


PRIMITIVES: dict[str, Callable[[float, float, int], Primitive]] = {
    "sinc": sinc,
    "box": box,
    "hermite": hermite,
    "legendre": legendre,
    "polynomial": polynomial,
    "fourier": fourier,
}
"""Primitive bases by the name used in `basis:` of a configuration."""


def _legendre_slopes(x: np.ndarray, size: int) -> np.ndarray:
    """P_n′(x) of the first Legendre polynomials, (M, L)."""
    return np.polynomial.legendre.legval(x, np.polynomial.legendre.legder(np.eye(size))).T


def _kinetic(weights: Tensor, derivatives: Tensor) -> Tensor:
    return derivatives.T @ (weights[:, None] * derivatives) / 2
