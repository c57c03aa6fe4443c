"""Sums over one coordinate of a sparse grid, each a few large matrix products.

Between coordinates c − 1 and c an array runs over beginnings (n_1 … n_{c−1}) of products and
tuples (i_c … i_Q) of point numbers. It is stored in regions, one for each strip of coordinate c
and each branch of the tree of products: beginnings that go on with the same functions, tuples
that go with the same points. A region holds (points, beginnings, tuples after), so that

    Σ_n φ_n(q_i) x(n; …)

is one product with the table of the functions, straight into its place.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from pes.vibration.basis.product_tree import Branch
from pes.vibration.grid.strips import Strip

__all__ = ["ArrayRegion", "from_grid", "regions", "towards_grid"]


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


def regions(
    tree: Sequence[Sequence[Branch]], strips: Sequence[Sequence[Strip]]
) -> list[list[ArrayRegion]]:
    """Regions of each coordinate; the last stands on the functions, the first is the grid."""
    steps: list[list[ArrayRegion]] = []
    place: _Place = _leaves
    for branches, layer in zip(reversed(tree), reversed(strips), strict=True):
        step, begin = [], 0
        for strip, branch in product(layer, branches):
            end = begin + strip.points * len(branch.nodes) * strip.count
            sources = place(branch.children.T[:, :, None], strip.rest).flatten()
            step.append(ArrayRegion(strip.points, branch.functions, slice(begin, end), sources))
            begin = end
        place = _places(branches, layer, step)
        steps.append(step)
    return steps[::-1]


_Place = Callable[[Tensor, Tensor | slice], Tensor]
"""Beginnings (C, B, 1) and tuples (r,) to rows of an array, (C, B, r)."""


def _leaves(functions: Tensor, _: Tensor | slice) -> Tensor:
    return functions


def _places(
    branches: Sequence[Branch], layer: Sequence[Strip], step: Sequence[ArrayRegion]
) -> _Place:
    device = branches[0].nodes.device
    starts = torch.tensor([r.rows.start for r in step], device=device)
    starts = starts.reshape(len(layer), len(branches))
    nodes = torch.cat([b.nodes for b in branches]).argsort()
    # Of each beginning: its branch, how many that has, its place among them.
    branch, many, among = (
        torch.cat(parts)[nodes].to(device)
        for parts in zip(
            *(
                (torch.full((n,), i), torch.full((n,), n), torch.arange(n))
                for i, n in enumerate(len(b.nodes) for b in branches)
            ),
            strict=True,
        )
    )
    # Of each tuple: its strip, its point, the tuples after and its place among these.
    strip, point, after, rest = (
        torch.cat(parts).to(device)
        for parts in zip(
            *(
                (
                    torch.full((s.points * s.count,), i),
                    torch.arange(s.points).repeat_interleave(s.count),
                    torch.full((s.points * s.count,), s.count),
                    torch.arange(s.count).repeat(s.points),
                )
                for i, s in enumerate(layer)
            ),
            strict=True,
        )
    )

    def place(n: Tensor, t: Tensor | slice) -> Tensor:
        return starts[strip[t], branch[n]] + (point[t] * many[n] + among[n]) * after[t] + rest[t]

    return place


def towards_grid(x: Tensor, table: Tensor, step: Sequence[ArrayRegion]) -> Tensor:
    """Σ over the functions of a coordinate, (rows before, V) -> (rows, V).

    Args:
        x: array.
        table: functions of the coordinate at its points, (m, n).
        step: regions of the coordinate.
    """
    vectors = x.shape[1]
    y = x.new_empty(step[-1].rows.stop, vectors)
    # Rows of one number are gathered one by one, numbers of a plain array twice as fast.
    x = x.reshape(-1) if vectors == 1 else x
    for region in step:
        part = x.index_select(0, region.sources).view(len(region.functions), -1)
        out = y[region.rows].view(region.points, -1)
        torch.mm(table[: region.points, region.functions], part, out=out)
    return y


def from_grid(y: Tensor, table: Tensor, step: Sequence[ArrayRegion]) -> Tensor:
    """Σ over the points of a coordinate, the transpose of `towards_grid`."""
    vectors = y.shape[1]
    x = y.new_empty(sum(len(region.sources) for region in step), vectors)
    target = x.view(-1) if vectors == 1 else x
    for region in step:
        part = y[region.rows].view(region.points, -1)
        sums = table[: region.points, region.functions].T @ part
        target.index_copy_(0, region.sources, sums.view(-1, *target.shape[1:]))
    return x
