"""Sums over one factor of a product basis at a time, each a few matrix products."""

from collections.abc import Sequence

import torch
from torch import Tensor

from pes.vibration.basis.product_tree import Branch
from pes.vibration.grid.arrays import Arrays, shaped, taken

__all__ = ["add_along", "along", "sums_over_functions", "sums_over_points"]


def sums_over_functions(
    x: Tensor, table: Tensor, branches: Sequence[Branch], vectors: int, spare: Arrays
) -> Tensor:
    """Σ over the functions of a factor at every node: V × children × r to V × nodes × m × r.

    Args:
        x: flat array of V vectors; r follows from its length.
        table: functions of the factor at its points, (m, n).
        branches: branches of the tree of products at this factor.
        vectors: V.
        spare: arrays that may be used again; the result is one of them, or new.
    """
    nodes, children = _sizes(branches)
    source = x.view(vectors, children, -1)
    rest = source.shape[2]
    y = shaped(spare, x, vectors, nodes, len(table), rest)
    if len(branches) == 1:
        _multiply(table[:, branches[0].functions], source, y, vectors * nodes)
        return y.view(-1)
    most = vectors * rest * max(b.children.numel() for b in branches)
    part = taken(spare, most, x)
    sums = taken(spare, vectors * rest * len(table) * max(len(b.nodes) for b in branches), x)
    for branch in branches:
        gathered = _as(part, vectors, branch.children.numel(), rest)
        torch.index_select(source, 1, branch.children.flatten(), out=gathered)
        here = _as(sums, vectors, len(branch.nodes), *y.shape[2:])
        _multiply(table[:, branch.functions], gathered, here, vectors * len(branch.nodes))
        y.index_copy_(1, branch.nodes, here)
    spare += [part, sums]
    return y.view(-1)


def sums_over_points(
    y: Tensor, table: Tensor, branches: Sequence[Branch], vectors: int, spare: Arrays
) -> Tensor:
    """Σ over the points of a factor, the transpose of `sums_over_functions`."""
    nodes, children = _sizes(branches)
    source = y.view(vectors, nodes, len(table), -1)
    rest = source.shape[3]
    x = shaped(spare, y, vectors, children, rest)
    if len(branches) == 1:
        _multiply(table[:, branches[0].functions].T, source, x, vectors * nodes)
        return x.view(-1)
    part = taken(spare, vectors * rest * len(table) * max(len(b.nodes) for b in branches), y)
    sums = taken(spare, vectors * rest * max(b.children.numel() for b in branches), y)
    for branch in branches:
        gathered = _as(part, vectors, len(branch.nodes), *source.shape[2:])
        torch.index_select(source, 1, branch.nodes, out=gathered)
        here = _as(sums, vectors, branch.children.numel(), rest)
        _multiply(table[:, branch.functions].T, gathered, here, vectors * len(branch.nodes))
        x.index_copy_(1, branch.children.flatten(), here)
    spare += [part, sums]
    return x.view(-1)


def along(matrix: Tensor, x: Tensor, axis: int, out: Tensor) -> None:
    """Matrix (i, i) on one axis of x, into an array of the same shape."""
    _multiply(matrix, x, out, x.shape[:axis].numel())


def add_along(matrix: Tensor, x: Tensor, axis: int, total: Tensor) -> None:
    """The same, added to what is there."""
    before, points = x.shape[:axis].numel(), x.shape[axis]
    x, total = x.reshape(before, points, -1), total.view(before, points, -1)
    if x.shape[2] == 1:
        total[..., 0].addmm_(x[..., 0], matrix.T)
    else:
        total.baddbmm_(matrix.expand(before, -1, -1), x)


def _multiply(matrix: Tensor, x: Tensor, out: Tensor, before: int) -> None:
    """Matrix (i, j) times each of so many (j, r), into an array of as many (i, r)."""
    x, out = x.view(before, matrix.shape[1], -1), out.view(before, len(matrix), -1)
    if x.shape[2] == 1:
        torch.mm(x[..., 0], matrix.T, out=out[..., 0])
    else:
        torch.bmm(matrix.expand(before, -1, -1), x, out=out)


def _sizes(branches: Sequence[Branch]) -> tuple[int, int]:
    """Nodes before and after the factor."""
    return sum(len(b.nodes) for b in branches), sum(b.children.numel() for b in branches)


def _as(array: Tensor, *shape: int) -> Tensor:
    """The beginning of a flat array in a shape."""
    return array[: torch.Size(shape).numel()].view(shape)
