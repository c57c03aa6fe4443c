"""Angular momentum of a body in real functions of its orientation."""

import torch
from torch import Tensor

__all__ = ["angular_momentum", "half_turns"]


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
        [[-1.0, -1.0, 1.0], [-1.0, 1.0, -1.0], [1.0, -1.0, -1.0]]
    """
    turned = torch.linalg.matrix_exp(torch.pi * angular_momentum(j))
    return turned.diagonal(dim1=-2, dim2=-1).round()


def _real_functions(j: int) -> Tensor:
    """Columns: the functions in terms of |J k⟩, k = −J … J."""
    u = torch.zeros(2 * j + 1, 2 * j + 1, dtype=torch.complex128)
    u[j, 0] = 1.0
    for k in range(1, j + 1):
        plus, minus = 2 * k - 1, 2 * k
        u[j + k, plus], u[j - k, plus] = 0.5**0.5, (-1) ** k * 0.5**0.5
        u[j + k, minus], u[j - k, minus] = 1j * 0.5**0.5, -1j * (-1) ** k * 0.5**0.5
    return u
