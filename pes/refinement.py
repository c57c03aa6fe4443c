"""A surface adjusted to observed levels, held near its ab initio points.

    loss = Σ_n u_n (E_n − E_n,obs)² / Σ_n u_n + λ mean_i w_i (V_i − V_i,ab initio)²

u_n = 1/max(σ_n, floor)² from the uncertainties of the levels. E_n are excitation energies of all
isotopologues; their slopes by the parameters of the surface are those of Hellmann and Feynman, so
that a Gauss–Newton step costs one diagonalisation for each isotopologue.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pes.data.observed import Observed
from pes.units import CM1
from pes.vibration.analysis.assignment import Assignment, assigned
from pes.vibration.analysis.derivatives import sensitivity
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.levels.levels import vibrational_levels
from pes.vibration.levels.result import Levels
from pes.vibration.system.system import System

__all__ = [
    "STRENGTHS",
    "Anchor",
    "Comparison",
    "Isotopologue",
    "Step",
    "compared",
    "cross_validated",
    "refined",
]

MARGIN = 800 * CM1
"""How far above the highest observed level levels are computed."""

FLOOR = 0.1 * CM1
"""What a surface can hope to reach: levels known better than that weigh no more."""

STRENGTHS = tuple(10.0 ** (k / 2) for k in range(-16, 1))
"""Strengths of the anchor that are tried: 1e-8 to 1."""


@dataclass(frozen=True)
class Isotopologue:
    """One molecule with observed levels.

    Attributes:
        name: for tables.
        system: on the surface that is refined, in its own masses.
        coordinates: basis.
        start: near the bottom of the well, (Q,).
        observed: its levels.
        fitted: which of them are fitted, (O,); the others are held out.
        symmetric: whether quanta are v1 v2 v3 of XY₂.
        cap: ceiling of V above the minimum, hartree.
        floor: uncertainties below this count as this, hartree.
    """

    name: str
    system: System
    coordinates: tuple[BasisSpec, ...]
    start: Tensor
    observed: Observed
    fitted: Tensor
    symmetric: bool
    cap: float
    floor: float = FLOOR

    @property
    def weights(self) -> Tensor:
        """u of each level, (O,), in units of 1/floor²."""
        return (self.floor / self.observed.uncertainties.clamp(min=self.floor)) ** 2


@dataclass(frozen=True)
class Anchor:
    """Ab initio points the surface must stay near.

    Attributes:
        positions: (B, N, 3) in bohr.
        energies: (B,) in hartree.
        weights: w (B,), mean one.
    """

    positions: Tensor
    energies: Tensor
    weights: Tensor


@dataclass(frozen=True)
class Comparison:
    """Calculated beside observed levels of one isotopologue.

    Attributes:
        calculated: (O,) in hartree, NaN where the assignment was refused.
        assignment: numbers and refusals.
        levels: where they come from.
    """

    calculated: Tensor
    assignment: Assignment
    levels: Levels

    def residuals(self, which: Isotopologue) -> Tensor:
        """Calculated − observed, (O,) in hartree."""
        return self.calculated - which.observed.energies


@dataclass(frozen=True)
class Step:
    """State after one Gauss–Newton step.

    Attributes:
        loss: hartree².
        fitted: RMS of the fitted levels, each counted alike, hartree.
        held: RMS of those held out; NaN without any. Nothing is decided by it.
        anchor: weighted RMS distance from the ab initio points, hartree.
        damping: of the step taken.
        comparisons: of every isotopologue.
    """

    loss: float
    fitted: float
    held: float
    anchor: float
    damping: float
    comparisons: list[Comparison]


def compared(which: Isotopologue, *, convergence: bool = False) -> Comparison:
    """Levels of an isotopologue on the surface as it is now."""
    found = vibrational_levels(
        which.system, which.coordinates, energy=float(which.observed.energies.max()) + MARGIN,
        cap=which.cap, convergence=convergence, reference=which.start,
    )  # fmt: skip
    assignment = assigned(
        found.cpu(), which.observed.quanta, which.observed.energies, symmetric=which.symmetric
    )
    calculated = torch.full_like(which.observed.energies, torch.nan)
    for i, n in enumerate(assignment.numbers):
        if n is not None:
            calculated[i] = found.excitations[n]
    return Comparison(calculated, assignment, found)


def refined(
    surface: nn.Module,
    parameters: Sequence[nn.Parameter],
    isotopologues: Sequence[Isotopologue],
    anchor: Anchor,
    strength: float,
    *,
    steps: int = 10,
    tolerance: float = 1e-3 * CM1,
) -> Iterator[Step]:
    """Gauss–Newton steps that change the parameters in place; the first state is the start.

    A step that raises the loss is taken back and tried again with more damping.

    Args:
        surface: positions to energies; every `system` uses it.
        parameters: of the surface.
        isotopologues: with levels to fit, or to watch.
        anchor: ab initio points.
        strength: λ.
        steps: at most.
        tolerance: the search ends when the fitted RMS changes by less, hartree.
    """
    state = _state(surface, isotopologues, anchor, strength, 0.0)
    yield state
    damping = 0.0
    for _ in range(steps):
        rows, right = _equations(surface, parameters, isotopologues, anchor, strength, state)
        before = [p.detach().clone() for p in parameters]
        while True:
            _move(parameters, before, _solution(rows, right, damping))
            new = _state(surface, isotopologues, anchor, strength, damping)
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


def cross_validated(
    surface: nn.Module,
    parameters: Sequence[nn.Parameter],
    isotopologues: Sequence[Isotopologue],
    anchor: Anchor,
    *,
    strengths: Sequence[float] = STRENGTHS,
) -> list[tuple[float, float]]:
    """λ and the RMS (hartree) of each fitted level predicted from the others.

    In the linear approximation at the surface as it is, so that no level is computed again;
    held-out levels have no part in it.
    """
    state = _state(surface, isotopologues, anchor, 1.0, 0.0)
    levels_rows, levels_right, u = _level_rows(parameters, isotopologues, state)
    anchor_rows, anchor_right = _anchor_rows(surface, parameters, anchor)
    found = []
    for strength in strengths:
        weighted = (strength**0.5 * anchor_rows, strength**0.5 * anchor_right)
        errors = []
        for left_out in range(len(levels_right)):
            kept = torch.arange(len(levels_right)) != left_out
            scale = (u[kept] / u[kept].sum()).sqrt()
            rows = torch.cat((levels_rows[kept] * scale[:, None], weighted[0]))
            right = torch.cat((levels_right[kept] * scale, weighted[1]))
            step = _solution(rows, right, 0.0)
            errors.append(levels_right[left_out] - levels_rows[left_out] @ step)
        found.append((strength, _mean_square(torch.stack(errors), u) ** 0.5))
    return found


def _state(
    surface: nn.Module,
    isotopologues: Sequence[Isotopologue],
    anchor: Anchor,
    strength: float,
    damping: float,
) -> Step:
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
    loss = _mean_square(fitted, u) + strength * float(off)
    rms = [float(r.square().mean().sqrt()) for r in (fitted, held)]
    return Step(loss, rms[0], rms[1], float(off.sqrt()), damping, comparisons)


def _mean_square(residuals: Tensor, weights: Tensor) -> float:
    return float((weights * residuals.square()).sum() / weights.sum())


def _equations(
    surface: nn.Module,
    parameters: Sequence[nn.Parameter],
    isotopologues: Sequence[Isotopologue],
    anchor: Anchor,
    strength: float,
    state: Step,
) -> tuple[Tensor, Tensor]:
    """Rows (M, P) and right-hand side (M,) of the linear least-squares problem of a step."""
    rows, right, u = _level_rows(parameters, isotopologues, state)
    more, beyond = _anchor_rows(surface, parameters, anchor)
    scale = (u / u.sum()).sqrt()
    return (
        torch.cat((rows * scale[:, None], strength**0.5 * more)),
        torch.cat((right * scale, strength**0.5 * beyond)),
    )


def _level_rows(
    parameters: Sequence[nn.Parameter], isotopologues: Sequence[Isotopologue], state: Step
) -> tuple[Tensor, Tensor, Tensor]:
    """∂(E_n − E_0)/∂p, observed − calculated and the weights of the fitted levels."""
    rows, right, weights = [], [], []
    for which, comparison in zip(isotopologues, state.comparisons, strict=True):
        residuals = comparison.residuals(which)
        chosen = (which.fitted & residuals.isfinite()).nonzero().flatten().tolist()
        if not chosen:
            continue
        numbers = [comparison.assignment.numbers[i] for i in chosen]
        states = [0, *[n for n in numbers if n is not None]]
        pieces = sensitivity(
            comparison.levels, list(parameters), system=which.system, states=states
        )
        whole = torch.cat([piece.reshape(len(states), -1).cpu() for piece in pieces], 1)
        rows.append(whole[1:] - whole[0])
        right.append(-residuals[chosen])
        weights.append(which.weights[chosen])
    return torch.cat(rows), torch.cat(right), torch.cat(weights)


def _anchor_rows(
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


def _solution(rows: Tensor, right: Tensor, damping: float) -> Tensor:
    """min ‖A s − b‖² + damping ‖D s‖², the columns of A brought to one length by D."""
    lengths = rows.norm(dim=0)
    lengths = torch.where(lengths > 0, lengths, 1.0)
    u, s, vh = torch.linalg.svd(rows / lengths, full_matrices=False)
    s2 = s**2 + damping * s[0] ** 2
    filtered = torch.where(s > 1e-12 * s[0], s / s2, 0.0)
    return vh.mT @ (filtered * (u.mT @ right)) / lengths


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
