"""Response of levels to a perturbation: (E − H)⁻¹ applied to vectors outside a cluster."""

from collections.abc import Callable

import torch
from torch import Tensor

from pes.vibration.eigensolvers.eigenpairs import SolverError
from pes.vibration.eigensolvers.select import exact_below
from pes.vibration.levels.result import Levels

__all__ = ["RESPONSES"]

ZERO_ORDER = 100
"""Functions in which H₀ is exact: more save products, but cost as much time as they save."""

LEAST = 1e-3
"""H₀ − E is kept above this, hartree; products change by 4 to 13 per cent from 1e-4 to 1e-2."""

Operator = Callable[[Tensor], Tensor]
Resolvent = Callable[[Tensor, list[int]], Tensor]
"""(E − H)⁻¹ outside a cluster: vectors (R, N) and the numbers of its levels to (R, N)."""


def _all_states(levels: Levels) -> Resolvent:
    """Σ_m |m⟩⟨m|/(E − E_m) over every state of the basis but the cluster."""
    energies, vectors = torch.linalg.eigh(levels.hamiltonian.dense().detach())

    def resolvent(b: Tensor, group: list[int]) -> Tensor:
        gaps = levels.energies[group].mean() - energies
        inverse = torch.where(gaps.abs() > 0, 1 / gaps, 0.0)
        inverse[group] = 0.0
        return ((b @ vectors) * inverse) @ vectors.T

    return resolvent


def _linear(levels: Levels, *, tolerance: float = 1e-10, steps: int = 3000) -> Resolvent:
    """The levels known by their sum, all others by conjugate gradients.

    Outside the known levels H − E is positive, for E is one of them: no indefinite solver is
    needed, and near-degenerate neighbours do not slow it. Divided by H₀ − E, which is kept
    positive, the equation is nearly solved.
    """
    h, known = levels.hamiltonian, levels.eigenpairs.coefficients
    zero = exact_below(h, max(ZERO_ORDER, 2 * len(known)))

    def outside(x: Tensor) -> Tensor:
        return x - (x @ known.T) @ known

    def resolvent(b: Tensor, group: list[int]) -> Tensor:
        energy = levels.energies[group].mean()
        gaps = energy - levels.energies
        inverse = torch.where(gaps.abs() > 0, 1 / gaps, 0.0)
        inverse[group] = 0.0
        x = ((b @ known.T) * inverse) @ known
        near = zero.above(energy, (levels.energies[-1] - energy).clamp(min=LEAST))
        return x - _conjugate_gradients(
            lambda p: outside(h.apply(p) - energy * p),
            outside(b),
            tolerance * b.norm(dim=1),
            steps,
            lambda r: outside(near.divide(r, r.new_zeros(len(r)))),
        )

    return resolvent


def _conjugate_gradients(
    product: Operator, b: Tensor, residual: Tensor, steps: int, divide: Operator
) -> Tensor:
    """x (R, N) with ‖A x − b‖ ≤ residual (R,) for every row.

    A is symmetric and positive; so is `divide`, about A⁻¹.
    """
    x, r = torch.zeros_like(b), b.clone()
    p = z = divide(r)
    rz = (r * z).sum(1)
    for _ in range(steps):
        left = r.norm(dim=1) > residual
        if not left.any():
            return x
        ap = product(p)
        step = torch.where(left, rz / (p * ap).sum(1), 0.0)[:, None]
        x, r = x + step * p, r - step * ap
        z = divide(r)
        new = (r * z).sum(1)
        p = z + torch.where(left, new / rz, 0.0)[:, None] * p
        rz = torch.where(left, new, rz)
    raise SolverError(
        f"the linear response did not converge in {steps} products H·v; another level lies "
        "close above the highest one: ask for one level more or fewer, or lower `cap`"
    )


RESPONSES: dict[str, Callable[[Levels], Resolvent]] = {
    "all_states": _all_states,
    "linear": _linear,
}
"""Sums over all other states, by name."""
