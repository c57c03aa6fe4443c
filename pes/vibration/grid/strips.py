"""Layout of grid points for sums over one coordinate at a time, on product and sparse grids.

Tuples (i_c … i_Q) of point numbers are made from the last coordinate to the first. Those of the
coordinates that follow c and go with the same points of c make a strip: m points times r
tuples, the point slow. Strip stands after strip. A product grid has one strip for each coordinate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from torch import Tensor

__all__ = ["PairFields", "Strip", "product_strips", "tuples_after"]


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


def product_strips(points: Sequence[int]) -> list[list[Strip]]:
    """Strips of a product grid by the points of each coordinate."""
    return [
        [Strip(m, slice(None), prod(points[k + 1 :]))] for k, m in enumerate(points)
    ]  # fmt: skip


def tuples_after(strips: Sequence[Strip]) -> int:
    """Number of tuples of the coordinates that follow."""
    return sum(strip.count for strip in strips)
