"""Isolated points: far from all others in geometry or energy, so that a fit extrapolates there."""

import torch
from torch import Tensor

from pes.data.dataset import Dataset
from pes.geometry import sorted_distances

__all__ = ["isolated_rows"]

FEWEST = 200
"""Points below which none is called isolated: there the tail of a distribution is not known."""
SAMPLE = 500
"""Points by which the usual distance of neighbours is known, and candidates are."""
CANDIDATES = 50
USUAL, FAR = 0.99, 3.0
"""Quantile of the distances to the nearest point, and how many of them an isolated point is off: in
fourteen sets without isolated points the largest is 2.7."""
GAP, HIGHEST, MANY = 0.5, 3, 1000
"""Step in the energies, in units of their span below it, above which so many points may lie; in
smaller sets the highest energies are naturally far apart."""
NUMBERS = 2**21
"""Distances computed at once, so that memory does not grow with the number of points."""


def isolated_rows(dataset: Dataset) -> Tensor:
    """Rows (K,) of isolated points, rising.

    The distance of two points is that of their interatomic distances, sorted within pairs of
    elements, so that orders of like atoms do not matter.

    Example:
        >>> x = torch.zeros(300, 2, 3, dtype=torch.float64)
        >>> x[:, 1, 0] = torch.linspace(1, 4, 300, dtype=torch.float64)
        >>> x[7, 1, 0] = 9.0
        >>> isolated_rows(Dataset(("H", "H"), x, torch.zeros(300).double()))
        tensor([7])
    """
    count = len(dataset)
    if count < FEWEST:
        return torch.zeros(0, dtype=torch.long)
    r = sorted_distances(dataset.positions, dataset.elements)
    some = torch.linspace(0, count - 1, SAMPLE).long().unique()
    usual = _nearest(r, some).quantile(USUAL)
    from_sample = torch.cat([torch.cdist(part, r[some]).amin(1) for part in r.split(4096)])
    # Members of the sample are at no distance from it: they are candidates on their own.
    rows = torch.cat((from_sample.topk(min(CANDIDATES, count)).indices, some)).unique()
    far = rows[_nearest(r, rows) > FAR * usual]
    return torch.cat((far, _highest(dataset.energies).to(far.device))).unique()


def _nearest(r: Tensor, rows: Tensor) -> Tensor:
    """Distance (R,) from some points to the nearest other one."""
    parts = []
    for part in rows.split(max(1, NUMBERS // len(r))):
        distance = torch.cdist(r[part], r)
        distance[torch.arange(len(part)), part] = torch.inf
        parts.append(distance.amin(1))
    return torch.cat(parts)


def _highest(energies: Tensor) -> Tensor:
    """Rows of a few points above a step in the energies."""
    if len(energies) < MANY:
        return torch.zeros(0, dtype=torch.long)
    values, rows = energies.sort()
    steps = values.diff()[-HIGHEST:]
    spans = values[:-1][-HIGHEST:] - values[0]
    wide = (steps > GAP * spans).nonzero().flatten()
    return rows[len(rows) - HIGHEST + int(wide[0]) :] if len(wide) else rows[:0]
