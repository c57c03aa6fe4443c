"""Layout of the arrays between sums over one coordinate of a sparse grid, or two together.

Between coordinates c − 1 and c an array runs over beginnings (n_1 … n_{c−1}) of products and
tuples (i_c … i_Q) of point numbers. It is stored in regions, one for each strip of coordinate c
and each branch of the tree of products: beginnings that go on with the same functions, tuples
that go with the same points. A region holds (points, beginnings, tuples after), so that

    Σ_n φ_n(q_i) x(n; …)

is one product with the table of the functions, straight into its place.
"""

from collections.abc import Callable, Sequence
from itertools import product

import torch
from torch import Tensor

from pes.vibration.basis.product_tree import Branch
from pes.vibration.grid.strips import ArrayRegion, Strip

__all__ = ["regions"]


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
