"""Labels that the audit doubts: left out of the fit by name, and what the surface says of them."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from pes.chunks import in_chunks
from pes.data import Dataset, Split
from pes.findings.audit import Audit
from pes.units import CM1

__all__ = ["doubtful_line", "doubtful_rows", "not_fitted", "without"]

KINDS = ("stuck labels", "wrong labels", "forces of rows")
CHUNK = 2048
MOST = 40
"""Rows that are named."""


def doubtful_rows(audited: Audit) -> Tensor:
    """Rows (K,) of the points whose energy or forces an audit calls wrong, rising."""
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
    have, were = "point has" if len(rows) == 1 else "points have", _are(len(left), "was", "were")
    line = (
        f"{len(rows)} {have} doubtful labels (rows {_named(rows)}): {len(left)} {were} left out of "
        f"training and validation; from their energies the surface differs by up to "
        f"{float(errors.abs().max()):.4g} cm-1, RMSE {_rms(errors):.4g}"
    )
    if len(left) == len(rows):
        return (line,)
    every = _errors(surface, dataset, test)
    sound = every[~torch.isin(test, rows)]
    return (
        f"{line}; {len(rows) - len(left)} {_are(len(rows) - len(left), 'is', 'are')} in the test, "
        f"whose RMSE is {_rms(every):.4g} cm-1 with and {_rms(sound):.4g} without",
    )


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


def _rms(errors: Tensor) -> float:
    return float(errors.square().mean().sqrt())
