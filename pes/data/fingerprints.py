"""Fingerprints of geometries, by which a point is recognised in another file."""

from collections.abc import Sequence

import torch
from torch import Tensor

from pes.data.symmetry import TOLERANCE
from pes.elements import element
from pes.geometry import sorted_distances

__all__ = ["fingerprints", "is_among"]

CELL = 1.0e-4 * (1 + 5**0.5) / 2
"""Edge of a cell in bohr; irrational, so that no grid of a scan has its points on the edges."""


def fingerprints(positions: Tensor, symbols: Sequence[str]) -> Tensor:
    """Whole numbers (B,) of 64 bits, the same for all symmetry copies of a geometry.

    A geometry is the list of its sorted distances, rounded to cells c of 1.6e-4 bohr: all points of
    one cell share Σ_j c_j m_j mod 2⁶⁴ with odd random multipliers m.

    Args:
        positions: (B, N, 3) in bohr.
        symbols: N isotope symbols; isotopes of an element are alike.

    Example:
        >>> water = torch.tensor([[[0.0, 0, 0], [1.8, 0, 0], [0, 1.9, 0]]]).double()
        >>> torch.equal(fingerprints(water, "OHH"), fingerprints(-water[:, [0, 2, 1]], "OHH"))
        True
    """
    cells = _in_cells(positions, symbols).floor().long()
    return cells @ _multipliers(cells.shape[1])


def is_among(positions: Tensor, symbols: Sequence[str], known: Tensor) -> Tensor:
    """Points (B,) whose geometry is one of those with the fingerprints `known` (K,).

    A distance within 1e-5 bohr of the edge of its cell is looked up in both cells, so that a file
    with six decimals is recognised as well as one with all digits.

    Example:
        >>> x = torch.tensor([[[0.0, 0, 0], [1.8, 0, 0]], [[0, 0, 0], [1.9, 0, 0]]]).double()
        >>> is_among(x + 1e-7, "HH", fingerprints(x[:1], "HH")).tolist()
        [True, False]
    """
    scaled = _in_cells(positions, symbols)
    cells, multipliers = scaled.floor(), _multipliers(scaled.shape[1])
    share, reach = scaled - cells, TOLERANCE / CELL
    sides = (share > 1 - reach).long() - (share < reach).long()
    rows, keys = torch.arange(len(cells)), cells.long() @ multipliers
    for side, multiplier in zip(sides.T, multipliers, strict=True):
        step = side[rows]
        near = step != 0
        keys = torch.cat((keys, keys[near] + step[near] * multiplier))
        rows = torch.cat((rows, rows[near]))
    among = torch.zeros(len(cells), dtype=torch.bool)
    among[rows[torch.isin(keys, known.cpu())]] = True
    return among


def _in_cells(positions: Tensor, symbols: Sequence[str]) -> Tensor:
    elements = [element(symbol) for symbol in symbols]
    return sorted_distances(positions.detach().cpu(), elements) / CELL


def _multipliers(count: int) -> Tensor:
    # The same numbers on every machine: surface files hold what they make.
    generator = torch.Generator().manual_seed(20_011)
    return torch.randint(2**61, 2**62, (count,), generator=generator) * 2 + 1
