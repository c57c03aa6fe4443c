"""Isolated points: far from all others in geometry or energy, so that a fit extrapolates there."""

import numpy as np
import torch
from scipy.spatial import KDTree
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


def isolated_rows(dataset: Dataset) -> Tensor:
    """Rows (K,) of isolated points, ascending.

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
    r = sorted_distances(dataset.positions, dataset.elements).cpu().numpy()
    some = torch.linspace(0, count - 1, SAMPLE).long().unique().numpy()
    tree = KDTree(r)
    usual = np.quantile(_nearest(tree, r[some]), USUAL)
    from_sample = KDTree(r[some]).query(r)[0]
    # Members of the sample are at no distance from it: they are candidates on their own.
    rows = np.union1d(np.argsort(-from_sample, kind="stable")[:CANDIDATES], some)
    far = torch.from_numpy(rows[_nearest(tree, r[rows]) > FAR * usual])
    return torch.cat((far, _highest(dataset.energies.cpu()))).unique()


def _nearest(tree: KDTree, points: np.ndarray) -> np.ndarray:
    """Distance (R,) from some points of a tree to the nearest other one."""
    return tree.query(points, k=2)[0][:, 1]


def _highest(energies: Tensor) -> Tensor:
    """Rows of a few points above a step in the energies."""
    if len(energies) < MANY:
        return torch.zeros(0, dtype=torch.long)
    values, rows = energies.sort()
    steps = values.diff()[-HIGHEST:]
    spans = values[:-1][-HIGHEST:] - values[0]
    wide = (steps > GAP * spans).nonzero().flatten()
    return rows[len(rows) - HIGHEST + int(wide[0]) :] if len(wide) else rows[:0]
