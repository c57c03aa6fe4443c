"""Labels that do not belong to their geometries: shuffled, shifted, offset, spiked or stuck."""

from collections.abc import Collection
from dataclasses import replace

import torch
from torch import Tensor

from pes.data import Dataset
from pes.findings.evidence import Evidence
from pes.findings.finding import Finding, rows_in_words, worst_first
from pes.findings.reference import CANDIDATE, Reference, reference
from pes.units import CM1

__all__ = ["equal_labels", "offset_labels", "shuffled_labels", "stuck_labels", "wrong_labels"]

UNRELATED = 0.5
"""Median residual over median distance of a label from the middle one: labels are shuffled."""

BETTER = 0.3
"""Share of the residual that the labels of the next or the previous row must leave."""

SMALLEST_GROUP = 0.05
APART, HALVES = 8.0, 3.5
"""Offset of a group of labels over the spread inside it, alone and with a fit that becomes better
without the offset; two halves of noise are 3 apart."""

MENDED = 0.2
"""Share of the usual residual that may remain when the offset is taken away; of noise 0.5."""

FEWEST_STUCK, NEARBY = 3, 100
"""Geometries with one label that are worth a look, and values beside it that show how many have one
label by rounding."""


def equal_labels(evidence: Evidence) -> list[Finding]:
    """All labels are one number."""
    energies = evidence.dataset.energies
    if len(energies) == 1 or float(energies.max() - energies.min()) > 0:
        return []
    return [
        Finding(
            "equal labels", "error", len(energies), (),
            f"all labels are {float(energies[0]):.10g} hartree",
            "read the right column, with all its digits",
        )
    ]  # fmt: skip


def shuffled_labels(evidence: Evidence) -> list[Finding]:
    """Labels that have nothing to do with the geometries, or belong to the row before or after."""
    known, energies = evidence.reference, evidence.dataset.energies
    if known is None:
        return []
    total, spread = len(energies), float((energies - energies.median()).abs().median())
    share = known.typical / max(spread, 1e-300)
    for shift, where in ((1, "before"), (-1, "after")):
        left = _residuals(known, energies.roll(-shift)[known.rows], known.base)
        if share > 0.02 and float(left.abs().median()) < BETTER * known.typical:
            return [
                Finding(
                    "shifted labels", "error", total, (),
                    f"labels agree with the geometries one row {where} them to "
                    f"{float(left.abs().median()) / CM1:.2g} cm-1, with their own to "
                    f"{known.typical / CM1:.2g}",
                    "shift the column of energies by a row",
                )
            ]  # fmt: skip
    if share < UNRELATED:
        return []
    return [
        Finding(
            "shuffled labels", "error", total, (),
            f"labels have nothing to do with the geometries: the best smooth surface leaves "
            f"{100 * share:.0f} % of their spread", "check that both stand in the same order",
        )
    ]  # fmt: skip


def offset_labels(evidence: Evidence) -> list[Finding]:
    """Two groups of labels that differ by a constant, one of them at least 5 % of the points."""
    known, dataset = evidence.reference, evidence.dataset
    if known is None:
        return []
    offset, member, apart = _two_groups(known, dataset)
    if apart < HALVES:
        return []
    # Without the offset a surface must fit far better, unless most points were in one group.
    fitted = torch.zeros(len(dataset), dtype=torch.bool)
    fitted[known.rows] = True
    mended = reference(replace(dataset, energies=dataset.energies - offset * member), fitted)
    if mended is None or (apart < APART and mended.typical > MENDED * known.typical):
        return []
    left = dataset.energies - mended.surface(dataset.positions)
    member = (left - offset).abs() < left.abs()
    offset, _, numbers = _offset(mended, dataset.energies[mended.rows], member[mended.rows])
    middle = dataset.energies[mended.rows].median()
    left = dataset.energies - middle - mended.predicted(numbers, dataset.positions)
    member = (left - offset).abs() < left.abs()
    member = member if member.double().mean() < 0.5 else ~member
    rows = member.nonzero().flatten().tolist()
    if len(rows) < SMALLEST_GROUP * len(dataset):
        return []
    return [
        Finding(
            "offset labels", "error", len(rows), tuple(rows),
            f"{len(rows)} of {len(dataset)} labels are offset by {abs(offset) / CM1:.1f} cm-1 "
            f"from the rest: {rows_in_words(rows)}",
            "take all labels from the same method, basis and settings",
        )
    ]  # fmt: skip


def _two_groups(known: Reference, dataset: Dataset) -> tuple[float, Tensor, float]:
    """Offset between two groups of labels, mask (B,) of the upper one, offset over their spread.

    The groups are those of the residuals at first, then those of a fit with the offset.
    """
    labels = dataset.energies[known.rows]
    first = known.residuals[known.rows]
    upper = first > 0.5 * (first.quantile(0.03) + first.quantile(0.97))
    offset, left, numbers = _offset(known, labels, upper)
    for _ in range(8):
        upper = (left - offset).abs() < left.abs()
        if min(upper.double().mean(), 1 - upper.double().mean()) < SMALLEST_GROUP:
            return 0.0, upper, 0.0
        offset, left, numbers = _offset(known, labels, upper)
    inside = torch.where(upper, left - offset, left)
    spread = 1.4826 * max(float(inside[s].abs().median()) for s in (upper, ~upper))
    every = dataset.energies - labels.median() - known.predicted(numbers, dataset.positions)
    return offset, (every - offset).abs() < every.abs(), abs(offset) / max(spread, 1e-300)


def stuck_labels(evidence: Evidence) -> list[Finding]:
    """One value that many geometries share although their energies must differ."""
    known = evidence.reference
    if known is None:
        return []
    values, where, counts = evidence.dataset.energies.unique(
        return_inverse=True, return_counts=True
    )
    off = known.standardised.abs() > CANDIDATE
    stuck = []
    for k in (counts >= _too_many(values, counts)).nonzero().flatten().tolist():
        rows = (where == k).nonzero().flatten()
        several = len(evidence.groups[rows].unique()) >= FEWEST_STUCK
        if several and off[rows].sum() >= max(2, len(rows) // 3):
            stuck.append(rows)
    if not stuck:
        return []
    rows = torch.cat(stuck)
    shown = ", ".join(f"{float(values[where[r[0]]]):.9g}" for r in stuck[:3])
    return [
        Finding(
            "stuck labels", "warning", len(rows), worst_first(rows, known.standardised[rows].abs()),
            f"{len(rows)} different geometries share {len(stuck)} "
            f"value{'s' if len(stuck) > 1 else ''} ({shown} hartree), off by up to "
            f"{float(known.residuals[rows].abs().max()) / CM1:.0f} cm-1",
            "leave these rows out or recompute them",
        )
    ]  # fmt: skip


def _too_many(values: Tensor, counts: Tensor) -> Tensor:
    """Numbers (V,) of geometries with one label that rounding does not explain.

    Where labels are rounded, a value is shared by as many as its neighbours are on average.
    """
    total, reach = counts.double().cumsum(0), NEARBY // 2
    places = torch.arange(len(values))
    low, high = (places - reach).clamp(min=0), (places + reach).clamp(max=len(values) - 1)
    usual = (total[high] - total[low]) / (high - low).clamp(min=1)
    return (usual + 6 * (usual - 1).clamp(min=0).sqrt()).clamp(min=FEWEST_STUCK).ceil()


def wrong_labels(evidence: Evidence, named: Collection[int]) -> list[Finding]:
    """Labels that disagree with all their neighbours, without the rows that are named already."""
    known = evidence.reference
    if known is None:
        return []
    rows = [row for row in evidence.wrong.nonzero().flatten().tolist() if row not in named]
    if not rows:
        return []
    index = torch.tensor(rows)
    sizes = known.residuals[index].abs() / CM1
    return [
        Finding(
            "wrong labels", "warning", len(rows), worst_first(index, sizes),
            f"{len(rows)} of {len(evidence.dataset)} labels disagree with their neighbours, by up "
            f"to {float(sizes.max()):.0f} cm-1 where {known.typical / CM1:.2g} is usual",
            "recompute these points or leave them out",
        )
    ]  # fmt: skip


def _offset(known: Reference, labels: Tensor, group: Tensor) -> tuple[float, Tensor, Tensor]:
    """Offset of a group from a fit with it, residuals (S,) without it, coefficients (F + 1,)."""
    values, root = labels - labels.median(), known.base.sqrt()[:, None]
    matrix = torch.cat((known.matrix, group[:, None].double()), 1)
    numbers = torch.linalg.lstsq(
        root * matrix, root * values[:, None], driver="gelsd", rcond=1e-11
    ).solution[:, 0]
    return float(numbers[-1]), values - known.matrix @ numbers[:-1], numbers[:-1]


def _residuals(known: Reference, labels: Tensor, weights: Tensor) -> Tensor:
    """Residuals (S,) of labels left out of a fit."""
    root = weights.sqrt()
    u, s, _ = torch.linalg.svd(root[:, None] * known.matrix, full_matrices=False)
    u = u[:, s > 1e-11 * s[0]]
    values = root * (labels - labels.median())
    return (values - u @ (u.mT @ values)) / root / (1 - u.square().sum(1)).clamp(min=1e-6)
