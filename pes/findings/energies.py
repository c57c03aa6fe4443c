"""Labels that do not belong to their geometries: shuffled, shifted, offset, spiked or stuck."""

import math
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

COARSE, HINT = 0.02, 0.8
"""Residual in units of the spread of the labels from which the reference is bad enough to show a
shift as it is, and share of the residual from which a second reference is worth its time."""

SMALLEST_GROUP = 0.05
APART, HALVES = 8.0, 3.5
"""Offset of a group of labels over the spread inside it, alone and with a fit that becomes better
without the offset; two halves of noise are 3 apart."""

QUARTERS = torch.tensor([0.25, 0.75], dtype=torch.float64)
"""Quantiles that residuals are held to where a sum of them must not follow a few."""

MENDED = 0.2
"""Share of the usual residual that may remain when the offset is taken away; of noise 0.5."""

FEWEST_STUCK, NEARBY = 3, 100
"""Geometries with one label that are worth a look, and values beside it that show how many have one
label by rounding."""

UNLIKELY, IMPOSSIBLE = 1.0, 1e-3
"""Expected number of values shared by chance below which a label may be stuck, and below which it
is, whatever the reference says."""
FINE = 0.5
"""Number of labels in a step of rounding up to which chance decides."""


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
        left = _agreement(known, replace(evidence.dataset, energies=energies.roll(-shift)), share)
        if left < BETTER * known.typical:
            return [
                Finding(
                    "shifted labels", "error", total, (),
                    f"labels agree with the geometries one row {where} them to "
                    f"{left / CM1:.2g} cm-1, with their own geometries only to "
                    f"{known.typical / CM1:.2g} cm-1",
                    "shift the column of energies by a row",
                )
            ]  # fmt: skip
    if share < UNRELATED:
        return []
    return [
        Finding(
            "shuffled labels", "error", total, (),
            f"labels are unrelated to the geometries: the best smooth surface leaves "
            f"{100 * share:.0f} % of their spread unexplained",
            "check that both stand in the same order",
        )
    ]  # fmt: skip


def _agreement(known: Reference, moved: Dataset, share: float) -> float:
    """Median residual (hartree) of labels moved by a row.

    Where the labels rise from row to row a shift bends the reference by little: another one is then
    fitted to the moved labels if these agree better with the first.
    """
    left = float(_residuals(known, moved.energies[known.rows]).abs().median())
    if share > COARSE or left > HINT * known.typical:
        return left
    usable = torch.zeros(len(moved), dtype=torch.bool)
    usable[known.rows] = True
    again = reference(moved, usable)
    return left if again is None else min(left, again.typical)


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

    The groups are at first those of the residuals, or the rows before and after the one at which
    the residuals change most, as where two calculations were joined; then those of a fit with the
    offset.
    """
    first = known.residuals[known.rows]
    upper = first > 0.5 * (first.quantile(0.03) + first.quantile(0.97))
    away = (first - first.median()).clamp(*first.quantile(QUARTERS).tolist()).cumsum(0)
    later = torch.arange(len(first)) > away.abs().argmax()
    both = (_grown(known, dataset, start) for start in (upper, later))
    return max(both, key=lambda groups: groups[-1])


def _grown(known: Reference, dataset: Dataset, upper: Tensor) -> tuple[float, Tensor, float]:
    """The same from groups to start with."""
    labels = dataset.energies[known.rows]
    offset, left, numbers = _offset(known, labels, upper)
    for _ in range(8):
        upper = (left - offset).abs() < left.abs()
        if min(upper.double().mean(), 1 - upper.double().mean()) < SMALLEST_GROUP:
            return 0.0, upper, 0.0
        offset, left, numbers = _offset(known, labels, upper)
    inside = torch.where(upper, left - offset, left) / _rest(known, upper)
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
    bound, impossible = evidence.linked.all(1), _too_many(values, counts, IMPOSSIBLE)
    stuck = []
    for k in (counts >= _too_many(values, counts, UNLIKELY)).nonzero().flatten().tolist():
        rows = (where == k).nonzero().flatten()
        several = len(evidence.groups[rows].unique()) >= FEWEST_STUCK
        # Fragments that are far apart may share an energy.
        alike = len(evidence.groups[rows[bound[rows]]].unique())
        if several and (off[rows].sum() >= max(2, len(rows) // 3) or alike >= impossible[k]):
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


def _usual(values: Tensor, counts: Tensor) -> Tensor:
    """Mean number (V,) of geometries with one label among the values beside each, itself apart."""
    total, reach = counts.double().cumsum(0), NEARBY // 2
    places = torch.arange(len(values))
    low, high = (places - reach).clamp(min=0), (places + reach).clamp(max=len(values) - 1)
    number = (high - low).clamp(min=1)
    return ((total[high] - total[low] + counts[low] - counts) / number).clamp(min=1)


def _too_many(values: Tensor, counts: Tensor, chance: float) -> Tensor:
    """Numbers (V,) of geometries with one label that rounding explains with this chance at most.

    With λ labels in each of V steps of rounding, V λ^{k−1}/k! values are expected to be shared by k
    geometries. λ follows from the values beside each one: they have 1 + λ/2 geometries on average.
    Where λ is large, a value is shared by about as many as its neighbours are; densities vary, so
    that this is no more than a reason to look.
    """
    usual = _usual(values, counts)
    rate = (2 * (usual - 1)).clamp(min=1 / NEARBY)
    k = torch.arange(FEWEST_STUCK, 12, dtype=torch.float64)
    expected = math.log(len(values)) + (k - 1) * rate[:, None].log() - torch.lgamma(k + 1)
    fewest = torch.where(expected < math.log(chance), k, torch.inf).amin(1)
    many = (usual + 6 * (usual - 1).sqrt()).ceil() if chance > IMPOSSIBLE else torch.inf
    return torch.where(rate < FINE, fewest, many)


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
    (q, r), root, values = known.factors, known.base.sqrt(), labels - labels.median()
    own = root * group
    apart = own - q @ (q.mT @ own)  # what the features cannot make up
    offset = (apart @ (root * values)) / (apart @ apart)
    along = q.mT @ (root * values - offset * own)
    numbers = torch.linalg.solve_triangular(r, along[:, None], upper=True)[:, 0]
    return float(offset), values - known.matrix @ numbers, numbers


def _rest(known: Reference, group: Tensor) -> Tensor:
    """1 − leverage (S,) in a fit with an offset of a group: residual left in over left out.

    A point at an edge is fitted in whichever group it is, and would confirm the offset.
    """
    (q, _), own = known.factors, known.base.sqrt() * group
    apart = own - q @ (q.mT @ own)
    taken = q.square().sum(1) + apart.square() / (apart @ apart)
    return (1 - taken).clamp(min=1e-6)


def _residuals(known: Reference, labels: Tensor) -> Tensor:
    """Residuals (S,) of labels left out of a fit."""
    (q, _), root = known.factors, known.base.sqrt()
    values = root * (labels - labels.median())
    return (values - q @ (q.mT @ values)) / root / (1 - q.square().sum(1)).clamp(min=1e-6)
