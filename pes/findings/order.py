"""Atoms that stand in another order than their symbols."""

from collections.abc import Callable, Iterator
from itertools import permutations
from math import log

import torch
from torch import Tensor

from pes.bonds import in_another_order, likely_order, other_orders
from pes.data import Dataset
from pes.data.isolation import isolated_rows
from pes.findings.curvature import curvature
from pes.findings.evidence import Evidence
from pes.findings.finding import Finding, rows_in_words

__all__ = ["atom_order", "atom_order_by_curvature", "atom_order_of_rows", "misplaced"]

OFF, MENDED = 5e-3, 10.0
"""Smallest residual in hartree of atoms in another order, and largest one with the atoms exchanged
in units of the usual one."""

FARTHER = 2.0
"""Distance from the other geometries in units of that with the atoms exchanged: where it is not
larger, only a label that is wrong for certain raises suspicion."""

CHANCE = 0.2
"""Share of the rows confirmed that may be confirmed by chance."""

ORDINARY = 1.4
"""Largest ratio of the highest wavenumber to a usual one with which another order explains a
curvature that no molecule has; with another unit of energy it is 5 times too high."""

MOST_ATOMS = 6


def misplaced(dataset: Dataset) -> Tensor:
    """Mask (B,) of the geometries that another order of the symbols explains far better."""
    return in_another_order(dataset.positions, dataset.elements)


def atom_order(evidence: Evidence) -> list[Finding]:
    """All or most geometries have their atoms in another order."""
    rows = evidence.low
    share = float(evidence.misplaced[rows].double().mean())
    if share <= 0.5:
        return []
    order = likely_order(evidence.dataset.positions[rows[0]], evidence.dataset.elements)
    why = f"distances of the lowest geometries are those of {' '.join(order)}"
    return [_all_in_another_order(evidence, int(evidence.misplaced.sum()), why)]


def atom_order_by_curvature(evidence: Evidence) -> list[Finding]:
    """Wavenumbers that no molecule has, but this one with its atoms in another order.

    H C N called N C H has plausible distances; its bond of three electron pairs would be that of
    hydrogen.
    """
    elements = evidence.dataset.elements
    known = curvature(evidence) if len(elements) <= MOST_ATOMS else None
    if known is None or known.plausible():
        return []
    others = [(curvature(evidence, order), order) for order in other_orders(elements)]
    ordinary = [
        " ".join(order)
        for other, order in others
        if other is not None and abs(log(other.ratio())) < log(ORDINARY)
    ]
    if not ordinary:
        return []
    why = (
        f"the curvature at the minimum gives {known} in {' '.join(elements)}; that is usual for "
        f"{' or '.join(ordinary)}"
    )
    return [_all_in_another_order(evidence, len(evidence.dataset), why)]


def _all_in_another_order(evidence: Evidence, count: int, why: str) -> Finding:
    return Finding(
        "atom order", "error", count, (),
        f"{why}, but the atoms are called {' '.join(evidence.dataset.elements)}",
        "name the atoms in the order of the positions (`--formula`)",
    )  # fmt: skip


def atom_order_of_rows(evidence: Evidence) -> list[Finding]:
    """Some geometries have their atoms in another order than the rest.

    Geometry, a wrong label or the distance from all others raises the suspicion; the reference,
    fitted to the others, confirms it where the label belongs to the geometry with its atoms
    exchanged.
    """
    alike = len(set(evidence.dataset.elements)) == 1
    if alike or atom_order(evidence) or evidence.reference is None:
        return []
    known, alone = evidence.reference, torch.zeros_like(evidence.misplaced)
    alone[isolated_rows(evidence.dataset)] = True
    suspects = (evidence.misplaced | evidence.wrong | alone).nonzero().flatten()
    if len(suspects) == 0:
        return []
    some = evidence.dataset.select(suspects)
    own = (known.surface(some.positions) - some.energies).abs()
    other, exchanged = _best_exchange(known.surface, some)
    farther = known.isolation(some.positions) > FARTHER * known.isolation(exchanged)
    suspicious = farther | evidence.wrong[suspects]
    near = MENDED * float(known.scale.median())
    # The reference follows the label of a point that stands alone, right or wrong.
    disagreeing = (other < 0.05 * own) & (own > OFF) | alone[suspects]
    confirmed = suspicious & (other < near) & disagreeing
    rows = suspects[confirmed]
    # Where the reference is poor and suspects are many, some labels agree by chance.
    energies = evidence.dataset.energies
    density = 0.8 / float(energies.quantile(0.9) - energies.quantile(0.1))
    chance = int(suspicious.sum()) * len(list(_exchanges(some))) * min(1.0, 2 * near * density)
    if len(rows) == 0 or chance > CHANCE * len(rows):
        return []
    ranked = tuple(rows[own[confirmed].argsort(descending=True)].tolist())
    return [
        Finding(
            "atom order", "error", len(rows), ranked,
            f"{len(rows)} of {len(evidence.dataset)} geometries have their atoms in another order "
            f"than {' '.join(some.elements)}: {rows_in_words(ranked)}; with atoms exchanged their "
            "labels agree with the rest",
            "reorder the atoms of these rows",
        )
    ]  # fmt: skip


def _best_exchange(surface: Callable[[Tensor], Tensor], some: Dataset) -> tuple[Tensor, Tensor]:
    """Smallest residual (S,) with atoms exchanged, and the geometries (S, N, 3) that have it."""
    turned = torch.stack([some.positions[:, order] for order in _exchanges(some)])
    residuals = torch.stack([(surface(x) - some.energies).abs() for x in turned])
    best = residuals.argmin(0)
    return residuals.amin(0), turned[best, torch.arange(len(best))]


def _exchanges(dataset: Dataset) -> Iterator[list[int]]:
    """Orders of the atoms that put an atom in the place of another element, one of each kind."""
    elements, seen = dataset.elements, set()
    for order in permutations(range(len(elements))):
        # The element that each position is taken for; like atoms may stand in any order.
        names = tuple(elements[order.index(a)] for a in range(len(elements)))
        if names != elements and names not in seen:
            seen.add(names)
            yield list(order)
