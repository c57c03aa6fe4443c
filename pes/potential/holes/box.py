"""The region that training points span: bounds on the distance of every kind of atom pair."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import scipy
import torch
from torch import Tensor

from pes.geometry import distances, nearest_orthogonal

__all__ = ["DistanceBox", "distance_box", "filling", "mixtures"]

BLOCK = 2**14
MOST_DRAWN = 2**21
FLATTEST = 1e-3
"""Bohr; three atoms nearer to a line than this carry no fourth one by its distances."""
BEYOND = 0.3
"""Largest extrapolation of a mixture beyond its two geometries, relative to their separation."""
LARGEST_SHIFT = 0.4
"""Bohr; standard deviation of the most distorted mixtures."""


@dataclass(frozen=True, eq=False)
class DistanceBox:
    """Bounds on the P = N(N−1)/2 interatomic distances, alike for pairs of the same elements.

    Attributes:
        elements: element symbols of the N atoms.
        low, high: (P,) in bohr.
    """

    elements: tuple[str, ...]
    low: Tensor
    high: Tensor

    def overshoot(self, positions: Tensor) -> Tensor:
        """Excess (B, P) of each distance of positions (B, N, 3) over its bounds, bohr."""
        r = distances(positions)
        return (r - self.high).clamp(min=0) + (self.low - r).clamp(min=0)

    def holds(self, positions: Tensor) -> Tensor:
        """Whether each of positions (B, N, 3) has all its distances within the bounds, (B,)."""
        return (self.overshoot(positions) == 0).all(-1)

    def signature(self, positions: Tensor) -> Tensor:
        """Distances (B, P) in bohr, sorted within each kind: copies of a geometry share them."""
        r = distances(positions).clone()
        for columns in _kinds(self.elements).values():
            r[:, columns] = r[:, columns].sort(-1).values
        return r


def _kinds(elements: Sequence[str]) -> dict[str, list[int]]:
    """Columns of the pairs of each two elements."""
    kinds: dict[str, list[int]] = {}
    for column, pair in enumerate(combinations(elements, 2)):
        kinds.setdefault("-".join(sorted(pair)), []).append(column)
    return kinds


def distance_box(elements: Sequence[str], positions: Tensor) -> DistanceBox:
    """The smallest box that holds positions (T, N, 3) in bohr and all their permutations.

    Example:
        >>> h2 = torch.tensor([[[0.0, 0, 0], [0, 0, 1.2]], [[0, 0, 0], [0, 0, 2.0]]])
        >>> box = distance_box(("H", "H"), h2)
        >>> round(box.low.item(), 3), round(box.high.item(), 3)
        (1.2, 2.0)
    """
    r = distances(positions)
    low, high = r.min(0).values, r.max(0).values
    for columns in _kinds(elements).values():
        low[columns], high[columns] = low[columns].min(), high[columns].max()
    return DistanceBox(tuple(elements), low, high)


def filling(box: DistanceBox, count: int, *, seed: int = 0) -> Tensor:
    """Geometries spread evenly over the box, made from a scrambled Sobol sequence of distances.

    Atoms 0, 1 and 2 are placed by their distances, every further atom by those to these three
    and a side. What is no geometry, or has another distance out of bounds, is left out.

    Args:
        box: the bounds.
        count: number of geometries.
        seed: seed of the scrambling.

    Returns:
        (B, N, 3) in bohr; B is below `count` only where two million draws do not give so many.
    """
    atoms = len(box.elements)
    columns = [k for k, (first, _) in enumerate(combinations(range(atoms), 2)) if first < 3]
    sides = max(atoms - 3, 0)
    # `scipy.stats` is loaded here: it takes as long as the rest of SciPy.
    sobol = scipy.stats.qmc.Sobol(len(columns) + sides, rng=seed)
    low, high = box.low[columns], box.high[columns]
    found, number, drawn = [], 0, 0
    while number < count and drawn < MOST_DRAWN:
        unit = torch.from_numpy(sobol.random(BLOCK)).to(low)
        lengths = low + (high - low) * unit[:, : len(columns)]
        x = _placed(lengths, unit[:, len(columns) :] < 0.5, atoms)
        x = x[x.isfinite().flatten(1).all(1)]
        x = x[(box.overshoot(x) < 1e-9).all(-1)]
        found.append(x)
        number, drawn = number + len(x), drawn + BLOCK
    return torch.cat(found)[:count]


def _placed(lengths: Tensor, left: Tensor, atoms: int) -> Tensor:
    """Positions (B, N, 3), not finite where the distances do not close."""
    pairs = [pair for pair in combinations(range(atoms), 2) if pair[0] < 3]
    r = dict(zip(pairs, lengths.T, strict=True))
    zero = torch.zeros_like(lengths[:, 0])
    x = [torch.stack((zero, zero, zero), -1), torch.stack((r[0, 1], zero, zero), -1)]
    for k in range(2, atoms):
        # Negative squares become NaN: the circles or spheres do not meet.
        along = (r[0, k] ** 2 - r[1, k] ** 2 + r[0, 1] ** 2) / (2 * r[0, 1])
        across = r[0, k] ** 2 - along**2
        if k == 2:
            x.append(torch.stack((along, across.sqrt(), zero), -1))
            continue
        a, b = x[2][:, 0], x[2][:, 1]
        up = (across + (along - a) ** 2 + b**2 - r[2, k] ** 2) / (2 * b)
        up = torch.where(b > FLATTEST, up, torch.nan)
        height = (across - up**2).sqrt()
        x.append(torch.stack((along, up, torch.where(left[:, k - 3], height, -height)), -1))
    return torch.stack(x, 1)


def mixtures(box: DistanceBox, positions: Tensor, count: int, *, seed: int = 0) -> Tensor:
    """Geometries between and just beyond pairs of given ones, distorted, within the box.

    In many dimensions an even filling has hardly a point near the given ones.

    Args:
        box: the bounds.
        positions: (T, N, 3) in bohr.
        count: number of geometries to try.
        seed: seed of the random numbers.

    Returns:
        (B, N, 3) in bohr, B at most `count`.
    """
    generator = torch.Generator().manual_seed(seed)

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator, dtype=positions.dtype).to(positions.device)

    rows = (uniform(2, count) * len(positions)).long().clamp(max=len(positions) - 1)
    first, second = (x - x.mean(1, keepdim=True) for x in (positions[rows[0]], positions[rows[1]]))
    turned = second @ nearest_orthogonal(second.mT @ first)
    share = (1 + 2 * BEYOND) * uniform(count, 1, 1) - BEYOND
    noise = torch.randn(first.shape, generator=generator, dtype=positions.dtype)
    shift = LARGEST_SHIFT * uniform(count, 1, 1) ** 2 * noise.to(positions.device)
    x = first + share * (turned - first) + shift
    return x[box.holds(x)]
