"""Exact kinetic energy of vibration (J = 0) from nothing but positions as a function of q."""

from collections.abc import Callable, Sequence
from itertools import compress

import torch
from torch import Tensor

from pes.chunks import tuple_in_chunks
from pes.places import Places

__all__ = ["ToPositions", "kinetic", "metric_tensor", "rotations", "tangents"]

ToPositions = Callable[[Tensor, Tensor], Tensor]
"""q (..., Q) in bohr and radians, masses (N,) -> positions (..., N, 3) in bohr."""

ASIDE = 0.05
"""Distance at which a way out of a singularity is looked for, bohr and radians."""


def metric_tensor(
    x: Tensor, dx: Tensor, masses: Tensor, axes: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Vectors t and the full metric g = Σ_a m_a t·t of vibration and rotation.

    Args:
        x: positions (P, N, 3), centre of mass at the origin.
        dx: derivatives ∂x/∂q_k (P, Q, N, 3), likewise centred.
        masses: (N,) in electron masses.
        axes: axes of the rotations, (A, 3); by default all three.

    Returns:
        t (P, Q + A, N, 3), vibrations first, and g (P, Q + A, Q + A).
    """
    turns = _stacked(rotations(x))
    if axes is not None:
        turns = torch.einsum("ab,pbni->pani", axes.to(x), turns)
    t = torch.cat((dx, turns), 1).contiguous()
    return t, _weighted(t, masses) @ t.flatten(-2).mT


def kinetic(
    to_positions: ToPositions,
    q: Tensor,
    masses: Tensor,
    *,
    axes: Tensor | None = None,
    chunk: int = 4096,
    places: Places | None = None,
) -> tuple[Tensor, Tensor]:
    """G matrix and gradient of the volume element √det g on grid points.

    G is the vibrational block of the inverse of the full metric g of Q + 3 motions. All
    derivatives are reverse mode, of positions alone: no determinant is differentiated.

    A molecule that is linear at its minimum has 3N − 5 coordinates and two rotations across its
    line. The third, about the line, turns the coordinates; functions that it leaves as they are
    (l = 0) are those of J = 0, and for these the kinetic energy of Q + 2 motions is exact. In
    rectilinear normal coordinates it is that of Watson, ½ Σ P_k² + ½ μ (π_x² + π_y²).

    Args:
        to_positions: positions of internal coordinates.
        q: grid points (P, Q), bohr and radians.
        masses: (N,) in electron masses; differentiable.
        axes: axes of the rotations, (A, 3); by default all three, for a linear molecule the two
            perpendicular ones.
        chunk: grid points worked on at once.
        places: names and units of q for messages.

    Returns:
        G (P, Q, Q) and ∂_k ln √det g (P, Q), atomic units.

    Raises:
        ValueError: if the coordinates are singular at a point, which is named.

    References:
        A. Nauts, X. Chapuisat, Mol. Phys. 55, 1287 (1985), doi:10.1080/00268978500102031;
        E. Mátyus, G. Czakó, A. G. Császár, J. Chem. Phys. 130, 134112 (2009),
        doi:10.1063/1.3076742; J. K. G. Watson, Mol. Phys. 19, 465 (1970),
        doi:10.1080/00268977000101491
    """
    g_matrix, slope = tuple_in_chunks(
        lambda part: _kinetic_chunk(to_positions, part, masses, axes), q, chunk
    )
    good = torch.isfinite(g_matrix).flatten(1).all(1) & torch.isfinite(slope).all(1)
    if not good.all():
        first = q[~good][0].detach()
        named = places or Places()
        raise ValueError(_singularity(to_positions, first, masses.detach(), axes, named))
    return g_matrix, slope


def _kinetic_chunk(
    to_positions: ToPositions, q: Tensor, masses: Tensor, axes: Tensor | None
) -> tuple[Tensor, Tensor]:
    """G and ∂_k ln √det g = ½ tr(g⁻¹ ∂_k g) = Σ_i u_i·∂_k t_i with u_i = Σ_j (g⁻¹)_ij m t_j.

    The sum is one reverse pass through x and ∂x/∂q, whose cotangents are constant there and
    yet differentiable in the masses. Σ_a u_ia = 0, so that nothing need be centred on the way.
    """
    modes = q.shape[-1]
    differentiable = torch.is_grad_enabled() and masses.requires_grad
    with torch.enable_grad():
        q = _points_last(q.detach()).requires_grad_()
        x, columns = _positions_and_slopes(to_positions, q, masses)
        with torch.set_grad_enabled(differentiable):
            dx = _stacked([_centred(column, masses) for column in columns])
            t, g = metric_tensor(_centred(x, masses), dx, masses, axes)
            factor, failed = torch.linalg.cholesky_ex(g)
            bad = failed.bool() | _is_lost(factor, g, modes)
            factor = torch.where(bad[:, None, None], torch.eye(g.shape[-1]).to(g), factor)
            inverse = torch.cholesky_inverse(factor)
            u = _points_last((inverse @ _weighted(t, masses)).view_as(t))
            turning = u[:, modes:]
            if axes is not None:
                turning = torch.einsum("ab,pani->pbni", axes.to(u), turning)
            cotangents = [*u[:, :modes].unbind(1), _torque(turning)]
        # Where x is linear in a coordinate, its column is constant.
        moving = [v.requires_grad for v in (*columns, x)]
        outputs, weights = compress((*columns, x), moving), compress(cotangents, moving)
        (slope,) = _slope(list(outputs), q, list(weights), differentiable=differentiable)
    return inverse[:, :modes, :modes], torch.where(bad[:, None], torch.nan, slope)


def _slope(
    outputs: list[Tensor], q: Tensor, cotangents: list[Tensor], *, differentiable: bool
) -> tuple[Tensor, ...]:
    """∂/∂q of Σ cotangent·output, the cotangents held fixed."""
    if differentiable:
        return torch.autograd.grad(outputs, q, cotangents, create_graph=True)
    # A sum, for torch would import a computer algebra to check the shapes of cotangents (0.5 s).
    products = [(one * weight).sum() for one, weight in zip(outputs, cotangents, strict=True)]
    return torch.autograd.grad(torch.stack(products).sum(), q)


def _singularity(
    to_positions: ToPositions, q: Tensor, masses: Tensor, axes: Tensor | None, places: Places
) -> str:
    """Sentence about where the coordinates are singular, and which of them leads out of it."""
    said = f"the coordinates are singular at {places.text(q)}"
    aside = torch.stack([torch.diag(torch.full_like(q, step)) for step in (-ASIDE, ASIDE)], 1)
    g_matrix, slope = _kinetic_chunk(to_positions, (q + aside).flatten(0, 1), masses, axes)
    good = torch.isfinite(g_matrix).flatten(1).all(1) & torch.isfinite(slope).all(1)
    cures = good.reshape(-1, 2).any(1).nonzero().flatten().tolist()
    if not cures:
        return (
            f"{said} and near it: some of them move the atoms alike, or the whole molecule; take "
            "coordinates that span its vibrations"
        )
    named = " or ".join(f"{places.name(k)} away from {places.value(k, float(q[k]))}" for k in cures)
    return f"{said}; narrow their ranges: keep {named}"


def _is_lost(factor: Tensor, g: Tensor, modes: int) -> Tensor:
    """Mask (P,) of singular metrics whose pivot is only rounding, as at sin θ = 1e-16.

    Rotations are measured by the largest moment of inertia: at linearity the smallest
    vanishes with all of its row.
    """
    scale = g.detach().diagonal(dim1=-2, dim2=-1).clone()
    scale[:, modes:] = scale[:, modes:].amax(-1, keepdim=True)
    return (factor.detach().diagonal(dim1=-2, dim2=-1) ** 2 < 1e-13 * scale).any(-1)


def _positions_and_slopes(
    to_positions: ToPositions, q: Tensor, masses: Tensor
) -> tuple[Tensor, list[Tensor]]:
    """Positions (P, N, 3) and each ∂x/∂q_k (P, N, 3), still differentiable.

    Q reverse passes through uᵀ∂x/∂q, which is linear in u, give the columns.
    """
    x = to_positions(q, masses)
    u = _points_last(torch.zeros_like(x)).requires_grad_()
    (pulled,) = torch.autograd.grad((u * x).sum(), q, create_graph=True)
    rows = pulled.unbind(-1)
    return x, [torch.autograd.grad(row.sum(), u, create_graph=True)[0] for row in rows]


def _centred(x: Tensor, masses: Tensor) -> Tensor:
    shares = masses / masses.sum()
    centre = torch.stack([m * atom for m, atom in zip(shares, x.unbind(-2), strict=True)]).sum(0)
    return x - centre[..., None, :]


def tangents(to_positions: ToPositions, q: Tensor, masses: Tensor) -> tuple[Tensor, Tensor]:
    """Positions (P, N, 3) and ∂x/∂q_k (P, Q, N, 3) at q (P, Q), centred, without a graph."""
    with torch.enable_grad():
        q = _points_last(q.detach()).requires_grad_()
        x, columns = _positions_and_slopes(to_positions, q, masses.detach())
    dx = [_centred(column.detach(), masses.detach()) for column in columns]
    return _centred(x.detach(), masses.detach()), _stacked(dx)


def rotations(x: Tensor) -> list[Tensor]:
    """e_α × x (P, N, 3) for each axis α."""
    a, b, c = x.unbind(-1)
    zero = torch.zeros_like(a)
    return [_stacked(e, -1) for e in ((zero, -c, b), (c, zero, -a), (-b, a, zero))]


def _torque(u: Tensor) -> Tensor:
    """Σ_α u_α × e_α (P, N, 3) of u (P, 3, N, 3): what e_α × x gives back to x."""
    (_, ab, ac), (ba, _, bc), (ca, cb, _) = (row.unbind(-1) for row in u.unbind(1))
    return _stacked((cb - bc, ac - ca, ba - ab), -1)


def _weighted(t: Tensor, masses: Tensor) -> Tensor:
    """m t (P, Q + 3, 3N)."""
    return t.flatten(-2) * masses.repeat_interleave(3)


def _stacked(pieces: Sequence[Tensor], dim: int = 1) -> Tensor:
    """Pieces (P, ...) stacked as by `torch.stack`, in memory with the points last."""
    last = [piece.movedim(0, -1) for piece in pieces]
    return torch.stack(last, dim - 1).movedim(-1, 0)


def _points_last(tensor: Tensor) -> Tensor:
    """The same (P, ...), in memory with its points last: whole vectors for each operation."""
    return tensor.movedim(0, -1).contiguous().movedim(-1, 0)
