"""Pruned products of oscillator functions on a sparse grid.

Functions are φ_n(x) = h_n(x) exp(−x²/2) of x = (q − centre)/width, orthonormal in x, with h_n
Hermite polynomials; products with Σ_k w_k n_k ≤ K are kept. The exponentials belong to the weight
of the quadrature, so that every table holds polynomials.

To and from the grid the sums run over one coordinate at a time, or two. After coordinate c the
array runs over the beginnings (n_1 … n_{c−1}) of products and the tuples (i_c … i_Q) of point
numbers, far fewer than the functions times the points.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate, pairwise
from math import prod

import torch
from torch import Tensor

from pes.vibration.basis.factor import Factor
from pes.vibration.basis.product_tree import tree, unraveled
from pes.vibration.grid.arrays import Arrays, shaped
from pes.vibration.grid.genz_keister import genz_keister
from pes.vibration.grid.grid_basis import GridBasis
from pes.vibration.grid.matrix import matrix, multiplications
from pes.vibration.grid.random_points import random_points
from pes.vibration.grid.smolyak import Smolyak, point_count, smolyak
from pes.vibration.grid.sparse_regions import regions
from pes.vibration.grid.sparse_sums import (
    Sums,
    flat,
    from_points,
    sums_over,
    to_points,
    towards_grid,
)
from pes.vibration.grid.strips import PairFields, Strip

__all__ = ["SparseBasis"]

SIMPLE = 40
"""Products times points of their grid, over the points of the whole: a matrix of some H·v."""

SLOWER = 3
"""CPU time of a multiplication in `matrix`, in that of one in a transform: measured for six and
nine coordinates."""

MOST_NUMBERS = 2**20
"""Numbers of the largest array of a transform, which should stay in the cache."""


@dataclass(frozen=True)
class SparseBasis(GridBasis):
    """Products of oscillator functions of Q coordinates on a sparse grid of P points.

    The weights of its points have either sign.

    Attributes:
        bases: functions of each coordinate on its nested points, without the factor exp(−x²/2).
        grid: points and weights.
    """

    grid: Smolyak = field(kw_only=True)

    @property
    def grid_shape(self) -> None:
        """None: the grid is no direct product."""
        return

    @property
    def grid_level(self) -> float:
        """Largest sum of the levels of the rules that make up the grid."""
        return self.grid.level

    @property
    def points(self) -> Tensor:
        """All grid points, (P, Q)."""
        columns = zip(self.bases, self.grid.numbers.to(self.device).T, strict=True)
        return torch.stack([b.points[i.long()] for b, i in columns], 1)

    @property
    def weights(self) -> Tensor:
        """Quadrature weights of the grid points, of either sign, (P,)."""
        x = genz_keister().points[self.grid.numbers.long()]
        stretched = prod(float(b.weights[0]) for b in self.bases)
        return stretched * (self.grid.weights * x.square().sum(1).exp()).to(self.device)

    @property
    def signs(self) -> Tensor:
        """Signs of the weights, (P,)."""
        return self._polynomial_weights.sign()

    @property
    def density_slope(self) -> Tensor:
        """∂_k ln ρ on the grid, (P, Q): zero, for the functions are those of ρ = 1."""
        return torch.zeros_like(self.points)

    def _factors(self) -> tuple[Factor, ...]:
        return tuple(
            Factor((k,), b.values, b.derivatives[None], b.energies)
            for k, b in enumerate(self.bases)
        )

    @property
    def zero_order_energies(self) -> Tensor:
        """Sums of the reference energies, (N,) in hartree."""
        quanta = self.quanta(torch.arange(self.size))
        columns = zip(self.bases, quanta.T, strict=True)
        return torch.stack([b.energies[n.to(self.device)] for b, n in columns]).sum(0)

    def quanta(self, numbers: Tensor) -> Tensor:
        """Quanta (…, Q) of products by their number among those kept."""
        return torch.stack(unraveled(self.numbers[numbers.cpu()], self.shape), -1)

    def simplest(self, products: Tensor, energies: Tensor, most: int, least: int) -> Tensor:
        """Products of few quanta: their matrix needs fewer points, see `on_fewer_points`."""
        order, spent = energies.argsort().cpu(), self._spent(products)
        spare, chosen = self.grid.level - float(self._spent(torch.arange(self.size)).max()), order
        for quanta in spent.unique().flip(0).tolist():
            few = order[spent[order] <= quanta][:most]
            if len(few) < least:
                break
            chosen = few
            points = point_count(quanta + spare, self.grid.coordinate_weights)
            if points * len(few) <= SIMPLE * len(self.grid.weights):
                break
        return chosen[:most].to(energies.device)

    def on_fewer_points(self, products: Tensor) -> tuple["SparseBasis", Tensor | None]:
        """The level of the grid follows the quanta of the products."""
        most = float(self._spent(torch.arange(self.size)).max())
        level = self.grid.level - most + float(self._spent(products).max())
        if level >= self.grid.level:
            return self, None
        grid = smolyak(level, self.grid.coordinate_weights, together=self.grid.together)
        return replace(self, grid=grid), self.grid.places(grid.numbers).to(self.device)

    def _spent(self, products: Tensor) -> Tensor:
        """Σ_k w_k n_k of products by their places."""
        weights = torch.tensor(self.grid.coordinate_weights, dtype=torch.float64)
        return (self.quanta(products) * weights).sum(-1).round(decimals=9)

    def cpu(self) -> "SparseBasis":
        """The same with its arrays on the CPU."""
        return replace(self, bases=tuple(b.to("cpu") for b in self.bases))

    def unpruned(self, coefficients: Tensor) -> Tensor:
        """Coefficients (S, N) among all products of one-dimensional functions, (S, n1, n2, …)."""
        whole = coefficients.new_zeros(len(coefficients), self.products)
        whole[:, self.numbers] = coefficients
        return whole.reshape(-1, *self.shape)

    def drawn(self, coefficients: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """Random points (M, Q) and the share of each of S states that stands for each, (S, M).

        Args:
            coefficients: coefficients of the functions kept, (S, N).
            count: number of points, M.
        """
        x, shares = random_points(self.quanta(torch.arange(self.size)), coefficients.cpu(), count)
        centres = torch.stack([b.points[0] for b in self.bases]).cpu()
        widths = torch.stack([b.weights[0] for b in self.bases]).cpu()
        return (centres + widths * x).to(self.device), shares.to(self.device)

    def on_grid(self, coefficients: Tensor, *, slope: int | None = None) -> Tensor:
        """Functions times √|weight| on the grid: (S, N) -> (S, P).

        Args:
            coefficients: coefficients of the functions kept.
            slope: coordinate to differentiate along.
        """
        spare: Arrays = []
        parts = []
        for part in coefficients.split(self._at_once):
            x = flat(part, spare)
            for sums in reversed(self._sums):
                y = towards_grid(x, sums.along(slope), sums, len(part), spare)
                spare.append(x)
                x = y
            parts.append(self._from_rows(x, len(part)))
            spare.append(x)
        return torch.cat(parts)

    def on_grid_with_slopes(
        self, coefficients: Tensor, spare: Arrays | None = None
    ) -> tuple[Tensor, Tensor]:
        """ψ (S, P) and ∂ψ (Q, S, P), times √|weight|, of functions (S, N)."""
        modes, spare = len(self.bases), [] if spare is None else spare
        shape, first = (len(coefficients), len(self._roots)), 0
        psi, slopes = (shaped(spare, coefficients, *n, *shape) for n in ((), (modes,)))
        for part in coefficients.split(self._at_once):
            count = len(part)
            way = to_points(flat(part, spare), self._sums, count, spare)
            for array, x in zip((psi, *reversed(slopes.unbind())), way, strict=True):
                array[first : first + count] = self._from_rows(x, count)
            spare += way
            first += count
        return psi, slopes

    def from_grid(
        self, psi: Tensor, slopes: Tensor | None = None, spare: Arrays | None = None
    ) -> Tensor:
        """Overlaps with the functions kept by the quadrature: (S, P) -> (S, N).

        Args:
            psi: times √|weight|; overlaps with the functions are taken of it.
            slopes: times √|weight|, (Q, S, P); overlaps with the derivatives are taken of these
                and added.
            spare: arrays of calls before, to be used again.
        """
        signed, spare = self._roots * self.signs, [] if spare is None else spare
        fields = [psi] if slopes is None else [psi, *slopes.flip(0)]
        parts = []
        for here in torch.arange(len(psi)).split(self._at_once):
            rows = slice(int(here[0]), int(here[-1]) + 1)
            way = [flat(field[rows] * signed, spare) for field in fields]
            x = from_points(way, self._sums, len(here), spare)
            parts.append(x[: self.size * len(here)].view(-1, len(here)).T.clone())
            spare.append(x)
        return torch.cat(parts)

    def _from_rows(self, x: Tensor, count: int) -> Tensor:
        """Values at the points times √|weight|, (S, P), of a flat array."""
        return x[: len(self._roots) * count].view(-1, count).T * self._roots

    def matrix(self, fields: PairFields) -> Tensor:
        """∫ Σ_kl F_kl (∂_kφ_a)(∂_lφ_b), (N, N), differentiable in the fields.

        Args:
            fields: F_kl on the grid (P,) by its coordinates, k ≤ l, −1 for no derivative.
        """
        ordered, strips = self.laid_out(fields.items(), self.order)
        return matrix(ordered, self.factors, strips, self.branches)

    def laid_out(
        self, fields: Iterable[tuple[tuple[int, int], Tensor]], order: Sequence[int]
    ) -> tuple[PairFields, Sequence[Sequence[Strip]]]:
        """Fields times the weights, for sums over the coordinates in an order, and their strips."""
        weighted = ((pair, f * self._polynomial_weights) for pair, f in fields)
        if tuple(order) == self.order and len(self.grid.groups) == len(order):
            return dict(weighted), self.grid.strips
        turned = smolyak(self.grid.level, [self.grid.coordinate_weights[k] for k in order])
        places = torch.tensor(order).argsort()
        at = self.grid.places(turned.numbers[:, places]).to(self.device)
        return {pair: f[at] for pair, f in weighted}, turned.strips

    def cheapest(self, products: Tensor, order: Sequence[int]) -> Sequence[int]:
        """The order as it is: all coordinates have about as many functions."""
        return order

    def image(
        self, order: Sequence[int], mirrors: Sequence[Tensor | None]
    ) -> Callable[[Tensor], Tensor] | None:
        """F(q) on the grid (P,) to F(Oq), or None if O moves points off the grid."""
        columns = self.grid.numbers[:, list(order)].long().T.unbind()
        moved = [c if m is None else m.cpu()[c] for c, m in zip(columns, mirrors, strict=True)]
        places = self.grid.places(torch.stack(moved, 1))
        if bool((places < 0).any()):
            return None
        return lambda field: field[places.to(field.device)]

    @property
    def transform_cost(self) -> int:
        """Multiplications of one vector to the grid, with its slopes, and back."""
        arrays, cost = 1, 0
        for sums in reversed(self._sums):
            arrays += len(sums.slopes)
            cost += arrays * sums.multiplications
        return 2 * cost

    @property
    def matrix_cost(self) -> int:
        """Multiplications of `matrix`, in those of the transforms."""
        strips = smolyak(self.grid.level, self.grid.coordinate_weights).strips
        return SLOWER * multiplications(self.factors, strips, self.branches)

    @cached_property
    def _polynomial_weights(self) -> Tensor:
        """Weights of products of polynomials, the factors exp(−x²) included, (P,)."""
        return self.grid.weights.to(self.device)

    @cached_property
    def _roots(self) -> Tensor:
        return self._polynomial_weights.abs().sqrt()

    @cached_property
    def _sums(self) -> list[Sums]:
        """Sums over the coordinates, in the order of the grid."""
        starts = [0, *accumulate(numbers.shape[1] for numbers in self.grid.groups)]
        bases = [self.bases[i:j] for i, j in pairwise(starts)]
        branches = tree(
            [prod(b.size for b in some) for some in bases], self.kept, device=self.device
        )
        parts = regions(branches, self.grid.strips)
        return [
            sums_over(*one) for one in zip(starts[:-1], bases, self.grid.groups, parts, strict=True)
        ]

    @cached_property
    def _at_once(self) -> int:
        """Vectors that go to the grid together."""
        return max(1, MOST_NUMBERS // max(sums.rows for sums in self._sums))
