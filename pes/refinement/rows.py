"""Rows of the linear least-squares problem of a step: levels and ab initio points."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from pes.potential.least_squares import decomposition
from pes.refinement.anchor import Anchor
from pes.refinement.comparison import Comparison, Isotopologue
from pes.vibration.analysis.derivatives import level_derivatives

__all__ = ["anchor_rows", "level_rows", "mean_square", "solution"]

SMALLEST = 1e-12
"""Singular values below this share of the largest are left out: levels carry rounding too."""


def mean_square(residuals: Tensor, weights: Tensor) -> float:
    """Σ u r² / Σ u."""
    return float((weights * residuals.square()).sum() / weights.sum())


def level_rows(
    parameters: Sequence[nn.Parameter],
    isotopologues: Sequence[Isotopologue],
    comparisons: Sequence[Comparison],
) -> tuple[Tensor, Tensor, Tensor]:
    """∂(E_n − E_0)/∂p, observed − calculated and the weights of the fitted levels."""
    rows, right, weights = [], [], []
    for which, comparison in zip(isotopologues, comparisons, strict=True):
        residuals = comparison.residuals(which)
        chosen = (which.fitted & residuals.isfinite()).nonzero().flatten().tolist()
        if not chosen:
            continue
        if (turning := comparison.rotating) is not None:
            change = partial(_slopes, which, parameters)
            rows.append(turning.slopes(change)[chosen])
            right.append(-residuals[chosen])
            weights.append(which.weights[chosen])
            continue
        numbers = [comparison.assignment.numbers[i] for i in chosen]
        states = [0, *[n for n in numbers if n is not None]]
        pieces = level_derivatives(
            comparison.levels, list(parameters), system=which.system, states=states
        )
        whole = torch.cat([piece.reshape(len(states), -1).cpu() for piece in pieces], 1)
        rows.append(whole[1:] - whole[0])
        right.append(-residuals[chosen])
        weights.append(which.weights[chosen])
    return torch.cat(rows), torch.cat(right), torch.cat(weights)


def _slopes(which: Isotopologue, parameters: Sequence[nn.Parameter], q: Tensor) -> Tensor:
    """∂V/∂p at coordinates (P, Q), (P, K)."""
    with torch.enable_grad():
        return _jacobian(which.system.potential(q), parameters).detach()


def anchor_rows(
    surface: nn.Module, parameters: Sequence[nn.Parameter], anchor: Anchor
) -> tuple[Tensor, Tensor]:
    """√(w/B) ∂V/∂p and √(w/B) (V_ab initio − V), all points at once."""
    energies = surface(anchor.positions)
    columns = _jacobian(energies, parameters)
    scale = (anchor.weights / len(energies)).sqrt()
    rows, right = scale[:, None] * columns, scale * (anchor.energies - energies.detach())
    return rows.detach().cpu(), right.cpu()


def _jacobian(values: Tensor, parameters: Sequence[nn.Parameter]) -> Tensor:
    """∂v/∂p (B, P), one pass for each value or for each parameter, whichever are fewer."""
    size = sum(p.numel() for p in parameters)
    if len(values) <= size:
        grads = (torch.autograd.grad(v, parameters, retain_graph=True) for v in values)
        return torch.stack([torch.cat([g.flatten() for g in row]) for row in grads])
    w = torch.zeros_like(values, requires_grad=True)
    pulled = torch.autograd.grad(values, parameters, w, create_graph=True)
    flat = torch.cat([p.flatten() for p in pulled])
    return torch.stack([torch.autograd.grad(e, w, retain_graph=True)[0] for e in flat], -1)


def solution(rows: Tensor, right: Tensor, damping: float) -> Tensor:
    """s (P,) that minimises ‖A s − b‖² + damping s₁² ‖D s‖², the columns of A scaled by D."""
    solved = decomposition(rows, right).coefficients([damping**0.5], smallest=SMALLEST)
    return solved[:, 0]
