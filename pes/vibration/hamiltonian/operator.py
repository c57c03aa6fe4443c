"""The vibrational Hamiltonian as a quadratic form on a direct-product grid.

    H_ab = ∫ρ dq [ ½ Σ_kl (D̃_k φ_a) G_kl (D̃_l φ_b) + V φ_a φ_b ],
    D̃_k = ∂_k + s_k,  s_k = ½ ∂_k ln(ρ/√det g)

Symmetric by construction, and its kinetic part is never negative. Nothing here knows of
molecules: V, G and s come as arrays on the grid.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

import torch
from torch import Tensor

from pes.vibration.basis.basis import Basis
from pes.vibration.basis.factor import Factor, Group
from pes.vibration.basis.product_tree import Branch, tree
from pes.vibration.grid.product_basis import factors_of
from pes.vibration.hamiltonian.matrix import Fields, matrix, multiplications
from pes.vibration.symmetry.operation import Operation

__all__ = ["Hamiltonian", "density_slope", "grid_points"]

MOST_BYTES = 2**28
"""Held at once by a product of H with several vectors, unless one alone needs more."""

PORTION = 8192
"""Grid points worked on at once where G acts, so that they stay in the cache."""


def grid_points(bases: Sequence[Basis]) -> Tensor:
    """All points of the direct-product grid, (P, Q), last coordinate fastest."""
    return torch.cartesian_prod(*[b.points for b in bases]).reshape(-1, len(bases))


def density_slope(bases: Sequence[Basis]) -> Tensor:
    """∂_k ln ρ on the grid, (P, Q)."""
    slopes = [b.log_density_slope for b in bases]
    return torch.cartesian_prod(*slopes).reshape(-1, len(bases))


@dataclass(frozen=True)
class Hamiltonian:
    """V, G and s on the product grid of Q bases.

    The basis functions are products of F factors: the functions of a coordinate, or those of a
    group of coordinates. Without groups F = Q.

    Attributes:
        bases: one for each coordinate.
        potential: V (P,) in hartree, P the product of all m.
        g_matrix: G (P, Q, Q); fastest if its memory runs along P.
        s: ½ ∂_k ln(ρ/√det g), (P, Q).
        kept: numbers of the products that are kept, ascending, (N,); None keeps them all.
        groups: coordinates contracted together, no coordinate twice.
        operations: symmetries that commute; see `blocks`.
    """

    bases: tuple[Basis, ...]
    potential: Tensor
    g_matrix: Tensor
    s: Tensor
    kept: Tensor | None = None
    groups: tuple[Group, ...] = ()
    operations: tuple[Operation, ...] = ()

    @property
    def grid_shape(self) -> tuple[int, ...]:
        """Points of each coordinate."""
        return tuple(len(b.points) for b in self.bases)

    @cached_property
    def factors(self) -> tuple[Factor, ...]:
        """Functions of single coordinates and of groups."""
        return factors_of(self.bases, self.groups)

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
    def device(self) -> torch.device:
        """Device of V, G and the functions."""
        return self.potential.device

    @property
    def lower_bound(self) -> float:
        """Lowest V, for the kinetic part is never negative, hartree."""
        return float(self.potential.min())

    @property
    def shared_matrices(self) -> int:
        """Matrices of this size that `dense` keeps beside its result: none."""
        return 0

    @property
    def product_cost(self) -> int:
        """Multiplications of one product with a vector."""
        per_point = sum(4 * m for m in self.grid_shape) + 2 * len(self.bases) ** 2
        return len(self.potential) * per_point

    @property
    def matrix_cost(self) -> float:
        """Multiplications of products that take as long as building the matrix.

        Those that build it are about half as fast as the others.
        """
        return 2 * multiplications(self.factors, self.branches)

    @property
    def numbers(self) -> Tensor:
        """Numbers of the products kept, (N,)."""
        return torch.arange(self.products) if self.kept is None else self.kept.cpu()

    @property
    def zero_order_energies(self) -> Tensor:
        """Sums of the reference energies of the factors, (N,) in hartree."""
        places = torch.unravel_index(self.numbers, self.shape)
        energies = sum(f.energies.cpu()[i] for f, i in zip(self.factors, places, strict=True))
        return torch.as_tensor(energies, device=self.potential.device)

    def cpu(self) -> "Hamiltonian":
        """The same with its arrays on the CPU."""
        groups = [replace(g, expansion=g.expansion.cpu(), energies=g.energies.cpu())
                  for g in self.groups]  # fmt: skip
        return replace(
            self, bases=tuple(b.to("cpu") for b in self.bases), potential=self.potential.cpu(),
            g_matrix=self.g_matrix.cpu(), s=self.s.cpu(), groups=tuple(groups),
        )  # fmt: skip

    def only(self, functions: Tensor) -> "Hamiltonian":
        """The same in some of the functions kept, by their place among these, ascending."""
        return replace(self, kept=self.numbers[functions.cpu()])

    @cached_property
    def branches(self) -> list[list[Branch]]:
        """The tree of the products kept."""
        return tree(self.shape, self.kept, device=self.potential.device)

    @cached_property
    def coupled(self) -> list[tuple[int, int]]:
        """Pairs k ≤ l of which G_kl is not zero everywhere."""
        pairs = [(k, m) for k in range(len(self.bases)) for m in range(k, len(self.bases))]
        return [(k, m) for k, m in pairs if bool(self.g_matrix[:, k, m].any())]

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
        found = torch.zeros(*numbers.shape, len(self.bases), dtype=torch.long)
        leading = {g.coordinates: (g.expansion**2).argmax(0) for g in self.groups}
        for f, index in zip(self.factors, torch.unravel_index(numbers, self.shape), strict=True):
            inner = leading[f.coordinates].cpu()[index] if f.coordinates in leading else index
            sizes = [self.bases[k].size for k in f.coordinates]
            for k, quantum in zip(f.coordinates, torch.unravel_index(inner, sizes), strict=True):
                found[..., k] = quantum
        return found

    def on_grid(self, coefficients: Tensor, *, slope: int | None = None) -> Tensor:
        """Functions times √weight on the grid: (S, N) -> (S, P).

        One factor at a time from the last on, over the nodes of the tree alone.

        Args:
            coefficients: of the functions kept.
            slope: coordinate to differentiate along.
        """
        x = coefficients[..., None]
        for f, branches in zip(reversed(self.factors), reversed(self.branches), strict=True):
            nodes = sum(len(branch.nodes) for branch in branches)
            wider = x.new_empty(len(x), nodes, len(f.values), x.shape[-1])
            for branch in branches:
                table = f.along(slope)[:, branch.functions]
                wider[:, branch.nodes] = torch.matmul(table, x[:, branch.children])
            x = wider.flatten(2)
        if self.order == tuple(range(len(self.bases))):
            return x.flatten(1)
        x = x.reshape(-1, *[self.grid_shape[k] for k in self.order])
        back = [1 + self.order.index(k) for k in range(len(self.bases))]
        return x.permute(0, *back).flatten(1)

    def from_grid(self, psi: Tensor) -> Tensor:
        """Overlaps with the functions kept, the transpose of `on_grid`: (S, P) -> (S, N)."""
        x = psi.reshape(-1, *self.grid_shape).permute(0, *[1 + k for k in self.order])
        x = x.reshape(len(psi), 1, -1)
        for f, branches in zip(self.factors, self.branches, strict=True):
            x = x.reshape(*x.shape[:2], len(f.values), -1)
            nodes = sum(branch.children.numel() for branch in branches)
            narrower = x.new_empty(len(x), nodes, x.shape[-1])
            for branch in branches:
                table = f.values[:, branch.functions].T
                narrower[:, branch.children] = torch.matmul(table, x[:, branch.nodes])
            x = narrower
        return x.flatten(1)

    def slopes_on_grid(self, coefficients: Tensor) -> Tensor:
        """D̃_k of functions, times √weight, on the grid: (S, N) -> (S, P, Q)."""
        psi = self.on_grid(coefficients)
        return torch.stack(
            [
                self.on_grid(coefficients, slope=k) + self.s[:, k] * psi
                for k in range(len(self.bases))
            ],
            -1,
        )

    def apply(self, coefficients: Tensor) -> Tensor:
        """H times vectors, (S, N) -> (S, N), one coordinate at a time.

        The vector goes to the grid once; each ∂_k is then the m × m matrix dB_k B_kᵀ. Many vectors
        go a few at a time: each makes 2 Q + 4 arrays as large as the grid.
        """
        each = 8 * len(self.potential) * (2 * len(self.bases) + 4)
        parts = coefficients.split(max(1, MOST_BYTES // each))
        return torch.cat([self._apply(part) for part in parts])

    def _apply(self, coefficients: Tensor) -> Tensor:
        psi = self.on_grid(coefficients)
        flux, out = self._flux(psi, torch.stack(self._slopes(psi)))
        for k in range(len(self.bases)):
            out += self._along(k, flux[k], True)
        return self.from_grid(out)

    def _flux(self, psi: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
        """½ Σ_l G_kl D̃_lψ (Q, S, P) and Vψ + Σ_k s_k flux_k (S, P), in portions of the grid."""
        flux, out = torch.empty_like(slopes), torch.empty_like(psi)
        for p in range(0, psi.shape[1], PORTION):
            at = slice(p, p + PORTION)
            g, part = self.g_matrix[at].permute(1, 2, 0) / 2, slopes[..., at]
            here = torch.zeros_like(part)
            for k, m in self.coupled:
                here[k].addcmul_(g[k, m], part[m])
                if k != m:
                    here[m].addcmul_(g[k, m], part[k])
            flux[..., at] = here
            out[:, at] = self.potential[at] * psi[:, at] + (self.s[at].T[:, None] * here).sum(0)
        return flux, out

    def dense(self) -> Tensor:
        """H as a symmetric (N, N) matrix; differentiable. See `matrix`."""
        return matrix(self.fields, self.factors, self.branches)

    @property
    def fields(self) -> Fields:
        """F of H_ab = Σ ∫ F_kl (∂_kφ_a)(∂_lφ_b), k ≤ l, with k = −1 for no derivative.

        F₋₁₋₁ = V + ½ Σ s_k G_kl s_l, F₋₁ₖ = ½ Σ_l G_kl s_l, F_kl = ½ G_kl; each on the grid
        with its axes in the order of the factors.
        """
        vectors = [torch.zeros_like(self.potential) for _ in self.bases]
        for k, m in self.coupled:
            half = self.g_matrix[:, k, m] / 2
            vectors[k] = vectors[k] + half * self.s[:, m]
            if k != m:
                vectors[m] = vectors[m] + half * self.s[:, k]
        scalar = self.potential
        for k, vector in enumerate(vectors):
            scalar = scalar + vector * self.s[:, k]
        found = {(-1, -1): scalar}
        found |= {(-1, k): v for k, v in enumerate(vectors) if bool(v.any())}
        found |= {(k, m): self.g_matrix[:, k, m] / 2 for k, m in self.coupled}
        return {pair: self._in_order(field) for pair, field in found.items()}

    def _in_order(self, field: Tensor) -> Tensor:
        return field.reshape(self.grid_shape).permute(self.order).flatten()

    def _slopes(self, psi: Tensor) -> list[Tensor]:
        return [self._along(k, psi, False) + self.s[:, k] * psi for k in range(len(self.bases))]

    def _along(self, k: int, psi: Tensor, transpose: bool) -> Tensor:
        """∂_k (or its transpose) acting on √weight-scaled functions on the grid."""
        b = self.bases[k]
        matrix = b.scaled_derivatives @ b.scaled_values.T
        shaped = psi.reshape(-1, *self.grid_shape)
        return _apply_one(matrix.T if transpose else matrix, shaped, k + 1).reshape(psi.shape)


def _apply_one(matrix: Tensor, tensor: Tensor, axis: int) -> Tensor:
    """Matrix (i, j) on one axis (j) of a tensor, axes in place."""
    before = tensor.shape[:axis].numel()
    after = tensor.shape[axis + 1 :].numel()
    shape = (*tensor.shape[:axis], matrix.shape[0], *tensor.shape[axis + 1 :])
    if after == 1:
        return (tensor.reshape(before, -1) @ matrix.T).reshape(shape)
    return torch.matmul(matrix, tensor.reshape(before, -1, after)).reshape(shape)
