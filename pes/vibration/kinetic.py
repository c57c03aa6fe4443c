"""Exact kinetic energy of vibration (J = 0) from nothing but positions as a function of q."""

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["ToPositions", "kinetic", "metric_tensor"]

ToPositions = Callable[[Tensor, Tensor], Tensor]
"""q (..., Q) in bohr and radians, masses (N,) -> positions (..., N, 3) in bohr."""

ASIDE = 0.05
"""How far to look for a way out of a singularity, bohr and radians."""

# Levi-Civita symbol: t_α = e_α × x, the rotation about axis α.
_ROTATION = torch.zeros(3, 3, 3, dtype=torch.float64)
for _a, _b, _c in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
    _ROTATION[_a, _c, _b], _ROTATION[_a, _b, _c] = 1.0, -1.0


def metric_tensor(x: Tensor, dx: Tensor, masses: Tensor) -> tuple[Tensor, Tensor]:
    """Vectors t and the full metric g = Σ_a m_a t·t of vibration and rotation.

    Args:
        x: positions (P, N, 3), centre of mass at the origin.
        dx: derivatives ∂x/∂q_k (P, Q, N, 3), likewise centred.
        masses: (N,) in electron masses.

    Returns:
        t (P, Q + 3, N, 3), vibrations first, and g (P, Q + 3, Q + 3).
    """
    t = torch.cat((dx, _rotations(x)), -3)
    return t, _dot(t, t, masses)


def kinetic(
    to_positions: ToPositions, q: Tensor, masses: Tensor, *, chunk: int = 2048
) -> tuple[Tensor, Tensor]:
    """G matrix and gradient of the volume element √det g on grid points.

    G is the vibrational block of the inverse of the full metric g of Q + 3 motions. All
    derivatives are reverse mode: nested forward mode is silently wrong for determinants.

    Args:
        to_positions: positions of internal coordinates.
        q: grid points (P, Q), bohr and radians.
        masses: (N,) in electron masses; differentiable.
        chunk: grid points worked on at once.

    Returns:
        G (P, Q, Q) and ∂_k ln √det g (P, Q), atomic units.

    Raises:
        ValueError: if the coordinates are singular at a point, which is named.

    References:
        A. Nauts, X. Chapuisat, Mol. Phys. 55, 1287 (1985), doi:10.1080/00268978500102031;
        E. Mátyus, G. Czakó, A. G. Császár, J. Chem. Phys. 130, 134112 (2009),
        doi:10.1063/1.3076742
    """
    pieces = [_kinetic_chunk(to_positions, part, masses) for part in q.split(chunk)]
    g_matrix, slope = (torch.cat(piece) for piece in zip(*pieces, strict=True))
    good = torch.isfinite(g_matrix).flatten(1).all(1) & torch.isfinite(slope).all(1)
    if not good.all():
        raise ValueError(_singularity(to_positions, q[~good][0].detach(), masses.detach()))
    return g_matrix, slope


def _kinetic_chunk(to_positions: ToPositions, q: Tensor, masses: Tensor) -> tuple[Tensor, Tensor]:
    modes = q.shape[-1]
    differentiable = torch.is_grad_enabled() and masses.requires_grad
    with torch.enable_grad():
        q = q.detach().requires_grad_()
        x, dx = _positions_and_slopes(to_positions, q, masses)
        _, g = metric_tensor(x, dx, masses)
        factor, failed = torch.linalg.cholesky_ex(g if differentiable else g.detach())
        bad = failed.bool() | _is_lost(factor, g, modes)
        factor = torch.where(bad[:, None, None], torch.eye(modes + 3).to(g), factor)
        inverse = torch.cholesky_inverse(factor)
        if differentiable:
            log_root = factor.diagonal(dim1=-2, dim2=-1).log().sum()
        else:
            # Its slope, ½ tr(g⁻¹ ∂g), without a way back through the factor.
            log_root = (inverse * g).sum() / 2
        (slope,) = torch.autograd.grad(log_root, q, create_graph=differentiable)
        inverse = inverse[:, :modes, :modes]
    slope = torch.where(bad[:, None], torch.nan, slope)
    return (inverse, slope) if differentiable else (inverse.detach(), slope.detach())


def _singularity(to_positions: ToPositions, q: Tensor, masses: Tensor) -> str:
    """In words: where the coordinates are singular, and which of them leads out of it."""
    where = ", ".join(f"{v:.5g}" for v in q.tolist())
    said = f"the coordinates are singular at q = ({where}) (bohr, radians)"
    aside = torch.stack([torch.diag(torch.full_like(q, step)) for step in (-ASIDE, ASIDE)], 1)
    g_matrix, slope = _kinetic_chunk(to_positions, (q + aside).flatten(0, 1), masses)
    good = torch.isfinite(g_matrix).flatten(1).all(1) & torch.isfinite(slope).all(1)
    cures = good.reshape(-1, 2).any(1).nonzero().flatten().tolist()
    if not cures:
        return (
            f"{said} and near it: some of them move the atoms alike, or the whole molecule; take "
            "coordinates that span its vibrations"
        )
    named = " or ".join(f"coordinate {k + 1} away from {float(q[k]):.5g}" for k in cures)
    return f"{said}; narrow their ranges: keep {named}"


def _is_lost(factor: Tensor, g: Tensor, modes: int) -> Tensor:
    """Where rounding left a pivot of a singular metric, as at sin θ = 1e-16; (P,).

    Rotations are measured by the largest moment of inertia: at linearity the smallest
    vanishes with all of its row.
    """
    scale = g.detach().diagonal(dim1=-2, dim2=-1).clone()
    scale[:, modes:] = scale[:, modes:].amax(-1, keepdim=True)
    return (factor.detach().diagonal(dim1=-2, dim2=-1) ** 2 < 1e-13 * scale).any(-1)


def _positions_and_slopes(
    to_positions: ToPositions, q: Tensor, masses: Tensor
) -> tuple[Tensor, Tensor]:
    """Mass-centred positions (P, N, 3) and ∂x/∂q_k (P, Q, N, 3), still differentiable.

    Q reverse passes through uᵀ∂x/∂q, which is linear in u, give the columns.
    """
    x = _centred(to_positions(q, masses), masses)
    u = torch.zeros_like(x, requires_grad=True)
    (pulled,) = torch.autograd.grad(x, q, u, create_graph=True)
    slopes = [
        torch.autograd.grad(pulled[:, k].sum(), u, create_graph=True)[0] for k in range(q.shape[-1])
    ]
    return x, torch.stack(slopes, 1)


def _centred(x: Tensor, masses: Tensor) -> Tensor:
    return x - (masses[:, None] * x).sum(-2, keepdim=True) / masses.sum()


def _rotations(x: Tensor) -> Tensor:
    """e_α × x: (..., N, 3) -> (..., 3, N, 3)."""
    rotation = _ROTATION.to(x)
    return torch.einsum("abc,...nc->...anb", rotation, x)


def _dot(left: Tensor, right: Tensor, masses: Tensor) -> Tensor:
    """Mass-weighted products: (..., i, N, 3), (..., j, N, 3) -> (..., i, j)."""
    weighted = (left * masses[:, None]).flatten(-2)
    return weighted @ right.flatten(-2).mT
