"""The whole Hamiltonian matrix of products of functions, one factor after the other.

    H_ab = Σ_kl ∫ F_kl (∂_kφ_a)(∂_lφ_b)

Integrating over the first factor for every pair of its functions leaves fields on a smaller
grid, one set for each pair; those are integrated over the second factor for every pair of
continuations that the basis has, and so on. A field whose derivatives have all been used is
added to the one without. With a pruned basis the number of pairs grows little faster than the
grid shrinks: the 5,005 products of six coordinates with at most nine quanta cost as much as some
eighty products of H with a vector.
"""

from collections.abc import Iterable, Iterator, Sequence
from math import isqrt

import torch
from torch import Tensor

from pes.vibration.basis.factor import Factor
from pes.vibration.basis.product_tree import Branch, padded
from pes.vibration.grid.strips import PairFields, Strip, tuples_after

__all__ = ["WORKSPACE", "matrix", "multiplications"]

WORKSPACE = 2**25
"""Bytes of one intermediate; work is cut into pieces of that size."""

AT_ONCE = 100
"""Products, on an average, that begin with the functions of a first factor worked on together."""

FEW = 24
"""Fields from which a table of products of functions is worth making."""

Tree = Sequence[Sequence[Branch]]
"""Branches of each depth."""

Layout = Sequence[Sequence[Strip]]
"""Points of each factor."""

Pair = tuple[int, int]
Step = tuple[int, int]
"""Number of a field before and of the field after that it is added to."""
Taken = tuple[int | None, int | None]
"""Derivatives of the two functions, as numbers among the factor's coordinates."""
Steps = dict[Taken, list[Step]]
Functions = dict[int | None, Tensor]
"""Functions by the coordinate of their derivative, None for the functions themselves."""


def matrix(
    fields: PairFields,
    factors: Sequence[Factor],
    strips: Layout,
    branches: Tree,
    others: Tree | None = None,
) -> Tensor:
    """The symmetric (N, N) matrix, or elements between two sets of products, (N, N′).

    Args:
        fields: fields on the grid in the order of the factors.
        factors: factors with tables scaled by √weight, unless the weights are in the fields.
        strips: layout of the grid.
        branches: tree of the products kept.
        others: tree of the products on the right, if they are not the same.
    """
    some = next(iter(fields.values()))
    rows, columns = _count(branches[-1]), _count((others or branches)[-1])
    joined = [*branches[:-1], padded(branches[-1])]
    trees = (joined, joined if others is None else [*others[:-1], padded(others[-1])])
    # One row and one column more take what is computed for padding.
    h = torch.zeros(rows + 1, columns + 1, dtype=some.dtype, device=some.device)
    (left,), (right,) = (tree[0] for tree in trees)
    before = [field.reshape(-1, 1, 1) for field in fields.values()]
    after, steps = _plan(list(fields), factors[0].coordinates, symmetric=True)
    # The lower triangle of each portion is computed in vain: small matrices are made at once.
    most = max(1, AT_ONCE * len(left.functions) // rows)
    for i in range(0, len(left.functions), most):
        begin = i if others is None else 0
        bra = Branch(left.nodes, left.functions[i : i + most], left.children[:, i : i + most])
        ket = Branch(right.nodes, right.functions[begin:], right.children[:, begin:])
        inner = list(zip(factors, strips, strict=True))
        _descend(h, before, (after, steps), [bra], [ket], inner, trees, others is None)
    return h[:rows, :columns]


def multiplications(factors: Sequence[Factor], strips: Layout, branches: Tree) -> int:
    """Multiplications that `matrix` makes for fields of all kinds."""
    modes = sum(len(f.coordinates) for f in factors)
    total = 0
    for f, layer, depth in zip(factors, strips, branches, strict=True):
        points = sum(strip.points * strip.count for strip in layer)
        modes -= len(f.coordinates)
        terms = modes * (modes + 1) // 2 + 4 * modes + 4
        total += _count(depth) ** 2 * points * terms // 2
    return total


def _plan(
    pairs: Sequence[Pair], coordinates: tuple[int, ...], *, symmetric: bool = False
) -> tuple[list[Pair], Steps]:
    """Fields left after a factor, and what each is the sum of.

    A field with both derivatives ahead is symmetric and exists once. Those with one ahead
    differ for bra and ket, except at the start (`symmetric`).
    """
    after: dict[Pair, int] = {}
    steps: Steps = {}
    for source, (k, m) in enumerate(pairs):
        orders = {(k, m), (m, k)} if symmetric or min(k, m) >= 0 else {(k, m)}
        for bra, ket in sorted(orders):
            new = (-1 if bra in coordinates else bra, -1 if ket in coordinates else ket)
            if new[0] > new[1] >= 0:
                continue
            taken = (_place(bra, coordinates), _place(ket, coordinates))
            target = after.setdefault(new, len(after))
            steps.setdefault(taken, []).append((source, target))
    return list(after), steps


def _place(coordinate: int, coordinates: tuple[int, ...]) -> int | None:
    return coordinates.index(coordinate) if coordinate in coordinates else None


def _descend(
    h: Tensor,
    before: Sequence[Tensor],
    plan: tuple[list[Pair], Steps],
    bra: Sequence[Branch],
    ket: Sequence[Branch],
    factors: Sequence[tuple[Factor, Sequence[Strip]]],
    trees: tuple[Tree, Tree],
    symmetric: bool,
) -> None:
    """Integrate over the first factor, then over the others; the end goes into h.

    Args:
        h: the matrix.
        before: fields (tuples of points, nodes of bra, nodes of ket).
        plan: plan of this factor.
        bra: branches whose `nodes` are places in the fields.
        ket: likewise.
        factors: this one and those that follow, each with its strips.
        trees: trees of bra and ket, likewise.
        symmetric: whether the ket holds half of the matrix, the other half being its mirror image.
    """
    pairs, steps = plan
    most = max(1, WORKSPACE // (8 * len(pairs) * tuples_after(factors[0][1])))
    wide, high = _count(bra), _count(ket)
    rows = max(isqrt(most), most // high)
    for some_bra in _parts(bra, rows):
        for some_ket in _parts(ket, max(1, most // min(rows, wide))):
            after = _integrated(before, len(pairs), steps, some_bra, some_ket, *factors[0])
            left, right = (_children(part) for part in (some_bra, some_ket))
            if len(factors) == 1:
                block = after[0, 0]
                h[left[:, None], right] = block
                if symmetric:
                    h[right[:, None], left] = block.T
                continue
            following = _plan(pairs, factors[1][0].coordinates)
            inner_bra, inner_ket = _placed(trees[0][1], left), _placed(trees[1][1], right)
            deeper = trees[0][1:], trees[1][1:]
            _descend(
                h, list(after), following, inner_bra, inner_ket, factors[1:], deeper, symmetric
            )


def _integrated(
    before: Sequence[Tensor],
    count: int,
    steps: Steps,
    bra: Sequence[Branch],
    ket: Sequence[Branch],
    factor: Factor,
    strips: Sequence[Strip],
) -> Tensor:
    """∫ over one factor for all pairs of children, (fields, tuples after, children, children)."""
    after = before[0].new_empty(count, tuples_after(strips), _count(bra), _count(ket))
    lefts, rights = ({taken[side] for taken in steps} for side in (0, 1))
    kets = [(k, _functions(factor, rights, k.functions)) for k in ket]
    row = 0
    for b in bra:
        rows, left = _picked(before, 1, b.nodes), _functions(factor, lefts, b.functions)
        column = 0
        for k, right in kets:
            width = k.children.numel()
            block = after[:, :, row : row + b.children.numel(), column : column + width]
            columns = b.nodes.numel() * k.nodes.numel()
            many = any(strip.count * columns >= FEW for strip in strips)
            tables = {taken: _table(left[taken[0]], right[taken[1]]) for taken in steps if many}
            picked = _picked(rows, 2, k.nodes)
            sizes = b.functions.numel(), k.functions.numel(), -1, b.nodes.numel(), k.nodes.numel()
            point, place = 0, 0
            for strip in strips:
                some = slice(point, point + strip.points * strip.count)
                parts = [field[some].reshape(strip.points, -1) for field in picked]
                if strip.count * columns < FEW:
                    value = _few(parts, count, steps, left, right)
                else:
                    value = _many(parts, count, steps, tables)
                value = value.reshape(count, *sizes).permute(0, 3, 1, 4, 2, 5)
                block[:, place : place + strip.count].view(value.shape).copy_(value)
                point, place = some.stop, place + strip.count
            column += width
        row += b.children.numel()
    if len(strips) == 1:
        return after
    return after.index_select(
        1, torch.cat([s.rest for s in strips if isinstance(s.rest, Tensor)]).argsort()
    )


def _many(
    fields: Sequence[Tensor], count: int, steps: Steps, tables: dict[Taken, Tensor]
) -> Tensor:
    """Σ of fields (m, …) times products of functions over the points of a factor, (…, ij, …)."""
    m, width = fields[0].shape
    some = next(iter(tables.values()))
    total = fields[0].new_zeros(count, len(some), width)
    for taken, moves in steps.items():
        for source, target in moves:
            total[target].addmm_(tables[taken][:, :m], fields[source])
    return total


def _few(
    fields: Sequence[Tensor], count: int, steps: Steps, bra: Functions, ket: Functions
) -> Tensor:
    """The same for few fields: functions of the ket times these, then by functions of the bra."""
    m = fields[0].shape[0]
    scaled: dict[tuple[int | None, int], Tensor] = {}
    for (left, right), moves in steps.items():
        functions = ket[right][:m]
        for source, target in moves:
            product = fields[source].T[..., None] * functions
            before = scaled.get((left, target))
            scaled[left, target] = product if before is None else before + product
    size = next(iter(bra.values())).shape[1] * next(iter(ket.values())).shape[1]
    total = fields[0].new_zeros(count, size, fields[0].shape[1])
    for (left, target), functions in scaled.items():
        total[target] += (bra[left][:m].T @ functions).reshape(-1, size).T
    return total


def _functions(factor: Factor, derivatives: Iterable[int | None], numbers: Tensor) -> Functions:
    """Some functions of a factor (None), or their derivatives by its coordinates, each (m, n)."""
    return {
        d: (factor.values if d is None else factor.derivatives[d])[:, numbers] for d in derivatives
    }


def _picked(fields: Sequence[Tensor], axis: int, places: Tensor) -> Sequence[Tensor]:
    """Some places of an axis; no copy where the axis has but one."""
    if fields[0].shape[axis] == 1:
        return fields
    return [field.index_select(axis, places) for field in fields]


def _table(bra: Tensor, ket: Tensor) -> Tensor:
    """Products of functions of bra and ket, or of their derivatives, (n n′, m)."""
    return (bra[:, :, None] * ket[:, None, :]).flatten(1).T.contiguous()


def _placed(branches: Sequence[Branch], nodes: Tensor) -> list[Branch]:
    """Branches of some nodes only, which become places among these."""
    most = 1 + max(int(branch.nodes.max()) for branch in branches)
    place = torch.full((most,), -1, device=nodes.device)
    place[nodes] = torch.arange(len(nodes), device=nodes.device)
    placed = []
    for branch in branches:
        where = place[branch.nodes]
        if (there := where >= 0).any():
            placed.append(Branch(where[there], branch.functions, branch.children[there]))
    return placed


def _parts(branches: Sequence[Branch], most: int) -> Iterator[list[Branch]]:
    """Branches in portions of at most so many children, or of one."""
    part: list[Branch] = []
    for branch in _cut(branches, most):
        if part and _count(part) + branch.children.numel() > most:
            yield part
            part = []
        part.append(branch)
    yield part


def _cut(branches: Sequence[Branch], most: int) -> Iterator[Branch]:
    for b in branches:
        step = max(1, most // len(b.nodes))
        for i in range(0, len(b.functions), step):
            piece = Branch(b.nodes, b.functions[i : i + step], b.children[:, i : i + step])
            for j in range(0, len(b.nodes), most):
                rows = slice(j, j + most)
                yield Branch(piece.nodes[rows], piece.functions, piece.children[rows])


def _count(branches: Sequence[Branch]) -> int:
    return sum(branch.children.numel() for branch in branches)


def _children(branches: Sequence[Branch]) -> Tensor:
    """Numbers of the children in the order that `_integrated` gives them: function, node."""
    return torch.cat([branch.children.T.flatten() for branch in branches])
