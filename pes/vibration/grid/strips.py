"""Layout of grid points for sums over one coordinate at a time, on product and sparse grids.

Tuples (i_c … i_Q) of point numbers are made from the last coordinate to the first. Those of the
coordinates that follow c and go with the same points of c make a strip: m points times r
tuples, the point slow. Strip stands after strip. A product grid has one strip for each coordinate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from torch import Tensor

__all__ = ["ArrayRegion", "PairFields", "Strip", "product_strips", "tuples_after"]


PairFields = dict[tuple[int, int], Tensor]
"""Fields F_kl (P,) by the coordinates of the two derivatives, k ≤ l, −1 for none."""


@dataclass(frozen=True)
class Strip:
    """Points of one coordinate that go with the same tuples of those that follow.

    Attributes:
        points: number of points m, the first ones of the coordinate.
        rest: numbers of the tuples, (r,), or a slice that takes all of them.
        count: number of the tuples, r.
    """

    points: int
    rest: Tensor | slice
    count: int


@dataclass(frozen=True)
class ArrayRegion:
    """Part of an array between two coordinates, and what it is a sum of.

    Attributes:
        points: number m of points, the first ones of the coordinate.
        functions: numbers of the functions, (C,).
        rows: where it is, (m · beginnings · tuples).
        sources: rows of the array before, (C · beginnings · tuples).
    """

    points: int
    functions: Tensor
    rows: slice
    sources: Tensor

    def of(self, array: Tensor, vectors: int) -> Tensor:
        """Part of this strip in a flat array of vectors, (m, beginnings · tuples · V)."""
        here = array[self.rows.start * vectors : self.rows.stop * vectors]
        return here.view(self.points, -1)


def product_strips(points: Sequence[int]) -> list[list[Strip]]:
    """Strips of a product grid by the points of each coordinate."""
    return [
        [Strip(m, slice(None), prod(points[k + 1 :]))] for k, m in enumerate(points)
    ]  # fmt: skip


def tuples_after(strips: Sequence[Strip]) -> int:
    """Number of tuples of the coordinates that follow."""
    return sum(strip.count for strip in strips)
