"""Products of one-dimensional functions on a grid: what direct-product and sparse grids share."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Self

import torch
from torch import Tensor

from pes.vibration.basis.basis import Basis
from pes.vibration.basis.factor import Factor
from pes.vibration.basis.product_tree import Branch, tree
from pes.vibration.grid.arrays import Arrays
from pes.vibration.grid.strips import PairFields, Strip

__all__ = ["GridBasis"]


@dataclass(frozen=True)
class GridBasis(ABC):
    """N products of the functions of F factors, on P grid points of Q coordinates.

    Weights of either sign are allowed: `on_grid` multiplies by √|weight|, `from_grid` by the sign
    as well.

    Attributes:
        bases: one for each coordinate.
        kept: numbers of the products that are kept, ascending, (N,); None keeps them all.
    """

    bases: tuple[Basis, ...]
    kept: Tensor | None = None

    @property
    def device(self) -> torch.device:
        """Device of the tables."""
        return self.bases[0].points.device

    @property
    @abstractmethod
    def grid_shape(self) -> tuple[int, ...] | None:
        """Points of each coordinate where the grid is a direct product; None for a sparse grid."""

    @property
    def grid_level(self) -> float | None:
        """Level of a sparse grid; None where the grid is a direct product."""
        return None

    @property
    @abstractmethod
    def points(self) -> Tensor:
        """All grid points, (P, Q)."""

    @property
    @abstractmethod
    def weights(self) -> Tensor:
        """Quadrature weights of the grid points, the density ρ included, (P,)."""

    @property
    @abstractmethod
    def signs(self) -> Tensor:
        """Signs of the weights, (P,)."""

    def drawn(self, coefficients: Tensor, count: int) -> tuple[Tensor, Tensor] | None:
        """Random points and shares of states there; None where those of the grid serve as well."""
        return None

    @property
    @abstractmethod
    def density_slope(self) -> Tensor:
        """∂_k ln ρ on the grid, (P, Q)."""

    @cached_property
    def factors(self) -> tuple[Factor, ...]:
        """Functions of single coordinates and of groups; a group stands where its first does."""
        return self._factors()

    @abstractmethod
    def _factors(self) -> tuple[Factor, ...]: ...

    @property
    def shape(self) -> tuple[int, ...]:
        """Functions of each factor."""
        return tuple(f.size for f in self.factors)

    @property
    def order(self) -> tuple[int, ...]:
        """Coordinates in the order of the factors."""
        return tuple(k for f in self.factors for k in f.coordinates)

    @property
    def products(self) -> int:
        """Number of products of the functions of all factors."""
        return prod(self.shape)

    @property
    def size(self) -> int:
        """Number of functions kept, N."""
        return self.products if self.kept is None else len(self.kept)

    @property
    def numbers(self) -> Tensor:
        """Numbers of the products kept, (N,)."""
        return torch.arange(self.products) if self.kept is None else self.kept.cpu()

    @cached_property
    def branches(self) -> list[list[Branch]]:
        """The tree of the products kept."""
        return tree(self.shape, self.kept, device=self.device)

    @property
    @abstractmethod
    def zero_order_energies(self) -> Tensor:
        """Sums of the reference energies of the factors, (N,) in hartree."""

    @abstractmethod
    def cpu(self) -> Self:
        """The same with its arrays on the CPU."""

    def keeping(self, products: Tensor | None) -> Self:
        """The same with other products kept, by their numbers; None keeps them all."""
        return replace(self, kept=products)

    def only(self, functions: Tensor) -> Self:
        """The same with some of the functions kept, by their place among these, ascending."""
        return self.keeping(self.numbers[functions.cpu()])

    def simplest(self, products: Tensor, energies: Tensor, most: int, least: int) -> Tensor:
        """Places, among some products, of those of low energy whose matrix costs little.

        Args:
            products: places among the products kept, (M,).
            energies: energies of these functions, (M,).
            most: largest number of products, which a product grid has.
            least: as many at any cost.
        """
        return energies.argsort()[:most]

    def on_fewer_points(self, products: Tensor) -> tuple[Self, Tensor | None]:
        """The same on as many points as some products need, and the places of these points.

        Args:
            products: by their places; of others the smaller grid knows nothing.

        Returns:
            The basis, and places (P′,); None if the products need all points.
        """
        return self, None

    @abstractmethod
    def quanta(self, numbers: Tensor) -> Tensor:
        """Quanta (…, Q) of products by their number among those kept."""

    @abstractmethod
    def unpruned(self, coefficients: Tensor) -> Tensor:
        """Coefficients (S, N) of the products of one-dimensional functions, (S, n1, n2, …)."""

    @abstractmethod
    def on_grid(self, coefficients: Tensor, *, slope: int | None = None) -> Tensor:
        """Functions times √|weight| on the grid: (S, N) -> (S, P).

        Args:
            coefficients: coefficients of the functions kept.
            slope: coordinate to differentiate along.
        """

    @abstractmethod
    def on_grid_with_slopes(
        self, coefficients: Tensor, spare: Arrays | None = None
    ) -> tuple[Tensor, Tensor]:
        """ψ (S, P) and ∂ψ (Q, S, P), times √|weight|, of functions (S, N).

        Args:
            coefficients: coefficients of the functions kept.
            spare: arrays of calls before, which may be used again, and are left there.
        """

    @abstractmethod
    def from_grid(
        self, psi: Tensor, slopes: Tensor | None = None, spare: Arrays | None = None
    ) -> Tensor:
        """Overlaps with the functions kept by the quadrature: (S, P) -> (S, N).

        Args:
            psi: times √|weight|; overlaps with the functions are taken of it.
            slopes: times √|weight|, (Q, S, P); overlaps with the derivatives are taken of these
                and added.
            spare: arrays of calls before, which may be used again, and are left there.
        """

    @abstractmethod
    def matrix(self, fields: PairFields) -> Tensor:
        """∫ Σ_kl F_kl (∂_kφ_a)(∂_lφ_b), (N, N), differentiable in the fields.

        Args:
            fields: F_kl on the grid (P,) by its coordinates, k ≤ l, −1 for no derivative.
        """

    @abstractmethod
    def laid_out(
        self, fields: Iterable[tuple[tuple[int, int], Tensor]], order: Sequence[int]
    ) -> tuple[PairFields, Sequence[Sequence[Strip]]]:
        """Fields ready for sums over the factors in an order, and the strips of that order."""

    @abstractmethod
    def cheapest(self, products: Tensor, order: Sequence[int]) -> Sequence[int]:
        """Order of the factors in which elements among some products take least.

        Cost is that of the beginnings of these products, in the order.

        Args:
            products: by their places, (M,).
            order: that is taken unless another is known to be better.
        """

    @abstractmethod
    def image(
        self, order: Sequence[int], mirrors: Sequence[Tensor | None]
    ) -> Callable[[Tensor], Tensor] | None:
        """F(q) on the grid (P,) to F(Oq), or None if O moves points off the grid.

        Args:
            order: the coordinate that O puts at the place of each.
            mirrors: places of the mirrored points of each coordinate, (m,), None where O
                does not mirror it.
        """

    @property
    @abstractmethod
    def transform_cost(self) -> int:
        """Multiplications of one vector to the grid, with its slopes, and back."""

    @property
    @abstractmethod
    def matrix_cost(self) -> int:
        """Multiplications of `matrix`."""
