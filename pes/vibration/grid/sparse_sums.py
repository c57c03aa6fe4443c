"""Sums over the coordinates of a sparse grid, one or two at a time, each a few matrix products.

Numbers are moved more than they are multiplied: two coordinates together halve that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pes.vibration.basis.basis import Basis
from pes.vibration.grid.arrays import Arrays, taken
from pes.vibration.grid.strips import ArrayRegion

__all__ = ["Sums", "flat", "from_points", "sums_over", "to_points", "towards_grid"]


@dataclass(frozen=True)
class Sums:
    """Sums over one coordinate, or some together.

    Attributes:
        coordinates: their numbers.
        values: products of their functions at their points, (m, n).
        slopes: derivatives of these along each of the coordinates, (m, n).
        regions: parts of the array towards the grid.
    """

    coordinates: tuple[int, ...]
    values: Tensor
    slopes: tuple[Tensor, ...]
    regions: list[ArrayRegion]

    def along(self, slope: int | None) -> Tensor:
        """Table of the functions, or of their derivatives if the coordinate is one of these."""
        here = slope is not None and slope in self.coordinates
        return self.slopes[self.coordinates.index(slope)] if here else self.values

    @property
    def multiplications(self) -> int:
        """Multiplications for one array."""
        return sum(len(r.functions) * (r.rows.stop - r.rows.start) for r in self.regions)

    @property
    def rows(self) -> int:
        """Rows of the array towards the grid."""
        return self.regions[-1].rows.stop

    @property
    def sources(self) -> int:
        """Rows of the array before."""
        return sum(len(r.sources) for r in self.regions)

    @property
    def largest(self) -> int:
        """Most rows that one region takes from the array before."""
        return max(len(r.sources) for r in self.regions)


def towards_grid(x: Tensor, table: Tensor, sums: Sums, vectors: int, spare: Arrays) -> Tensor:
    """Σ over the functions of a coordinate, rows before × V to rows × V.

    Args:
        x: flat array of V vectors, and perhaps more that is not looked at.
        table: functions of the coordinate at its points, (m, n).
        sums: regions of the coordinate.
        vectors: V.
        spare: arrays, one of which the result takes.
    """
    y, part = (taken(spare, n * vectors, x) for n in (sums.rows, sums.largest))
    # Rows of one number are gathered one by one, numbers of a plain array twice as fast.
    x = x if vectors == 1 else _rows(x, sums.sources, vectors)
    for region in sums.regions:
        gathered = part[: len(region.sources) * vectors]
        rows = gathered if vectors == 1 else gathered.view(-1, vectors)
        torch.index_select(x, 0, region.sources, out=rows)
        functions = gathered.view(len(region.functions), -1)
        out = region.of(y, vectors)
        torch.mm(table[: region.points, region.functions], functions, out=out)
    spare.append(part)
    return y


def from_grid(y: Tensor, table: Tensor, sums: Sums, vectors: int, spare: Arrays) -> Tensor:
    """Σ over the points of a coordinate, the transpose of `towards_grid`."""
    x, part = (taken(spare, n * vectors, y) for n in (sums.sources, sums.largest))
    target = x if vectors == 1 else _rows(x, sums.sources, vectors)
    for region in sums.regions:
        gathered = part[: len(region.sources) * vectors]
        functions = gathered.view(len(region.functions), -1)
        out = table[: region.points, region.functions].T
        torch.mm(out, region.of(y, vectors), out=functions)
        rows = gathered if vectors == 1 else gathered.view(-1, vectors)
        target.index_copy_(0, region.sources, rows)
    spare.append(part)
    return x


def sums_over(
    first: int, bases: Sequence[Basis], numbers: Tensor, regions: list[ArrayRegion]
) -> Sums:
    """Sums over coordinates that follow one another.

    Args:
        first: number of the first coordinate.
        bases: functions of each.
        numbers: numbers of the points of each in every point of all, (m, g).
        regions: parts of the array towards the grid.
    """
    columns = numbers.long().to(bases[0].values.device).T

    def table(slope: int | None) -> Tensor:
        product = bases[0].values.new_ones(len(numbers), 1)
        for k, (b, rows) in enumerate(zip(bases, columns, strict=True)):
            one = (b.derivatives if k == slope else b.values)[rows]
            product = (product[:, :, None] * one[:, None]).flatten(1)
        return product

    slopes = tuple(table(k) for k in range(len(bases)))
    return Sums(tuple(range(first, first + len(bases))), table(None), slopes, regions)


def to_points(x: Tensor, steps: Sequence[Sums], vectors: int, spare: Arrays) -> list[Tensor]:
    """ψ and its slopes from the last coordinate to the first, at the points; x is free after it.

    ∂_k differs from ψ from coordinate k on only: it leaves there the way that they share.
    """
    way = [x]
    for sums in reversed(steps):
        slopes = [towards_grid(way[0], table, sums, vectors, spare) for table in sums.slopes]
        way = [_passed(towards_grid, y, sums.values, sums, vectors, spare) for y in way]
        way += reversed(slopes)
    return way


def from_points(
    way: Sequence[Tensor], steps: Sequence[Sums], vectors: int, spare: Arrays
) -> Tensor:
    """Sum of the overlaps of ψ and its slopes, ordered as `to_points` does; all are free after it.

    Without slopes those of ψ alone.
    """
    for sums in steps:
        end = max(1, len(way) - len(sums.slopes))
        through, leaving = way[:end], way[end:]
        way = [_passed(from_grid, y, sums.values, sums, vectors, spare) for y in through]
        for y, table in zip(leaving, sums.slopes[::-1][: len(leaving)], strict=True):
            added = _passed(from_grid, y, table, sums, vectors, spare)
            numbers = sums.sources * vectors
            way[0][:numbers] += added[:numbers]
            spare.append(added)
    return way[0]


def flat(rows: Tensor, spare: Arrays) -> Tensor:
    """Vectors (S, n) as a flat array with the vectors fast."""
    x = taken(spare, rows.numel(), rows)
    x[: rows.numel()].view(-1, len(rows)).copy_(rows.T)
    return x


def _passed(
    transform: Callable[[Tensor, Tensor, Sums, int, Arrays], Tensor],
    x: Tensor,
    table: Tensor,
    sums: Sums,
    vectors: int,
    spare: Arrays,
) -> Tensor:
    """A transform of an array that is free after it."""
    y = transform(x, table, sums, vectors, spare)
    spare.append(x)
    return y


def _rows(x: Tensor, rows: int, vectors: int) -> Tensor:
    return x[: rows * vectors].view(rows, vectors)
