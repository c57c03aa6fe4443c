"""The vibrational Hamiltonian as a quadratic form on a direct-product grid.

    H_ab = ∫ρ dq [ ½ Σ_kl (D̃_k φ_a) G_kl (D̃_l φ_b) + V φ_a φ_b ],
    D̃_k = ∂_k + s_k,  s_k = ½ ∂_k ln(ρ/√det g)

Symmetric by construction, and its kinetic part is never negative. Nothing here knows of
molecules: V, G and s come as arrays on the grid.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

from pes.vibration.basis import Basis

__all__ = ["Hamiltonian", "density_slope", "grid_points", "within_quanta"]


def grid_points(bases: Sequence[Basis]) -> Tensor:
    """All points of the direct-product grid, (P, Q), last coordinate fastest."""
    return torch.cartesian_prod(*[b.points for b in bases]).reshape(-1, len(bases))


def density_slope(bases: Sequence[Basis]) -> Tensor:
    """∂_k ln ρ on the grid, (P, Q)."""
    slopes = [b.log_density_slope for b in bases]
    return torch.cartesian_prod(*slopes).reshape(-1, len(bases))


def within_quanta(shape: Sequence[int], quanta: int) -> Tensor:
    """Numbers of the product functions with at most so many quanta in all, ascending.

    Example:
        >>> within_quanta((3, 2), 1)
        tensor([0, 1, 2])
    """
    total = torch.zeros((), dtype=torch.long)
    for n in shape:
        total = total[..., None] + torch.arange(n)
    return (total.flatten() <= quanta).nonzero().flatten()


@dataclass(frozen=True)
class Hamiltonian:
    """V, G and s on the product grid of Q bases.

    Attributes:
        bases: one for each coordinate.
        potential: V (P,) in hartree, P the product of all m.
        g_matrix: G (P, Q, Q).
        s: ½ ∂_k ln(ρ/√det g), (P, Q).
        kept: numbers of the product functions that are kept, (N,); None keeps them all.
    """

    bases: tuple[Basis, ...]
    potential: Tensor
    g_matrix: Tensor
    s: Tensor
    kept: Tensor | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Functions of each coordinate."""
        return tuple(b.size for b in self.bases)

    @property
    def grid_shape(self) -> tuple[int, ...]:
        """Points of each coordinate."""
        return tuple(len(b.points) for b in self.bases)

    @property
    def products(self) -> int:
        """Number of products of the functions of all coordinates."""
        return prod(self.shape)

    @property
    def size(self) -> int:
        """Number of functions kept, N."""
        return self.products if self.kept is None else len(self.kept)

    def unpruned(self, coefficients: Tensor) -> Tensor:
        """Coefficients (S, N) in the array of all products (S, n1, n2, …), zeros elsewhere."""
        if self.kept is None:
            return coefficients.reshape(-1, *self.shape)
        whole = coefficients.new_zeros(len(coefficients), self.products)
        whole[:, self.kept] = coefficients
        return whole.reshape(-1, *self.shape)

    def on_grid(self, coefficients: Tensor) -> Tensor:
        """Functions times √weight on the grid: (S, N) -> (S, P)."""
        return _transform([b.scaled_values for b in self.bases], self.unpruned(coefficients))

    def slopes_on_grid(self, coefficients: Tensor) -> Tensor:
        """D̃_k of functions, times √weight, on the grid: (S, N) -> (S, P, Q)."""
        c = self.unpruned(coefficients)
        values = [b.scaled_values for b in self.bases]
        psi = _transform(values, c)
        slopes = [
            _transform([*values[:k], b.scaled_derivatives, *values[k + 1 :]], c)
            + self.s[:, k] * psi
            for k, b in enumerate(self.bases)
        ]
        return torch.stack(slopes, -1)

    def apply(self, coefficients: Tensor) -> Tensor:
        """H times vectors, (S, N) -> (S, N), one coordinate at a time.

        The vector goes to the grid once; each ∂_k is then the m × m matrix dB_k B_kᵀ.
        """
        psi = self.on_grid(coefficients)
        slopes = [self._along(k, psi, False) + self.s[:, k] * psi for k in range(len(self.bases))]
        flux = torch.einsum("pkl,lsp->ksp", self.g_matrix / 2, torch.stack(slopes))
        out = self.potential * psi + torch.einsum("pk,ksp->sp", self.s, flux)
        for k in range(len(self.bases)):
            out = out + self._along(k, flux[k], True)
        back = [b.scaled_values.T for b in self.bases]
        whole = _transform(back, out.reshape(-1, *self.grid_shape))
        return whole if self.kept is None else whole[:, self.kept]

    def dense(self) -> Tensor:
        """H as a symmetric (N, N) matrix, by the same contractions; differentiable.

        With W = V + ½ Σ s_k G_kl s_l and A_k = ½ Σ_l G_kl s_l the integrand is
        W φφ + Σ_k A_k (∂_kφ φ + φ ∂_kφ) + ½ Σ_kl G_kl ∂_kφ ∂_lφ.
        """
        modes = range(len(self.bases))
        vector = torch.einsum("pkl,pl->pk", self.g_matrix, self.s) / 2
        scalar = self.potential + (vector * self.s).sum(-1)
        half = self._matrix(scalar / 2, None, None)
        for k in modes:
            half = half + self._matrix(vector[:, k], k, None)
            half = half + self._matrix(self.g_matrix[:, k, k] / 4, k, k)
            for j in range(k):
                half = half + self._matrix(self.g_matrix[:, k, j] / 2, k, j)
        # (n1, n1, n2, n2, …) -> (n1, n2, …, n1, n2, …)
        pairs = half.reshape([n for n in self.shape for _ in range(2)])
        matrix = pairs.permute(*range(0, pairs.ndim, 2), *range(1, pairs.ndim, 2))
        matrix = matrix.reshape(self.products, self.products)
        if self.kept is not None:
            matrix = matrix[self.kept][:, self.kept]
        return matrix + matrix.T

    def _matrix(self, field: Tensor, left: int | None, right: int | None) -> Tensor:
        """∫ field φ_a φ_b with ∂ on φ_a in coordinate `left`, on φ_b in `right`."""
        out = field.reshape(1, -1)
        for k in reversed(range(len(self.bases))):
            b = self.bases[k]
            bra = b.scaled_derivatives if k == left else b.scaled_values
            ket = b.scaled_derivatives if k == right else b.scaled_values
            products = (bra[:, :, None] * ket[:, None, :]).flatten(1)
            # (done, rest · m) -> (n² · done, rest): the contracted coordinate moves in front.
            out = out.reshape(out.shape[0], -1, len(b.points))
            out = torch.einsum("drm,mx->xdr", out, products).flatten(0, 1)
        return out.reshape(-1)

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


def _transform(matrices: Sequence[Tensor], tensor: Tensor) -> Tensor:
    """One matrix on each axis after the first; (S, …) -> (S, product)."""
    for axis, matrix in enumerate(matrices, start=1):
        tensor = _apply_one(matrix, tensor, axis)
    return tensor.flatten(1)
