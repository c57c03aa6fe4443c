"""Angular momentum of a body in real functions of its orientation."""

import torch
from torch import Tensor

__all__ = ["angular_momentum", "directions", "half_turns", "of_each_k"]


def angular_momentum(j: int) -> Tensor:
    """Matrices L_α of the body-fixed angular momentum J_α = i L_α, real and antisymmetric.

    The functions are |J 0⟩ and, for K = 1 … J, (|J K⟩ ± (−1)^K |J −K⟩)/√2, the second of them times
    i. Time reversal leaves each as it is, so that J_α, odd under it, is imaginary. Components along
    the axes of the body commute with the opposite sign: [J_x, J_y] = −i J_z.

    Args:
        j: J, an integer from 0 on.

    Returns:
        (3, 2J + 1, 2J + 1), for x, y and z, in units of ħ.

    References:
        P. R. Bunker, P. Jensen, Molecular Symmetry and Spectroscopy, NRC Press (1998), chapter 11

    Example:
        J_x² + J_y² + J_z² = J (J + 1):

        >>> turns = angular_momentum(2)
        >>> torch.allclose(-(turns @ turns).sum(0), 6 * torch.eye(5, dtype=torch.float64))
        True
    """
    k = torch.arange(-j, j + 1, dtype=torch.float64)
    raising = torch.diag((j * (j + 1) - k[:-1] * (k[:-1] + 1)).sqrt(), -1).to(torch.complex128)
    usual = torch.stack(
        ((raising + raising.mT) / 2, (raising - raising.mT) / 2j, torch.diag(k).to(raising))
    )
    u = _real_functions(j)
    return -(u.mH @ usual @ u).imag


def half_turns(j: int) -> Tensor:
    """Signs (3, 2J + 1) of the functions under half a turn about each axis of the body.

    Example:
        >>> half_turns(1).tolist()
        [[-1.0, 1.0, -1.0], [-1.0, -1.0, 1.0], [1.0, -1.0, -1.0]]
    """
    turned = torch.linalg.matrix_exp(torch.pi * angular_momentum(j))
    return turned.diagonal(dim1=-2, dim2=-1).round()


def of_each_k(axial: Tensor | None, count: int, j: int) -> list[tuple[Tensor, Tensor]]:
    """Numbers of the states of each K, and of the functions of the orientation with that K.

    Args:
        axial: K of each state, (n,), where each K has states of its own; None where every state
            goes with all functions.
        count: number n of states.
        j: J; states with K > J have no functions.

    Example:
        >>> [(s.tolist(), f.tolist()) for s, f in of_each_k(torch.tensor([0, 0, 1]), 3, 1)]
        [([0, 1], [0]), ([2], [1, 2])]
    """
    k = (torch.arange(2 * j + 1) + 1) // 2
    if axial is None:
        return [(torch.arange(count), torch.arange(len(k)))]
    return [
        ((axial == one).nonzero().flatten(), (k == one).nonzero().flatten())
        for one in axial.unique()
        if one <= j
    ]


def directions(j: int, other: int) -> Tensor:
    """Reduced matrices λ_α of the direction of the body's axes in space, between two J.

    Summed over the axes of space and all orientations in it, |⟨J k|λ_α|J′ k′⟩|² is the square of
    an element. λ is a vector to −J_α, whose commutators are the usual ones, so that Wigner and
    Eckart's theorem holds: an element is √(2J′ + 1) times ⟨J′ k′ 1 q | J k⟩ for each spherical
    component q.

    Args:
        j: J of the rows.
        other: J′ of the columns.

    Returns:
        (3, 2J + 1, 2J′ + 1), in the real functions, for x, y and z; zero where |J − J′| > 1.

    References:
        R. N. Zare, Angular Momentum, Wiley (1988), chapter 5

    Example:
        The direction is a unit vector: Σ_J λ_αᵀ λ_β = (2J′ + 1) δ_αβ.

        >>> z = [directions(j, 1)[2] for j in (0, 1, 2)]
        >>> torch.allclose(sum(one.T @ one for one in z), 3 * torch.eye(3, dtype=torch.float64))
        True
    """
    spherical = torch.zeros(3, 2 * j + 1, 2 * other + 1, dtype=torch.complex128)
    for k in range(-j, j + 1):
        for q, value in zip((-1, 0, 1), _clebsch_gordan(other, j, k), strict=True):
            if abs(k - q) <= other:
                spherical[q + 1, j + k, other + k - q] = value
    minus, zero, plus = spherical * (2 * other + 1) ** 0.5
    cartesian = torch.stack(((minus - plus) / 2**0.5, 1j * (minus + plus) / 2**0.5, zero))
    real = _real_functions(j).mH @ cartesian @ _real_functions(other)
    # Time reversal makes all of them real, or all imaginary.
    return real.real + real.imag


def _clebsch_gordan(i: int, j: int, m: int) -> tuple[float, float, float]:
    """⟨i m−q 1 q | j m⟩ for q = −1, 0, 1; zero unless j is i − 1, i or i + 1."""
    if j == i + 1:
        down, along, up = (
            (i - m) * (i - m + 1),
            2 * (i - m + 1) * (i + m + 1),
            (i + m) * (i + m + 1),
        )
        scale = (2 * i + 1) * (2 * i + 2)
        return (down / scale) ** 0.5, (along / scale) ** 0.5, (up / scale) ** 0.5
    if j == i > 0:
        down, up = (i - m) * (i + m + 1), (i + m) * (i - m + 1)
        scale = 2 * i * (i + 1)
        return (down / scale) ** 0.5, m * (2 / scale) ** 0.5, -((up / scale) ** 0.5)
    if j == i - 1:
        down, along, up = (i + m + 1) * (i + m), 2 * (i - m) * (i + m), (i - m) * (i - m + 1)
        scale = 2 * i * (2 * i + 1)
        return (down / scale) ** 0.5, -((along / scale) ** 0.5), (up / scale) ** 0.5
    return 0.0, 0.0, 0.0


def _real_functions(j: int) -> Tensor:
    """Columns: the functions in terms of |J k⟩, k = −J … J."""
    u = torch.zeros(2 * j + 1, 2 * j + 1, dtype=torch.complex128)
    u[j, 0] = 1.0
    for k in range(1, j + 1):
        plus, minus = 2 * k - 1, 2 * k
        u[j + k, plus], u[j - k, plus] = 0.5**0.5, (-1) ** k * 0.5**0.5
        u[j + k, minus], u[j - k, minus] = 1j * 0.5**0.5, -1j * (-1) ** k * 0.5**0.5
    return u
