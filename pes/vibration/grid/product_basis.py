"""Product basis on a direct-product grid: functions of each coordinate or group, their products.

To and from the grid the sums run over one factor at a time, so that a transform costs as many
multiplications as there are points, times the points of all coordinates.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import prod

import torch
from torch import Tensor

from pes.vibration.basis.basis import Basis
from pes.vibration.basis.factor import Factor, Group
from pes.vibration.basis.product_tree import unraveled
from pes.vibration.grid.arrays import Arrays, shaped
from pes.vibration.grid.grid_basis import GridBasis
from pes.vibration.grid.matrix import multiplications
from pes.vibration.grid.product_sums import (
    add_along,
    along,
    sums_over_functions,
    sums_over_points,
)
from pes.vibration.grid.strips import PairFields, Strip, product_strips
from pes.vibration.grid.submatrix import elements, ordered_tree

__all__ = ["ProductBasis"]


@dataclass(frozen=True)
class ProductBasis(GridBasis):
    """Products of the functions of F factors, on the product grid of Q coordinates.

    A factor holds the functions of a coordinate, or those of a group of coordinates. Without
    groups F = Q.

    Attributes:
        bases: one for each coordinate.
        kept: numbers of the products that are kept, ascending, (N,); None keeps them all.
        groups: coordinates contracted together, no coordinate twice.
    """

    groups: tuple[Group, ...] = ()

    @property
    def grid_shape(self) -> tuple[int, ...]:
        """Points of each coordinate."""
        return tuple(len(b.points) for b in self.bases)

    @property
    def points(self) -> Tensor:
        """All grid points, (P, Q), last coordinate fastest."""
        return self._on_all_points([b.points for b in self.bases])

    @property
    def weights(self) -> Tensor:
        """Quadrature weights of the grid points, the density ρ included, (P,)."""
        return self._on_all_points([b.weights for b in self.bases]).prod(1)

    @property
    def signs(self) -> Tensor:
        """Signs of the weights, (P,): all positive."""
        return torch.ones(prod(self.grid_shape), dtype=torch.float64, device=self.device)

    @property
    def density_slope(self) -> Tensor:
        """∂_k ln ρ on the grid, (P, Q)."""
        return self._on_all_points([b.log_density_slope for b in self.bases])

    def _on_all_points(self, columns: Sequence[Tensor]) -> Tensor:
        return torch.cartesian_prod(*columns).reshape(-1, len(columns))

    def _factors(self) -> tuple[Factor, ...]:
        first = {group.coordinates[0]: group for group in self.groups}
        grouped = {k for group in self.groups for k in group.coordinates[1:]}
        return tuple(
            _grouped(self.bases, first[k]) if k in first else _single(self.bases, k)
            for k in range(len(self.bases))
            if k not in grouped
        )

    @property
    def zero_order_energies(self) -> Tensor:
        """Sums of the reference energies of the factors, (N,) in hartree."""
        places = unraveled(self.numbers, self.shape)
        energies = sum(f.energies.cpu()[i] for f, i in zip(self.factors, places, strict=True))
        return torch.as_tensor(energies, device=self.device)

    def cpu(self) -> "ProductBasis":
        """The same with its arrays on the CPU."""
        groups = [replace(g, expansion=g.expansion.cpu(), energies=g.energies.cpu())
                  for g in self.groups]  # fmt: skip
        return replace(self, bases=tuple(b.to("cpu") for b in self.bases), groups=tuple(groups))

    def unpruned(self, coefficients: Tensor) -> Tensor:
        """Coefficients (S, N) of the products of one-dimensional functions, (S, n1, n2, …)."""
        whole = coefficients
        if self.kept is not None:
            whole = coefficients.new_zeros(len(coefficients), self.products)
            whole[:, self.kept] = coefficients
        whole = whole.reshape(-1, *self.shape)
        expansions = {group.coordinates[0]: group.expansion for group in self.groups}
        for axis, f in enumerate(self.factors, start=1):
            if len(f.coordinates) > 1:
                whole = _apply_one(expansions[f.coordinates[0]], whole, axis)
        whole = whole.reshape(-1, *[self.bases[k].size for k in self.order])
        return whole.permute(0, *[1 + self.order.index(k) for k in range(len(self.bases))])

    def quanta(self, numbers: Tensor) -> Tensor:
        """Quanta (…, Q) of products by their number among those kept.

        For a group those of the leading product in its function.
        """
        numbers = numbers.cpu() if self.kept is None else self.numbers[numbers.cpu()]
        quanta = torch.zeros(*numbers.shape, len(self.bases), dtype=torch.long)
        leading = {g.coordinates: (g.expansion**2).argmax(0) for g in self.groups}
        for f, index in zip(self.factors, unraveled(numbers, self.shape), strict=True):
            inner = leading[f.coordinates].cpu()[index] if f.coordinates in leading else index
            sizes = [self.bases[k].size for k in f.coordinates]
            for k, quantum in zip(f.coordinates, unraveled(inner, sizes), strict=True):
                quanta[..., k] = quantum
        return quanta

    def on_grid(self, coefficients: Tensor, *, slope: int | None = None) -> Tensor:
        """Functions times √weight on the grid: (S, N) -> (S, P).

        Args:
            coefficients: coefficients of the functions kept.
            slope: coordinate to differentiate along.
        """
        return self._to_points(coefficients, slope, None)

    def _to_points(self, coefficients: Tensor, slope: int | None, spare: Arrays | None) -> Tensor:
        """One factor at a time from the last on, over the nodes of the tree alone."""
        count = len(coefficients)
        x = coefficients.flatten().clone()
        for f, branches in zip(reversed(self.factors), reversed(self.branches), strict=True):
            y = sums_over_functions(
                x, f.along(slope), branches, count, [] if spare is None else spare
            )
            if spare is not None:
                spare.append(x)
            x = y
        x = x.view(-1, *[self.grid_shape[k] for k in self.order])
        back = [1 + self.order.index(k) for k in range(len(self.bases))]
        return x.permute(0, *back).flatten(1)

    def on_grid_with_slopes(
        self, coefficients: Tensor, spare: Arrays | None = None
    ) -> tuple[Tensor, Tensor]:
        """ψ (S, P) and ∂ψ (Q, S, P), times √weight, of functions (S, N).

        The vector goes to the grid once; each ∂_k is then the m × m matrix dB_k B_kᵀ.
        """
        psi = self._to_points(coefficients, None, spare)
        slopes = shaped([] if spare is None else spare, psi, len(self.bases), *psi.shape)
        by_axes = psi.view(-1, *self.grid_shape)
        for k, slope in enumerate(slopes):
            along(self._derivative(k), by_axes, k + 1, slope)
        return psi, slopes

    def from_grid(
        self, psi: Tensor, slopes: Tensor | None = None, spare: Arrays | None = None
    ) -> Tensor:
        """Overlaps with the functions kept, the transpose of `on_grid`: (S, P) -> (S, N).

        Args:
            psi: overlaps with the functions are taken of it.
            slopes: overlaps with their derivatives are taken of these, (Q, S, P), and added:
                the transpose of `on_grid_with_slopes`.
            spare: arrays of earlier calls, which are used again.
        """
        total = psi.reshape(-1, *self.grid_shape)
        if slopes is not None:
            total = shaped([] if spare is None else spare, psi, *total.shape).copy_(total)
            for k, slope in enumerate(slopes):
                add_along(self._derivative(k).T, slope.reshape(total.shape), k + 1, total)
        x = total.permute(0, *[1 + k for k in self.order]).flatten()
        for n, (f, branches) in enumerate(zip(self.factors, self.branches, strict=True)):
            y = sums_over_points(x, f.values, branches, len(psi), [] if spare is None else spare)
            # The first array may be the caller's.
            if spare is not None and (n or slopes is not None):
                spare.append(x)
            x = y
        return x.view(len(psi), -1)

    def matrix(self, fields: PairFields) -> Tensor:
        """∫ Σ_kl F_kl (∂_kφ_a)(∂_lφ_b), (N, N), differentiable in the fields.

        Args:
            fields: F_kl on the grid (P,) by its coordinates, k ≤ l, −1 for no derivative.
        """
        every = torch.arange(self.size)
        order = self.cheapest(every, range(len(self.factors)))
        return elements(self, fields.items(), every, order=order)

    def laid_out(
        self, fields: Iterable[tuple[tuple[int, int], Tensor]], order: Sequence[int]
    ) -> tuple[PairFields, Sequence[Sequence[Strip]]]:
        """Fields on the grid whose axes have an order of the factors, and its strips."""
        factors = [self.factors[i] for i in order]
        axes = [k for f in factors for k in f.coordinates]
        ordered = {
            pair: field.reshape(self.grid_shape).permute(axes).flatten() for pair, field in fields
        }
        return ordered, product_strips([len(f.values) for f in factors])

    def image(
        self, order: Sequence[int], mirrors: Sequence[Tensor | None]
    ) -> Callable[[Tensor], Tensor]:
        """F(q) on the grid (P,) to F(Oq)."""
        shape = self.grid_shape

        def image(field: Tensor) -> Tensor:
            field = field.reshape(shape)
            for k, mirror in enumerate(mirrors):
                field = field if mirror is None else field.index_select(k, mirror)
            return field.permute(*order).flatten()

        return image

    @property
    def transform_cost(self) -> int:
        """Multiplications of one vector to the grid, with its slopes, and back."""
        return prod(self.grid_shape) * sum(4 * m for m in self.grid_shape)

    @property
    def matrix_cost(self) -> int:
        """Multiplications of `matrix`."""
        every, order = torch.arange(self.size), tuple(range(len(self.factors)))
        return min(self._multiplications(every, one) for one in self._orders(order))

    def cheapest(self, products: Tensor, order: Sequence[int]) -> Sequence[int]:
        """The order given, or factors with few functions first, which meet the most points."""
        one, *others = self._orders(order)
        if not others:
            return one
        return min(one, *others, key=lambda order: self._multiplications(products, order))

    def _orders(self, order: Sequence[int]) -> list[tuple[int, ...]]:
        """The order given and, if it is another, factors with few functions first."""
        by_size = sorted(order, key=lambda i: self.factors[i].size)
        return list(dict.fromkeys((tuple(order), tuple(by_size))))

    def _multiplications(self, products: Tensor, order: Sequence[int]) -> int:
        """Multiplications for the elements among some products."""
        factors = [self.factors[i] for i in order]
        strips = product_strips([len(f.values) for f in factors])
        return multiplications(factors, strips, ordered_tree(self, products, order)[0])

    def _derivative(self, k: int) -> Tensor:
        """∂_k of √weight-scaled functions from their values at its points, (m, m)."""
        b = self.bases[k]
        return b.scaled_derivatives @ b.scaled_values.T


def _single(bases: Sequence[Basis], k: int) -> Factor:
    b = bases[k]
    return Factor((k,), b.scaled_values, b.scaled_derivatives[None], b.energies)


def _grouped(bases: Sequence[Basis], group: Group) -> Factor:
    picked = [bases[k] for k in group.coordinates]
    slopes = [
        _kronecker(
            [b.scaled_derivatives if j == k else b.scaled_values for j, b in enumerate(picked)]
        )
        @ group.expansion
        for k in range(len(picked))
    ]
    values = _kronecker([b.scaled_values for b in picked]) @ group.expansion
    return Factor(group.coordinates, values, torch.stack(slopes), group.energies)


def _kronecker(tables: Sequence[Tensor]) -> Tensor:
    """Kronecker product of (m, n) tables."""
    whole = tables[0]
    for table in tables[1:]:
        whole = torch.kron(whole, table)
    return whole


def _apply_one(matrix: Tensor, tensor: Tensor, axis: int) -> Tensor:
    """Matrix (i, j) on one axis (j) of a tensor, axes in place."""
    before = tensor.shape[:axis].numel()
    after = tensor.shape[axis + 1 :].numel()
    shape = (*tensor.shape[:axis], matrix.shape[0], *tensor.shape[axis + 1 :])
    if after == 1:
        return (tensor.reshape(before, -1) @ matrix.T).reshape(shape)
    return torch.matmul(matrix, tensor.reshape(before, -1, after)).reshape(shape)
