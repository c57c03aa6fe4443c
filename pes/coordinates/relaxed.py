"""Fewer coordinates: some are free, and others follow them smoothly."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi

import torch
from torch import Tensor

from pes.coordinates.internal import Direct, Internal

__all__ = ["Interpolant", "Relaxed", "interpolant"]


@dataclass(frozen=True, eq=False)
class Interpolant:
    """Smooth functions of one coordinate or of two.

    Products of Chebyshev polynomials; of a dihedral that makes a full turn cos kφ and sin kφ.

    Attributes:
        ranges: ends of each coordinate, bohr and radians.
        turns: whether a coordinate makes a full turn.
        coefficients: coefficients of the products, one axis for each coordinate, and last the
            functions.
    """

    ranges: tuple[tuple[float, float], ...]
    turns: tuple[bool, ...]
    coefficients: Tensor

    def __call__(self, q: Tensor) -> Tensor:
        """Values (..., R) at coordinates (..., F); differentiable in these."""
        sizes = self.coefficients.shape
        values = self.coefficients.to(q)
        shape = q.shape[:-1]
        for k, n in enumerate(sizes[:-1]):
            basis = _functions(q[..., k], self.ranges[k], n, turn=self.turns[k])
            if k == 0:
                values = (basis @ values.reshape(n, -1)).reshape(*shape, *sizes[1:])
            else:
                values = torch.einsum("...n,...nr->...r", basis, values)
        return values


def interpolant(
    ranges: Sequence[tuple[float, float]], turns: Sequence[bool], values: Tensor
) -> Interpolant:
    """The functions with given values at the nodes.

    Args:
        ranges: ends of each coordinate.
        turns: whether it makes a full turn.
        values: at `nodes` of as many points as each axis has, the functions last.
    """
    coefficients = values
    for k, n in enumerate(values.shape[:-1]):
        basis = _functions(nodes(ranges[k], n, turn=turns[k]), ranges[k], n, turn=turns[k])
        moved = coefficients.movedim(k, 0)
        solved = torch.linalg.solve(basis, moved.flatten(1)).reshape(moved.shape)
        coefficients = solved.movedim(0, k)
    return Interpolant(tuple(ranges), tuple(turns), coefficients)


def nodes(ends: tuple[float, float], count: int, *, turn: bool) -> Tensor:
    """Points (n,) that determine n functions: even on a turn, else those of Chebyshev."""
    step = torch.arange(count, dtype=torch.float64)
    low, high = ends
    if turn:
        return low + 2 * pi * step / count
    return (low + high) / 2 - (high - low) / 2 * torch.cos(pi * (step + 0.5) / count)


def _functions(q: Tensor, ends: tuple[float, float], count: int, *, turn: bool) -> Tensor:
    """Functions (..., n) of one coordinate (...)."""
    if turn:
        waves = q[..., None] * torch.arange(1, count // 2 + 1).to(q)
        return torch.cat((torch.ones_like(q[..., None]), waves.cos(), waves.sin()), -1)
    x = (2 * q - ends[0] - ends[1]) / (ends[1] - ends[0])
    polynomials = [torch.ones_like(x), x]
    while len(polynomials) < count:
        polynomials.append(2 * x * polynomials[-1] - polynomials[-2])
    return torch.stack(polynomials[:count], -1)


@dataclass(frozen=True, eq=False)
class Relaxed(Direct):
    """Coordinates of which some are free; the others are smooth functions of these.

    The kinetic energy is exact for a molecule that can move in no other way: the metric of the
    free coordinates holds what the others do along with them.

    Args:
        inner: all coordinates.
        free: names of those that are free, in the order of `inner`.
        others: values of the remaining ones, in their order.

    References:
        D. Lauvergnat, A. Nauts, J. Chem. Phys. 116, 8560 (2002), doi:10.1063/1.1469019
    """

    inner: Internal
    free: tuple[str, ...]
    others: Interpolant

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the free coordinates."""
        return self.free

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of the free coordinates."""
        return tuple(self.inner.kinds[k] for k in self._places)

    @property
    def relaxed(self) -> tuple[str, ...]:
        """Names of the coordinates that follow."""
        return tuple(name for name in self.inner.names if name not in self.free)

    @property
    def _places(self) -> list[int]:
        return [self.inner.names.index(name) for name in self.free]

    def whole(self, q: Tensor) -> Tensor:
        """All coordinates (..., Q) at the free ones (..., F)."""
        values = dict(zip(self.free, q.unbind(-1), strict=True))
        values |= dict(zip(self.relaxed, self.others(q).unbind(-1), strict=True))
        return torch.stack([values[name] for name in self.inner.names], -1)

    def to_positions(self, q: Tensor, masses: Tensor) -> Tensor:
        """Positions (..., N, 3) in bohr of the free coordinates (..., F)."""
        return self.inner.to_positions(self.whole(q), masses)

    def from_positions(self, positions: Tensor, masses: Tensor) -> Tensor:
        """Free coordinates (..., F) of positions (..., N, 3); the others are not read."""
        return self.inner.from_positions(positions, masses)[..., self._places]
