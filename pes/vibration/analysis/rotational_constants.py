"""Rotational constants of vibrational levels: the mean inverse moments of inertia."""

import torch
from torch import Tensor

from pes.vibration.analysis.intensities import eckart_frame
from pes.vibration.levels.result import Levels

__all__ = ["LINEAR", "inverse_inertia", "rotational_constants"]

LINEAR = 1e-3
"""Least moment of inertia of the reference against the largest, up to which it is linear."""

NOWHERE = 1e-14
"""Probability of a grid point, of all levels, that is left out: μ may be infinite there."""


def rotational_constants(levels: Levels, masses: Tensor) -> Tensor:
    """½⟨n|μ_αα|n⟩ in the Eckart frame of the minimum, A ≥ B ≥ C there.

    The expectation of the rotational kinetic energy, to first order in it: Coriolis coupling
    with other vibrations, which measured constants contain, is of second order.

    Args:
        levels: of a molecule.
        masses: (N,) in electron masses.

    Returns:
        (S, 3) in hartree: A, B, C; A is NaN for a molecule that is linear at its minimum.

    Raises:
        ValueError: for a model without atoms.
    """
    if levels.system.positions is None:
        raise ValueError("a model Hamiltonian has no rotational constants")
    densities, masses = levels.densities, masses.detach()
    somewhere = densities.amax(0) > NOWHERE
    with torch.no_grad():
        reference = levels.system.positions(levels.minimum[None])[0]
        mu = inverse_inertia(levels.positions[somewhere], reference, masses)
    return densities[:, somewhere] @ mu.diagonal(dim1=-2, dim2=-1) / 2


def inverse_inertia(positions: Tensor, reference: Tensor, masses: Tensor) -> Tensor:
    """μ, the rotational block of the inverse metric, in the Eckart frame of a reference.

        μ = I″⁻¹ I⁰ I″⁻¹,  I″ = Σ_a m_a [(c_a·x_a) 1 − x_a c_aᵀ],

    with c the reference along its principal axes, I⁰ its moments of inertia and x the positions
    turned so that Σ_a m_a c_a × x_a = 0. All vibrations are in it, whatever their coordinates.

    Args:
        positions: (P, N, 3) in bohr.
        reference: (N, 3) in bohr.
        masses: (N,) in electron masses.

    Returns:
        (P, 3, 3), axes in the order A, B, C; first row and column NaN for a linear reference.

    References:
        J. K. G. Watson, Mol. Phys. 15, 479 (1968), doi:10.1080/00268976800101381

    Example:
        Two unit masses two bohr apart: I = 2, B = 1/(2I).

        >>> x = torch.tensor([[-1.0, 0, 0], [1.0, 0, 0]]).double()
        >>> inverse_inertia(x[None], x, torch.ones(2).double())[0, 1, 1] / 2
        tensor(0.2500, dtype=torch.float64)
    """
    c = reference - (masses[:, None] * reference).sum(0) / masses.sum()
    moments, axes = torch.linalg.eigh(_inertia(c, c, masses))
    c = c @ axes
    x = eckart_frame(positions, c, masses)
    tensor = _inertia(x, c, masses)
    if moments[0] > LINEAR * moments[-1]:
        inverse = torch.linalg.inv(tensor)
        return inverse @ torch.diag(moments) @ inverse
    # Turns about the axis are no rotation of the frame; across it I″ is one number.
    inverse = torch.full_like(tensor, torch.nan)
    across = torch.diag_embed((moments[1] / tensor[:, 1, 1] ** 2)[:, None].expand(-1, 2))
    inverse[:, 1:, 1:] = across
    return inverse


def _inertia(x: Tensor, c: Tensor, masses: Tensor) -> Tensor:
    """Σ_a m_a [(c_a·x_a) 1 − x_a c_aᵀ], (..., 3, 3)."""
    product = (masses[:, None] * x).mT @ c
    trace = product.diagonal(dim1=-2, dim2=-1).sum(-1)
    return trace[..., None, None] * torch.eye(3).to(x) - product
