"""Regions of the points: wells without points, separate regions, fragments."""

import numpy as np
import torch
from scipy.cluster.hierarchy import fcluster, linkage
from torch import Tensor

from pes.data.isolation import isolated_rows
from pes.findings.evidence import Evidence
from pes.findings.finding import Finding, worst_first
from pes.molecule import Molecule

__all__ = ["bare_well", "dissociated", "isolated_points", "separate_regions"]

GAP = 8.0
"""Distance between two regions over the usual distance between neighbours."""

SMALLEST_REGION = 0.02
MOST = 2000

STEEP = 0.02
"""Hartree/bohr; the lowest point of a set that contains the minimum has smaller forces."""
ABOVE = 0.01
"""Height of the lowest point above the minimum, in units of the range, that matters."""


def bare_well(evidence: Evidence) -> list[Finding]:
    """Few points near the minimum, or none at it."""
    dataset, heights = evidence.dataset, evidence.heights
    findings = []
    low = int((heights <= 0.1 * heights.quantile(0.99)).sum())
    modes = max(3 * len(dataset.symbols) - 6, 1)
    needed = modes * (modes + 1) // 2 + 1
    if low < min(needed, len(dataset)):
        findings.append(
            Finding(
                "bare well", "warning", low, (),
                f"only {low} points lie in the lowest tenth of the range, fewer than the {needed} "
                "numbers of a harmonic well", "add points near the minimum",
            )
        )  # fmt: skip
    if dataset.forces is not None:
        findings += _minimum_missing(dataset.forces, heights)
    return findings


def _minimum_missing(forces: Tensor, heights: Tensor) -> list[Finding]:
    """The lowest point lies on a slope, far above the minimum.

    In a well whose force constants are alike, heights are as the squares of the forces.
    """
    lowest, squares = int(heights.argmin()), forces.flatten(1).square().sum(1)
    largest = float(forces[lowest].abs().max())
    above = float(squares[lowest] * (heights / squares.clamp(min=1e-20)).median())
    if largest <= STEEP or above <= ABOVE * float(heights.quantile(0.99)):
        return []
    return [
        Finding(
            "minimum missing", "warning", 1, (lowest,),
            f"the lowest point has forces up to {largest:.2g} hartree/bohr and is about "
            f"{above:.2g} cm-1 above the minimum, which is not in the set",
            "add points near the minimum",
        )
    ]  # fmt: skip


def isolated_points(evidence: Evidence) -> list[Finding]:
    """Single points far from all others in geometry or energy."""
    rows = isolated_rows(evidence.dataset)
    if len(rows) == 0:
        return []
    heights = evidence.heights[rows]
    one = len(rows) == 1
    return [
        Finding(
            "isolated points", "note", len(rows), worst_first(rows, heights),
            f"{len(rows)} point{' is' if one else 's are'} far from all others, up to "
            f"{float(heights.max()):.0f} cm-1",
            "a surface extrapolates there and may be far off: judge the errors also without "
            f"{'it' if one else 'them'}, as pes-evaluate does",
        )
    ]  # fmt: skip


def separate_regions(evidence: Evidence) -> list[Finding]:
    """Groups of points with nothing between them, such as isomers without a path."""
    known = evidence.reference
    if known is None:
        return []
    rows = known.rows[torch.linspace(0, len(known.rows) - 1, min(MOST, len(known.rows))).long()]
    tree = linkage(known.space[rows].numpy(), "single")  # its heights: links to the nearest
    links = fcluster(tree, GAP * float(np.median(tree[:, 2])), "distance")
    labels = torch.from_numpy(links).long() - 1
    sizes = labels.bincount()
    large = (sizes > SMALLEST_REGION * len(rows)).nonzero().flatten()
    if len(large) < 2:
        return []
    firsts = [int(rows[(labels == k).nonzero()[0]]) for k in large]
    shares = ", ".join(f"{100 * float(sizes[k]) / len(rows):.0f} %" for k in large)
    return [
        Finding(
            "separate regions", "note", len(evidence.dataset), tuple(firsts),
            f"points lie in {len(large)} regions ({shares}) with a gap between them",
            "no surface is known in the gap: add a path if the levels can reach it",
        )
    ]  # fmt: skip


def dissociated(evidence: Evidence) -> list[Finding]:
    """Points at which the molecule has come apart."""
    together = evidence.linked
    apart = (~together.all(1)).nonzero().flatten()
    if len(apart) == 0 or len(apart) == len(evidence.dataset):
        return []
    far = evidence.bonds[apart].amax(1)
    rows = worst_first(apart, far)
    elements = evidence.dataset.elements
    inside = together[rows[0]].tolist()
    parts = [
        [e for e, own in zip(elements, inside, strict=True) if own == side]
        for side in (True, False)
    ]
    names = " + ".join(Molecule(p).formula if len(p) > 1 else p[0] for p in parts)
    heights = evidence.heights[apart]
    return [
        Finding(
            "dissociated", "note", len(apart), rows,
            f"{len(apart)} of {len(evidence.dataset)} points are dissociated, the farthest into "
            f"{names}, from {float(heights.min()):.0f} cm-1 up", "no action if this is intended",
        )
    ]  # fmt: skip
