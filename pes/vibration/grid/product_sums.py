"""Sums over one factor of a product basis at a time, each a few matrix products."""

from collections.abc import Sequence

import torch
from torch import Tensor

from pes.vibration.basis.product_tree import Branch
from pes.vibration.grid.arrays import Arrays, shaped

__all__ = ["add_along", "along", "from_grid", "towards_grid"]


def towards_grid(
    x: Tensor, table: Tensor, branches: Sequence[Branch], vectors: int, spare: Arrays
) -> Tensor:
    """Σ over the functions of a factor at every node: V × children × r to V × nodes × m × r.

    Args:
        x: flat array of V vectors; r follows from its length.
        table: functions of the factor at its points, (m, n).
        branches: of the tree of products at this factor.
        vectors: V.
        spare: arrays that may be used again; the result is one of them, or new.
    """
    nodes, children = _sizes(branches)
    source = x.view(vectors, children, -1)
    y = shaped(spare, x, vectors, nodes, len(table), source.shape[2])
    for branch in branches:
        functions = table[:, branch.functions]
        if len(branches) == 1:
            _multiply(functions, source.view(vectors * nodes, len(branch.functions), -1), y)
            break
        part = shaped(spare, x, vectors, branch.children.numel(), source.shape[2])
        torch.index_select(source, 1, branch.children.flatten(), out=part)
        sums = shaped(spare, x, vectors, len(branch.nodes), *y.shape[2:])
        _multiply(functions, part.view(-1, len(branch.functions), source.shape[2]), sums)
        y.index_copy_(1, branch.nodes, sums)
        spare += [part.view(-1), sums.view(-1)]
    return y.view(-1)


def from_grid(
    y: Tensor, table: Tensor, branches: Sequence[Branch], vectors: int, spare: Arrays
) -> Tensor:
    """Σ over the points of a factor, the transpose of `towards_grid`."""
    nodes, children = _sizes(branches)
    source = y.view(vectors, nodes, len(table), -1)
    x = shaped(spare, y, vectors, children, source.shape[3])
    for branch in branches:
        functions = table[:, branch.functions].T
        if len(branches) == 1:
            _multiply(functions, source.view(-1, *source.shape[2:]), x)
            break
        part = shaped(spare, y, vectors, len(branch.nodes), *source.shape[2:])
        torch.index_select(source, 1, branch.nodes, out=part)
        sums = shaped(spare, y, vectors, branch.children.numel(), source.shape[3])
        _multiply(functions, part.view(-1, *source.shape[2:]), sums)
        x.index_copy_(1, branch.children.flatten(), sums)
        spare += [part.view(-1), sums.view(-1)]
    return x.view(-1)


def along(matrix: Tensor, x: Tensor, axis: int, out: Tensor) -> None:
    """Matrix (i, i) on one axis of x, into an array of the same shape."""
    _multiply(matrix, x.view(x.shape[:axis].numel(), x.shape[axis], -1), out)


def add_along(matrix: Tensor, x: Tensor, axis: int, total: Tensor) -> None:
    """The same, added to what is there."""
    before, points = x.shape[:axis].numel(), x.shape[axis]
    x, total = x.reshape(before, points, -1), total.view(before, points, -1)
    if x.shape[2] == 1:
        total[..., 0].addmm_(x[..., 0], matrix.T)
    else:
        total.baddbmm_(matrix.expand(before, -1, -1), x)


def _multiply(matrix: Tensor, x: Tensor, out: Tensor) -> None:
    """Matrix (i, j) times each x_b (j, r), into an array of as many numbers."""
    out = out.view(len(x), len(matrix), -1)
    if x.shape[2] == 1:
        torch.mm(x[..., 0], matrix.T, out=out[..., 0])
    else:
        torch.bmm(matrix.expand(len(x), -1, -1), x, out=out)


def _sizes(branches: Sequence[Branch]) -> tuple[int, int]:
    """Nodes before and after the factor."""
    return sum(len(b.nodes) for b in branches), sum(b.children.numel() for b in branches)
