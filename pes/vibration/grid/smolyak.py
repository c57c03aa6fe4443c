"""Sparse grids: Smolyak's combination of nested Genz–Keister rules, with weighted levels.

With U_ℓ the rule of level ℓ and Δ_ℓ = U_ℓ − U_{ℓ−1},

    ∫ f Π_k exp(−x_k²) dx ≈ Σ_{Σ w_k ℓ_k ≤ L} (Δ_ℓ1 ⊗ … ⊗ Δ_ℓQ) f.

The rules are nested, so that the points are the tuples of Σ_k w_k λ(i_k) ≤ L, with λ(i) the level
that adds point i. Weights have either sign.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

from pes.vibration.grid.genz_keister import ADDED, RULE_LEVELS, genz_keister
from pes.vibration.grid.strips import Strip

__all__ = ["HIGHEST", "Smolyak", "point_count", "smolyak"]

HIGHEST = 25
"""Highest level of one coordinate: the last rule is exact to degree 51."""

ROUNDING = 1e-9
"""Sums of weights such as 0.1 may pass a limit by rounding."""

SIZES = tuple(accumulate(ADDED))


@dataclass(frozen=True)
class Smolyak:
    """Points and weights of a sparse grid.

    Attributes:
        level: L.
        coordinate_weights: w of each of the Q coordinates.
        strips: layout of the points, for each coordinate.
        numbers: of the nested points of each coordinate, (P, Q).
        weights: without the factor exp(x²), (P,).
    """

    level: float
    coordinate_weights: tuple[float, ...]
    strips: tuple[tuple[Strip, ...], ...]
    numbers: Tensor
    weights: Tensor

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of points of each coordinate."""
        return tuple(int(n) + 1 for n in self.numbers.amax(0))

    def places(self, numbers: Tensor) -> Tensor:
        """Places of points given by their numbers (P′, Q), −1 for those that are not there."""
        ours, order = _keys(self.numbers, self.sizes).sort()
        theirs = _keys(numbers, self.sizes)
        at = torch.searchsorted(ours, theirs).clamp(max=len(ours) - 1)
        inside = (numbers < torch.tensor(self.sizes)).all(1) & (ours[at] == theirs)
        return order[at].where(inside, -1)


def smolyak(level: float, weights: Sequence[float]) -> Smolyak:
    """The sparse grid of level L.

    Args:
        level: L.
        weights: w of each coordinate.

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
    levels = torch.zeros(1, dtype=torch.float64)
    numbers = torch.zeros(1, 0, dtype=torch.uint8)
    spent = {0.0: torch.ones(1, dtype=torch.float64)}
    strips: list[tuple[Strip, ...]] = []
    for w in reversed(weights):
        steps = torch.tensor([w * l for l in RULE_LEVELS], dtype=torch.float64)  # noqa: E741
        rules = (levels[:, None] + steps <= level + ROUNDING).sum(1)
        layer = tuple(
            Strip(SIZES[r - 1], rest, len(rest))
            for r in range(len(RULE_LEVELS), 0, -1)
            if len(rest := (rules == r).nonzero().flatten())
        )
        spent = _weighted(spent, layer, steps.tolist(), level)
        numbers, levels = _extended(numbers, levels, layer, steps)
        strips.append(layer)
    total = torch.stack(list(spent.values())).sum(0)
    return Smolyak(level, tuple(weights), tuple(strips[::-1]), numbers, total)


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
    spent: dict[float, Tensor], layer: Sequence[Strip], steps: Sequence[float], level: float
) -> dict[float, Tensor]:
    """Σ Π Δ by the levels spent so far, with one coordinate more.

    Each is an array over the tuples: (S,) of those that follow, to (S′,) of all.
    """
    table = genz_keister().weights
    differences = torch.diff(table, dim=0, prepend=torch.zeros_like(table[:1]))
    more: dict[float, Tensor] = {}
    for before, values in spent.items():
        for step, difference in zip(steps, differences, strict=True):
            if before + step > level + ROUNDING:
                continue
            parts = [(difference[: s.points, None] * values[s.rest]).flatten() for s in layer]
            key = round(before + step, 9)
            more[key] = more.get(key, 0.0) + torch.cat(parts)
    return more


def _extended(
    numbers: Tensor, levels: Tensor, layer: Sequence[Strip], steps: Tensor
) -> tuple[Tensor, Tensor]:
    """Numbers and levels of the tuples with one coordinate more in front."""
    rule_of_point = torch.repeat_interleave(torch.arange(len(ADDED)), torch.tensor(ADDED))
    rows, sums = [], []
    for strip in layer:
        points = torch.arange(strip.points)
        first = points.repeat_interleave(strip.count).to(torch.uint8)
        rows.append(torch.cat((first[:, None], numbers[strip.rest].repeat(strip.points, 1)), 1))
        sums.append((steps[rule_of_point[points]][:, None] + levels[strip.rest]).flatten())
    return torch.cat(rows), torch.cat(sums)


def _keys(numbers: Tensor, sizes: Sequence[int]) -> Tensor:
    """One integer for each tuple."""
    keys = torch.zeros(len(numbers), dtype=torch.long)
    for column, size in zip(numbers.T, sizes, strict=True):
        keys = keys * size + column
    return keys
