"""Geometries that stand more than once, and what that does to a split."""

import numpy as np
import torch
from scipy.spatial import KDTree
from torch import Tensor

from pes.data.symmetry import TOLERANCE, linked
from pes.findings.evidence import Evidence
from pes.findings.finding import Finding, worst_first
from pes.geometry import distances, sorted_distances
from pes.units import ANGSTROM, CM1

__all__ = ["contradicting_copies", "copies", "near_copies"]

MANY = 0.005
"""Share of points with a copy from which a split by hand is in danger."""

MANY_NEAR = 0.05
"""Share of points very near another, above which they are reported; any dense set has some."""

MOST_ALIKE = 5
"""Copies of one geometry that are too many in any case."""

NEAR, DENSE = 1e-3 * ANGSTROM, 0.1
"""Near copies differ by less than the first in all distances, and by less than the second in units
of the usual difference between nearest points, which is small in a dense set."""

SAMPLE = 2000

TRAIN, TEST = 0.8, 0.1
"""Shares of a usual split."""


def contradicting_copies(evidence: Evidence) -> list[Finding]:
    """One geometry with several labels."""
    energies, groups = evidence.dataset.energies, evidence.groups
    count = int(groups.max()) + 1
    low = torch.full((count,), torch.inf, dtype=energies.dtype).scatter_reduce(
        0, groups, energies, "amin"
    )
    high = torch.full((count,), -torch.inf, dtype=energies.dtype).scatter_reduce(
        0, groups, energies, "amax"
    )
    spread = (high - low)[groups]
    # Copies may be off by the tolerance times the slope, about 1 hartree/bohr at worst.
    rows = (spread > TOLERANCE).nonzero().flatten()
    if len(rows) == 0:
        return []
    return [
        Finding(
            "contradicting copies", "warning", len(rows), worst_first(rows, spread[rows]),
            f"{len(rows)} points are copies of a geometry whose labels differ, by up to "
            f"{float(spread.max()) / CM1:.3g} cm-1", "keep one label of each geometry",
        )
    ]  # fmt: skip


def copies(evidence: Evidence) -> list[Finding]:
    """Geometries that stand more than once, as they are or with like atoms exchanged."""
    groups = evidence.groups
    sizes = groups.bincount()[groups]
    rows = (sizes > 1).nonzero().flatten()
    if len(rows) == 0:
        return []
    same = linked(distances(evidence.dataset.positions[rows]))
    exact = int((same.bincount()[same] == sizes[rows]).sum())
    kinds = {"as they are": exact, "up to rotation, reflection and like atoms": len(rows) - exact}
    how = " and ".join(f"{n} {name}" for name, n in kinds.items() if n)
    total, most = len(groups), int(sizes.max())
    serious = len(rows) > MANY * total or most > MOST_ALIKE
    seen = _seen(sizes[rows])
    return [
        Finding(
            "copies", "warning" if serious else "note", len(rows), worst_first(rows, sizes[rows]),
            f"{len(rows)} of {total} points occur more than once, one up to {most} times ({how}); "
            f"a random split puts copies of {100 * seen / (TEST * total):.2g} % of its test points "
            "into training", "keep one of each (splits of pes keep copies in one part)",
        )
    ]  # fmt: skip


def near_copies(evidence: Evidence) -> list[Finding]:
    """Points nearer than 0.001 Å to another one in every distance that are not copies of it."""
    dataset = evidence.dataset
    lengths = sorted_distances(dataset.positions, dataset.elements)
    some = lengths[torch.linspace(0, len(lengths) - 1, min(SAMPLE, len(lengths))).long()]
    usual = KDTree(lengths.numpy()).query(some.numpy(), 2, p=np.inf)[0][:, 1]
    near = linked(lengths, min(NEAR, DENSE * float(np.median(usual))))
    sizes = near.bincount()[near]
    rows = ((sizes > 1) & (sizes > evidence.groups.bincount()[evidence.groups])).nonzero().flatten()
    if len(rows) <= MANY_NEAR * len(dataset):
        return []
    seen = _seen(sizes[rows])
    return [
        Finding(
            "near copies", "warning", len(rows), worst_first(rows, sizes[rows]),
            f"{len(rows)} of {len(dataset)} points lie within 0.001 A of another in all distances, "
            "a tenth of what is usual; a random split leaves such a neighbour of "
            f"{100 * seen / (TEST * len(dataset)):.2g} % of its test points in training, and the "
            "test error says little about new points",
            "thin the points out, or hold whole trajectories back as test",
        )
    ]  # fmt: skip


def _seen(sizes: Tensor) -> float:
    """Expected number of test points of a random split that have a copy in training."""
    return float((TEST * (1 - (1 - TRAIN) ** (sizes - 1))).sum())
