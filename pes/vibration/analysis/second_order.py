"""Second derivatives of levels, by the first-order change of the wavefunctions.

    d²E_n/dκ_i dκ_j = ⟨n|∂_i∂_jH|n⟩ + 2 ⟨n|∂_iH|ψ_j′⟩,  (H − E_n) ψ_j′ = −(1 − P) ∂_jH ψ_n

P projects on the cluster of n. As a sum over all states where H is a matrix, by conjugate
gradients where it is not.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from pes.vibration.analysis.quadratic_form import (
    MOST_NUMBERS,
    Fields,
    field_derivatives,
    fields,
    reaches,
)
from pes.vibration.analysis.resolvents import RESPONSES
from pes.vibration.eigensolvers.blockwise import completed_clusters
from pes.vibration.eigensolvers.degeneracy import clusters
from pes.vibration.eigensolvers.select import DENSE_LIMIT
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.levels.result import Levels
from pes.vibration.system.system import System

__all__ = ["curvatures"]

EQUAL = 1e-7
"""Slopes this near, relative to ‖∂Hψ‖, leave the members of a cluster degenerate."""


def curvatures(
    levels: Levels,
    parameters: Sequence[Tensor],
    *,
    system: System | None = None,
    method: str = "auto",
    chunk: int = 4096,
) -> Tensor:
    """Second derivatives of every level, pure and mixed, in a fixed basis on a fixed grid.

    In a degenerate cluster each parameter splits the levels first (see `sensitivity`); the pure
    second derivatives are those of the levels it splits into, in the same order, split once more
    where their slopes agree. Mixed ones have no meaning for single members; each is given the
    mean of its cluster.

    Args:
        levels: where ψ, basis and grid come from; the states above them matter too.
        parameters: tensors with `requires_grad` on which `system` depends twice differentiably,
            K numbers in all: few, for the work grows as K for each level.
        system: the system as a function of the parameters; default the one of `levels`.
        method: a key of `RESPONSES`, or auto: over all states while the matrix fits.
        chunk: grid points worked on at once.

    Returns:
        (S, K, K) in hartree per the parameters' atomic units.

    Raises:
        ValueError: for an unknown method, or a parameter that nothing depends on.
        SolverError: if the linear response does not converge.

    References:
        R. M. Sternheimer, Phys. Rev. 96, 951 (1954), doi:10.1103/PhysRev.96.951
    """
    system = levels.system if system is None else system
    if not all(reaches(system, levels.points[:1], parameters)):
        raise ValueError("the levels do not depend on one of the parameters")
    if method == "auto":
        method = "all_states" if levels.hamiltonian.basis.products <= DENSE_LIMIT else "linear"
    if method not in RESPONSES:
        raise ValueError(f"`method` must be auto or one of {', '.join(RESPONSES)}, got {method!r}")
    pairs = completed_clusters(levels.hamiltonian, levels.eigenpairs)
    whole = replace(levels, eigenpairs=pairs, estimated_changes=None)
    c = whole.eigenpairs.coefficients
    forces = torch.stack([_pushed(whole, t) for t in _tangents(whole, parameters, system, chunk)])
    resolvent = RESPONSES[method](whole)
    second_derivatives = c.new_zeros(len(c), len(forces), len(forces))
    for group in clusters(whole.energies):
        b = forces[:, group]
        answers = resolvent(b.flatten(0, 1), group).reshape(b.shape)
        second = 2 * torch.einsum("imx,jnx->ijmn", b, answers)
        second = second + _explicit(whole, group, parameters, system, chunk)
        first = torch.einsum("imx,nx->imn", b, c[group])
        second_derivatives[group] = _split(first, second, EQUAL * b.norm(dim=-1).amax(-1))
    return second_derivatives[: len(levels.energies)]


def _split(first: Tensor, second: Tensor, equal: Tensor) -> Tensor:
    """(d, K, K) from the matrices (K, d, d) and (K, K, d, d) of a cluster.

    Slopes by parameter i nearer than `equal[i]` (K,) leave members degenerate.
    """
    size = first.shape[-1]
    mean = second.diagonal(dim1=-2, dim2=-1).mean(-1)
    result = mean.repeat(size, 1, 1)
    for i, (matrix, curved) in enumerate(zip(first, second.diagonal().movedim(-1, 0), strict=True)):
        slopes, turn = torch.linalg.eigh((matrix + matrix.T) / 2)
        turned = turn.T @ ((curved + curved.T) / 2) @ turn
        start = 0
        for end in range(1, size + 1):
            if end == size or float(slopes[end] - slopes[end - 1]) > float(equal[i]):
                block = turned[start:end, start:end]
                result[start:end, i, i] = torch.linalg.eigvalsh(block)
                start = end
    return result


def _tangents(
    levels: Levels, parameters: Sequence[Tensor], system: System, chunk: int
) -> list[Fields]:
    """∂V, ∂G and ∂(∂ ln √det g) on the whole grid by each element of the parameters."""
    through = set().union(*reaches(system, levels.points[:1], parameters))
    ceiling = levels.minimum_energy + levels.cap
    points = levels.points
    parts = []
    for q in points.split(chunk):
        live = fields(system, q, ceiling, through)
        parts.append([t for p in parameters for t in _columns(live, p, q)])
    return [
        Fields(*(torch.cat(p) for p in zip(*map(tuple, column), strict=True)))
        for column in zip(*parts, strict=True)
    ]


def _columns(live: Fields, parameter: Tensor, q: Tensor) -> list[Fields]:
    """Tangents with zeros for what does not change."""
    columns = field_derivatives(live, parameter) or [Fields()] * parameter.numel()
    modes = q.shape[1]
    shapes = ((len(q),), (len(q), modes, modes), (len(q), modes))
    return [
        Fields(
            *(
                q.new_zeros(shape) if f is None else f
                for f, shape in zip((t.potential, t.g_matrix, t.slope), shapes, strict=True)
            )
        )
        for t in columns
    ]


def _pushed(levels: Levels, tangent: Fields) -> Tensor:
    """∂H times the coefficients of all levels, (S, N); t is the change of ∂ ln √det g.

    ⟨φ|∂H|ψ⟩ = ⟨φ|∂V ψ − ¼ Σ_k (Gt)_k D̃_kψ⟩ + Σ_k ⟨D̃_kφ|½ (∂G D̃ψ)_k − ¼ (Gt)_k ψ⟩
    """
    h = levels.hamiltonian
    block = max(1, MOST_NUMBERS // (4 * len(h.potential) * (h.modes + 1)))
    pieces = []
    for c in levels.eigenpairs.coefficients.split(block):
        psi, slopes = h.basis.on_grid_with_slopes(c)
        assert tangent.potential is not None
        value, flux = tangent.potential * psi, None
        if _moves(tangent.g_matrix) or _moves(tangent.slope):
            s = h.s.T[:, None]
            slopes += s * psi
            along = torch.einsum("pkl,pl->kp", h.g_matrix, tangent.slope)[:, None] / 4
            flux = torch.einsum("pkl,lsp->ksp", tangent.g_matrix, slopes) / 2 - along * psi
            value += (s * flux - along * slopes).sum(0)
        pieces.append(h.basis.from_grid(value, flux))
    return torch.cat(pieces)


def _moves(field: Tensor | None) -> bool:
    return field is not None and bool(field.any())


def _explicit(
    levels: Levels,
    group: Sequence[int],
    parameters: Sequence[Tensor],
    system: System,
    chunk: int,
) -> Tensor:
    """⟨m|∂_i∂_jH|n⟩ within a cluster, (K, K, d, d); zero where H is linear in κ."""
    h = levels.hamiltonian
    c = levels.eigenpairs.coefficients[list(group)]
    psi, u = h.basis.on_grid(c), h.slopes_on_grid(c)
    through = set().union(*reaches(system, levels.points[:1], parameters))
    size = sum(p.numel() for p in parameters)
    total = c.new_zeros(size, size, len(group), len(group))
    for rows in torch.arange(len(levels.points)).split(chunk):
        live = fields(system, levels.points[rows], levels.minimum_energy + levels.cap, through)
        for m in range(len(group)):
            for n in range(m + 1):
                value = _form(live, h, rows, (psi[m], psi[n]), (u[m], u[n]))
                total[:, :, m, n] += _hessian(value, parameters)
    lower = total.tril(-1)
    return total + lower.mT


def _form(
    live: Fields,
    h: Hamiltonian,
    rows: Tensor,
    psi: tuple[Tensor, Tensor],
    u: tuple[Tensor, Tensor],
) -> Tensor:
    """⟨m|H|n⟩ on some points with ψ fixed and everything else as a function of κ."""
    left, right = (p[rows] for p in psi)
    value = psi[0].new_zeros(())
    if live.potential is not None:
        value = value + (left * right * live.potential).sum()
    if live.g_matrix is None or live.slope is None:
        return value
    change = -(live.slope - live.slope.detach()) / 2
    moved = [s[rows] + change * p[:, None] for s, p in zip(u, (left, right), strict=True)]
    return value + torch.einsum("pk,pkl,pl->", moved[0], live.g_matrix, moved[1]) / 2


def _hessian(value: Tensor, parameters: Sequence[Tensor]) -> Tensor:
    """(K, K) second derivatives of a number."""
    size = sum(p.numel() for p in parameters)
    hessian = value.new_zeros(size, size)
    if not value.requires_grad:
        return hessian
    first = torch.autograd.grad(value, parameters, create_graph=True, allow_unused=True)
    row = 0
    for slope, parameter in zip(first, parameters, strict=True):
        for k in range(parameter.numel()):
            if slope is not None and slope.requires_grad:
                hessian[row] = _row(slope.flatten()[k], parameters)
            row += 1
    return hessian


def _row(element: Tensor, parameters: Sequence[Tensor]) -> Tensor:
    pieces = torch.autograd.grad(element, parameters, retain_graph=True, allow_unused=True)
    return torch.cat(
        [
            (torch.zeros_like(p) if piece is None else piece).flatten()
            for piece, p in zip(pieces, parameters, strict=True)
        ]
    )
