"""Sparse grids: Smolyak's combination of nested Genz–Keister rules, with weighted levels.

With U_ℓ the rule of level ℓ and Δ_ℓ = U_ℓ − U_{ℓ−1},

    ∫ f Π_k exp(−x_k²) dx ≈ Σ_{Σ w_k ℓ_k ≤ L} (Δ_ℓ1 ⊗ … ⊗ Δ_ℓQ) f.

The rules are nested, so that the points are the tuples of Σ_k w_k λ(i_k) ≤ L, with λ(i) the level
that adds point i. Weights have either sign.

Coordinates may be taken two at a time: their points, by the level that adds them, are nested like
those of one.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

from pes.vibration.grid.genz_keister import ADDED, RULE_LEVELS, genz_keister
from pes.vibration.grid.strips import Strip

__all__ = ["HIGHEST", "Smolyak", "point_count", "smolyak"]

HIGHEST = 25
"""Highest level of one coordinate: the last rule is exact to degree 51."""

ROUNDING = 1e-9
"""Sums of weights such as 0.1 may pass a limit by rounding."""


@dataclass(frozen=True)
class Smolyak:
    """Points and weights of a sparse grid.

    Attributes:
        level: L.
        coordinate_weights: w of each of the Q coordinates.
        groups: coordinates that are taken together, one after the other: numbers of the nested
            points of each group by its coordinates, (m, g).
        strips: layout of the points, for each group.
        numbers: numbers of the nested points of each coordinate, (P, Q).
        weights: weights without the factor exp(x²), (P,).
    """

    level: float
    coordinate_weights: tuple[float, ...]
    groups: tuple[Tensor, ...]
    strips: tuple[tuple[Strip, ...], ...]
    numbers: Tensor
    weights: Tensor

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of points of each coordinate."""
        return tuple(int(n) + 1 for n in self.numbers.amax(0))

    @property
    def together(self) -> int:
        """Coordinates to a group."""
        return self.groups[0].shape[1]

    def places(self, numbers: Tensor) -> Tensor:
        """Places of points given by their numbers (P′, Q), −1 for those that are not there."""
        ours, order = _keys(self.numbers, self.sizes).sort()
        theirs = _keys(numbers, self.sizes)
        at = torch.searchsorted(ours, theirs).clamp(max=len(ours) - 1)
        inside = (numbers < torch.tensor(self.sizes)).all(1) & (ours[at] == theirs)
        return order[at].where(inside, -1)


@dataclass(frozen=True)
class _Axis:
    """Nested points of some coordinates, in the order of the level that adds them.

    Attributes:
        numbers: numbers of the points of each coordinate, (m, g).
        levels: w λ of each point, ascending, (m,).
        differences: Δ at the points by its level, (m,).
    """

    numbers: Tensor
    levels: Tensor
    differences: dict[float, Tensor]

    def beside(self, other: "_Axis", limit: float) -> "_Axis":
        """Points of both together up to a level."""
        sums = (self.levels[:, None] + other.levels).flatten()
        order = sums.argsort(stable=True)
        order = order[sums[order] <= limit]
        first, second = order // len(other.levels), order % len(other.levels)
        differences: dict[float, Tensor] = {}
        for one, left in self.differences.items():
            for two, right in other.differences.items():
                if one + two <= limit:
                    key = round(one + two, 9)
                    both = left[first] * right[second]
                    differences[key] = differences.get(key, 0.0) + both
        numbers = torch.cat((self.numbers[first], other.numbers[second]), 1)
        return _Axis(numbers, sums[order], differences)


def smolyak(level: float, weights: Sequence[float], *, together: int = 1) -> Smolyak:
    """The sparse grid of level L.

    Args:
        level: L.
        weights: w of each coordinate.
        together: coordinates to a group; the last holds what is left.

    References:
        S. A. Smolyak, Dokl. Akad. Nauk SSSR 148, 1042 (1963); G. Avila, T. Carrington,
        J. Chem. Phys. 131, 174103 (2009), doi:10.1063/1.3246593

    Example:
        The plus sign of five points integrates x² + y²:

        >>> grid = smolyak(1, (1, 1))
        >>> q = genz_keister().points[grid.numbers.long()]
        >>> round(float(grid.weights @ q.square().sum(1)) / torch.pi, 12)
        1.0
    """
    limit = level + ROUNDING
    single = [_axis(w, limit) for w in weights]
    axes = [
        reduce(lambda one, other: one.beside(other, limit), single[k : k + together])
        for k in range(0, len(single), together)
    ]
    levels = torch.zeros(1, dtype=torch.float64)
    numbers = torch.zeros(1, 0, dtype=torch.uint8)
    spent = {0.0: torch.ones(1, dtype=torch.float64)}
    strips: list[tuple[Strip, ...]] = []
    for axis in reversed(axes):
        points = torch.searchsorted(axis.levels, limit - levels, right=True)
        rests = [(m, (points == m).nonzero().flatten()) for m in points.unique().flip(0).tolist()]
        layer = tuple(Strip(m, rest, len(rest)) for m, rest in rests)
        spent = _weighted(spent, layer, axis, limit)
        numbers, levels = _extended(numbers, levels, layer, axis)
        strips.append(layer)
    total = torch.stack(list(spent.values())).sum(0)
    groups = tuple(axis.numbers for axis in axes)
    return Smolyak(level, tuple(weights), groups, tuple(strips[::-1]), numbers, total)


def _axis(weight: float, limit: float) -> _Axis:
    """Points of one coordinate up to a level."""
    steps = weight * torch.tensor(RULE_LEVELS, dtype=torch.float64)
    levels = steps.repeat_interleave(torch.tensor(ADDED))
    count = int((levels <= limit).sum())
    table = genz_keister().weights
    differences = torch.diff(table, dim=0, prepend=torch.zeros_like(table[:1]))[:, :count]
    pairs = zip(steps.tolist(), differences, strict=True)
    return _Axis(
        torch.arange(count, dtype=torch.uint8)[:, None], levels[:count],
        {step: difference for step, difference in pairs if step <= limit},
    )  # fmt: skip


def point_count(level: float, weights: Sequence[float]) -> int:
    """Number of points of a sparse grid, without making it.

    Example:
        >>> point_count(10, (1,) * 6)
        86517
    """
    counts = {0.0: 1}
    for w in weights:
        sums: Counter[float] = Counter()
        for spent, count in counts.items():
            for step, added in zip(RULE_LEVELS, ADDED, strict=True):
                if spent + w * step <= level + ROUNDING:
                    sums[round(spent + w * step, 9)] += count * added
        counts = sums
    return sum(counts.values())


def _weighted(
    spent: dict[float, Tensor], layer: Sequence[Strip], axis: _Axis, limit: float
) -> dict[float, Tensor]:
    """Σ Π Δ by the levels spent so far, with one axis more.

    Each is an array over the tuples: (S,) of those that follow, to (S′,) of all.
    """
    more: dict[float, Tensor] = {}
    for before, values in spent.items():
        for step, difference in axis.differences.items():
            if before + step > limit:
                continue
            parts = [(difference[: s.points, None] * values[s.rest]).flatten() for s in layer]
            key = round(before + step, 9)
            more[key] = more.get(key, 0.0) + torch.cat(parts)
    return more


def _extended(
    numbers: Tensor, levels: Tensor, layer: Sequence[Strip], axis: _Axis
) -> tuple[Tensor, Tensor]:
    """Numbers and levels of the tuples with one axis more in front."""
    rows, sums = [], []
    for strip in layer:
        first = axis.numbers[: strip.points].repeat_interleave(strip.count, 0)
        rows.append(torch.cat((first, numbers[strip.rest].repeat(strip.points, 1)), 1))
        sums.append((axis.levels[: strip.points, None] + levels[strip.rest]).flatten())
    return torch.cat(rows), torch.cat(sums)


def _keys(numbers: Tensor, sizes: Sequence[int]) -> Tensor:
    """One integer for each tuple."""
    keys = torch.zeros(len(numbers), dtype=torch.long)
    for column, size in zip(numbers.T, sizes, strict=True):
        keys = keys * size + column
    return keys
