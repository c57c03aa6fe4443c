"""Functions of an angle for each projection K of the angular momentum on a line of atoms."""

import numpy as np
import torch
from torch import Tensor

from pes.vibration.basis.primitives import Primitive

__all__ = ["STRAIGHT", "associated_legendre"]

STRAIGHT = 1e-9
"""Radians from 0 or π within which a range ends at linearity."""


def associated_legendre(low: float, high: float, size: int, order: int, points: int) -> Primitive:
    """Polynomials of c = cos θ times (1 + c)^{K/2}, (1 − c)^{K/2} or both, orthonormal.

    A factor belongs to each end of the range that is linearity: functions with K ≠ 0 vanish there
    as sin^K θ. From 0 to π they span the associated Legendre functions P_l^K.

    Args:
        low: lower end, radians.
        high: upper end.
        size: number of functions.
        order: K.
        points: Gauss points in c, the same for all K that are coupled; size + K + 1 are exact.

    References:
        J. Tennyson, B. T. Sutcliffe, J. Chem. Phys. 77, 4061 (1982), doi:10.1063/1.444316

    Example:
        The kinetic energy with K²/(2 sin² θ) has the eigenvalues l (l + 1)/2, l ≥ K:

        >>> p = associated_legendre(0.0, torch.pi, 4, 2, 9)
        >>> centrifugal = p.weights * 2 / torch.sin(p.points) ** 2
        >>> h = p.kinetic + p.values.T @ (centrifugal[:, None] * p.values)
        >>> torch.linalg.eigvalsh(h).round(decimals=9).tolist()
        [3.0, 6.0, 10.0, 15.0]
    """
    x, w = np.polynomial.legendre.leggauss(points)
    c_low, c_high = np.cos(high), np.cos(low)
    half = (c_high - c_low) / 2
    c = c_low + half * (x + 1)
    theta = np.arccos(np.clip(c, -1, 1))
    factor, slope = np.ones_like(c), np.zeros_like(c)
    if abs(high - np.pi) < STRAIGHT:
        factor, slope = factor * (1 + c) ** (order / 2), slope - np.sin(theta) / (1 + c)
    if low < STRAIGHT:
        factor, slope = factor * (1 - c) ** (order / 2), slope + np.sin(theta) / (1 - c)
    plain = np.polynomial.legendre.legvander(x, size - 1)
    rows = np.eye(size)
    steep = np.stack(
        [np.polynomial.legendre.legval(x, np.polynomial.legendre.legder(r)) / half for r in rows],
        -1,
    )
    values = factor[:, None] * plain
    derivatives = factor[:, None] * (
        (order / 2) * slope[:, None] * plain - np.sin(theta)[:, None] * steep
    )
    weights = w * half
    _, triangle = np.linalg.qr(np.sqrt(weights)[:, None] * values)
    back = np.linalg.inv(triangle)
    rising = np.argsort(theta)
    values, derivatives = (torch.from_numpy((a @ back)[rising]) for a in (values, derivatives))
    return _primitive(
        torch.from_numpy(theta)[rising], torch.from_numpy(weights)[rising], values, derivatives,
        (low < STRAIGHT, abs(high - np.pi) < STRAIGHT),
    )  # fmt: skip


def _primitive(
    theta: Tensor, weights: Tensor, values: Tensor, derivatives: Tensor, ends: tuple[bool, bool]
) -> Primitive:
    kinetic = derivatives.T @ (weights[:, None] * derivatives) / 2
    return Primitive(theta, weights, values, derivatives, 1 / torch.tan(theta), kinetic, ends)
