"""Gauss–Newton steps that bring calculated levels to observed ones.

    loss = Σ_n u_n (E_n − E_n,obs)² / Σ_n u_n + λ mean_i w_i (V_i − V_i,ab initio)²

u_n = 1/max(σ_n, floor)² from the uncertainties of the levels. E_n are excitation energies of all
isotopologues; their slopes by the parameters of the surface are those of Hellmann and Feynman, so
that a step costs one diagonalisation for each isotopologue.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pes.refinement.anchor import Anchor
from pes.refinement.comparison import Comparison, Isotopologue, compared
from pes.refinement.rows import anchor_rows, level_rows, mean_square, solution
from pes.units import CM1

__all__ = ["GaussNewtonStep", "refined", "state_of"]


@dataclass(frozen=True)
class GaussNewtonStep:
    """State after one Gauss–Newton step.

    Attributes:
        loss: hartree².
        fitted: RMS of the fitted levels, each counted alike, hartree.
        held: RMS of those held out; NaN without any. Nothing is decided by it.
        anchor: weighted RMS distance from the ab initio points, hartree.
        damping: damping of the step taken.
        comparisons: comparisons of every isotopologue.
    """

    loss: float
    fitted: float
    held: float
    anchor: float
    damping: float
    comparisons: list[Comparison]


def refined(
    surface: nn.Module,
    parameters: Sequence[nn.Parameter],
    isotopologues: Sequence[Isotopologue],
    anchor: Anchor,
    strength: float,
    *,
    steps: int = 10,
    tolerance: float = 1e-3 * CM1,
) -> Iterator[GaussNewtonStep]:
    """Gauss–Newton steps that change the parameters in place; the first state is the start.

    A step that raises the loss is taken back and tried again with more damping.

    Args:
        surface: positions to energies; every `system` uses it.
        parameters: parameters of the surface.
        isotopologues: isotopologues with levels to fit, or to watch.
        anchor: ab initio points.
        strength: λ.
        steps: at most.
        tolerance: the search ends when the fitted RMS changes by less, hartree.
    """
    state = state_of(surface, isotopologues, anchor, strength, 0.0)
    yield state
    damping = 0.0
    for _ in range(steps):
        rows, right = _equations(surface, parameters, isotopologues, anchor, strength, state)
        before = [p.detach().clone() for p in parameters]
        while True:
            _move(parameters, before, solution(rows, right, damping))
            new = state_of(surface, isotopologues, anchor, strength, damping)
            if new.loss <= state.loss or damping > 1e3:
                break
            damping = max(10 * damping, 1e-3)
        if new.loss > state.loss:
            _move(parameters, before, None)
            return
        change, state = abs(state.fitted - new.fitted), new
        yield state
        if change < tolerance:
            return
        damping = damping / 10 if damping > 1e-3 else 0.0


def state_of(
    surface: nn.Module,
    isotopologues: Sequence[Isotopologue],
    anchor: Anchor,
    strength: float,
    damping: float,
) -> GaussNewtonStep:
    """Loss, errors and levels on the surface as it is now.

    Raises:
        ValueError: if no level to fit could be assigned.
    """
    comparisons = [compared(which) for which in isotopologues]
    residuals = [c.residuals(which) for c, which in zip(comparisons, isotopologues, strict=True)]
    pairs = list(zip(residuals, isotopologues, strict=True))
    fitted = torch.cat([r[w.fitted & r.isfinite()] for r, w in pairs])
    u = torch.cat([w.weights[w.fitted & r.isfinite()] for r, w in pairs])
    held = torch.cat([r[~w.fitted & r.isfinite()] for r, w in pairs])
    if len(fitted) == 0:
        raise ValueError("no observed level could be assigned to a calculated one: nothing to fit")
    with torch.no_grad():
        off = (anchor.weights * (surface(anchor.positions) - anchor.energies) ** 2).mean()
    loss = mean_square(fitted, u) + strength * float(off)
    rms = [float(r.square().mean().sqrt()) for r in (fitted, held)]
    return GaussNewtonStep(loss, rms[0], rms[1], float(off.sqrt()), damping, comparisons)


def _equations(
    surface: nn.Module,
    parameters: Sequence[nn.Parameter],
    isotopologues: Sequence[Isotopologue],
    anchor: Anchor,
    strength: float,
    state: GaussNewtonStep,
) -> tuple[Tensor, Tensor]:
    """Rows (M, P) and right-hand side (M,) of the linear least-squares problem of a step."""
    rows, right, u = level_rows(parameters, isotopologues, state.comparisons)
    more, beyond = anchor_rows(surface, parameters, anchor)
    scale = (u / u.sum()).sqrt()
    return (
        torch.cat((rows * scale[:, None], strength**0.5 * more)),
        torch.cat((right * scale, strength**0.5 * beyond)),
    )


@torch.no_grad()
def _move(
    parameters: Sequence[nn.Parameter], before: Sequence[Tensor], step: Tensor | None
) -> None:
    """Parameters as before, moved by a step (P,) if there is one."""
    start = 0
    for parameter, old in zip(parameters, before, strict=True):
        parameter.copy_(old)
        if step is not None:
            parameter += step[start : start + old.numel()].reshape(old.shape).to(old.device)
        start += old.numel()
