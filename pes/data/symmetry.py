"""Copies: geometries that are the same up to rotation, reflection and order of like atoms."""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree
from torch import Tensor

from pes.elements import element
from pes.geometry import sorted_distances

__all__ = ["linked", "symmetry_groups"]

TOLERANCE = 1e-5
"""Bohr; above the rounding of files with six decimals, below any step taken on purpose."""


def linked(points: Tensor, tolerance: float = TOLERANCE) -> Tensor:
    """Groups (B,) of points (B, P): steps up to `tolerance` in each column join two points.

    Neighbours are compared with one another, not rounded, so that no pair is parted by the
    edge of a rounding cell.
    """
    array = points.detach().cpu().numpy()
    pairs = KDTree(array).query_pairs(tolerance, p=np.inf, output_type="ndarray")
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=2 * (len(array),))
    return torch.from_numpy(connected_components(links, directed=False)[1]).long()


def symmetry_groups(
    positions: Tensor, symbols: Sequence[str], *, tolerance: float = TOLERANCE
) -> Tensor:
    """Labels (B,): two rows share one if their geometries are symmetry copies.

    Args:
        positions: (B, N, 3) in bohr.
        symbols: N isotope symbols.
        tolerance: tolerance in bohr, on every interatomic distance.

    Example:
        >>> water = torch.tensor([[[0.0, 0, 0], [1.8, 0, 0], [0, 1.9, 0]]])
        >>> swapped = water[:, [0, 2, 1]]
        >>> symmetry_groups(torch.cat((water, swapped, 1.1 * water)), ("O", "H", "H"))
        tensor([0, 0, 1])
    """
    # Isotopes count as like: the surface does not know them.
    elements = [element(symbol) for symbol in symbols]
    return linked(sorted_distances(positions, elements), tolerance)
