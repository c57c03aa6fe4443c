"""Labels that the audit doubts: left out of the fit by name, and what the surface says of them."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from pes.chunks import in_chunks
from pes.data import Dataset, Split
from pes.findings.audit import Audit, audit
from pes.training.errors import predicted
from pes.units import ANGSTROM, CM1

__all__ = ["audited", "doubtful_line", "doubtful_rows", "not_fitted", "without"]

KINDS = ("stuck labels", "wrong labels", "forces of rows")
CHUNK = 2048
MOST = 40
"""Rows that are named."""


def audited(dataset: Dataset, *, strict: bool = True) -> Audit:
    """The audit of points before a fit.

    Raises:
        ValueError: if `strict` and a fit would mean nothing.
    """
    findings = audit(dataset)
    if strict and findings.severity == "error":
        raise ValueError(f"{findings.findings[0].line()}; `strict=False` fits all the same")
    return findings


def doubtful_rows(audited: Audit) -> Tensor:
    """Rows (K,) of the points whose energy or forces an audit calls wrong, ascending."""
    rows = {row for one in audited.findings if one.kind in KINDS for row in one.rows}
    return torch.tensor(sorted(rows), dtype=torch.long)


def without(parts: Split, rows: Tensor) -> Split:
    """The split with some rows in neither training nor validation; the test keeps its own.

    Raises:
        ValueError: if a part would be empty.
    """
    kept = {name: getattr(parts, name) for name in ("train", "validation")}
    return replace(parts, **{name: own[~torch.isin(own, rows)] for name, own in kept.items()})


def not_fitted(rows: Tensor, parts: Split) -> Tensor:
    """The rows that are in neither training nor validation."""
    return rows[~torch.isin(rows, torch.cat((parts.train, parts.validation)))]


def doubtful_line(
    surface: nn.Module, dataset: Dataset, test: Tensor, rows: Tensor
) -> tuple[str, ...]:
    """One line about doubtful labels: which, what the surface misses them by, and the test RMSE.

    Args:
        surface: positions (B, N, 3) to energies (B,).
        dataset: all points.
        test: rows of the test.
        rows: rows (K,) of the doubtful labels; nothing is said of none.
    """
    if not len(rows):
        return ()
    left = rows[~torch.isin(rows, test)]
    errors = _errors(surface, dataset, rows)
    largest = f"{float(errors.abs().max()):.4g} cm-1"
    if len(rows) == 1:
        line = (
            f"1 point has a doubtful label (row {_named(rows)}) and {_are(len(left), 'was', 'is')} "
            f"{'' if len(left) else 'not '}left out of training and validation; from its energy "
            f"the surface differs by {largest}"
        )
    else:
        line = (
            f"{len(rows)} points have doubtful labels (rows {_named(rows)}): {len(left)} "
            f"{_are(len(left), 'was', 'were')} left out of training and validation; from their "
            f"energies the surface differs by up to {largest}, RMSE {_rms(errors):.4g}"
        )
    if len(left) == len(rows):
        return (line,)
    sound = test[~torch.isin(test, rows)]
    every, rest = (_errors(surface, dataset, some) for some in (test, sound))
    line += (
        f"; {len(rows) - len(left)} {_are(len(rows) - len(left), 'is', 'are')} in the test, whose "
        f"RMSE is {_rms(every):.4g} cm-1 with and {_rms(rest):.4g} without"
    )
    if dataset.forces is None:
        return (line,)
    every, rest = (_force_errors(surface, dataset.select(some)) for some in (test, sound))
    return (f"{line}, of forces {_rms(every):.4g} cm-1/A with and {_rms(rest):.4g} without",)


def _are(count: int, one: str, more: str) -> str:
    return one if count == 1 else more


def _named(rows: Tensor) -> str:
    more = f" and {len(rows) - MOST} more" if len(rows) > MOST else ""
    return ", ".join(map(str, rows[:MOST].tolist())) + more


def _errors(surface: nn.Module, dataset: Dataset, rows: Tensor) -> Tensor:
    """Surface − label (R,) in cm⁻¹."""
    device = next(surface.buffers()).device
    with torch.no_grad():
        values = in_chunks(surface, dataset.positions[rows].to(device), CHUNK)
    return (values.cpu() - dataset.energies[rows].cpu()) / CM1


def _force_errors(surface: nn.Module, points: Dataset) -> Tensor:
    """Forces of the surface − labels (B, N, 3) in cm⁻¹/Å."""
    points = points.to(next(surface.buffers()).device)
    _, forces = predicted(surface, points)
    assert forces is not None
    assert points.forces is not None
    return (forces - points.forces).cpu() / (CM1 / ANGSTROM)


def _rms(errors: Tensor) -> float:
    return float(errors.square().mean().sqrt())
