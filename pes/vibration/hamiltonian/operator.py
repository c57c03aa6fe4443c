"""The vibrational Hamiltonian as a quadratic form on a grid.

    H_ab = ∫ρ dq [ ½ Σ_kl (D̃_k φ_a) G_kl (D̃_l φ_b) + V φ_a φ_b ],
    D̃_k = ∂_k + s_k,  s_k = ½ ∂_k ln(ρ/√det g)

Symmetric by construction, and its kinetic part is never negative. Nothing here knows of
molecules: V, G and s come as arrays on the grid. The basis takes functions and their slopes to the
grid, back from it, and integrates fields over pairs of functions.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from pes.vibration.eigensolvers.eigenpairs import Eigenpairs
from pes.vibration.grid.arrays import Arrays
from pes.vibration.grid.grid_basis import GridBasis
from pes.vibration.grid.strips import PairFields
from pes.vibration.hamiltonian.known_elements import KnownElements
from pes.vibration.symmetry.operation import Operation

__all__ = ["Hamiltonian", "Solve"]

MOST_BYTES = 2**28
"""Held at once by a product of H with several vectors, unless one alone needs more."""

PORTION = 16384
"""Grid points worked on at once where G acts, so that they stay in the cache."""


@dataclass(frozen=True)
class Hamiltonian:
    """V, G and s on the grid of a basis.

    Attributes:
        basis: N functions of Q coordinates on P points.
        potential: V (P,) in hartree.
        g_matrix: G (P, Q, Q); fastest if its memory runs along P.
        s: ½ ∂_k ln(ρ/√det g), (P, Q).
        operations: symmetries that commute; see `blocks`.
        bends: pairs of coordinates that turn with a linear molecule; see `axial`.
        momentum: angular momentum k about the line of such a molecule that its levels have.
        elements: matrices among some of the functions, for calculations on this grid that share
            them; None of none.
    """

    basis: GridBasis
    potential: Tensor
    g_matrix: Tensor
    s: Tensor
    operations: tuple[Operation, ...] = ()
    bends: tuple[tuple[int, int], ...] = ()
    momentum: int = 0
    elements: KnownElements | None = None

    @property
    def size(self) -> int:
        """Number of functions, N."""
        return self.basis.size

    @property
    def modes(self) -> int:
        """Number of coordinates, Q."""
        return self.s.shape[1]

    @property
    def device(self) -> torch.device:
        """Device of V, G and the functions."""
        return self.potential.device

    @property
    def lower_bound(self) -> float:
        """Lowest V, for the kinetic part is never negative, hartree."""
        return float(self.potential.min())

    @property
    def zero_order_energies(self) -> Tensor:
        """Sums of the reference energies of the functions, (N,) in hartree."""
        return self.basis.zero_order_energies

    @property
    def shared_matrices(self) -> int:
        """Matrices of this size that `dense` keeps beside its result: none."""
        return 0

    @property
    def product_cost(self) -> int:
        """Multiplications of one product with a vector."""
        return self.basis.transform_cost + 2 * len(self.potential) * self.modes**2

    @property
    def matrix_cost(self) -> float:
        """Multiplications of products that take as long as building the matrix.

        Those that build it are about half as fast as the others.
        """
        return 2 * self.basis.matrix_cost

    def cpu(self) -> "Hamiltonian":
        """The same with its arrays on the CPU."""
        return replace(
            self, basis=self.basis.cpu(), potential=self.potential.cpu(),
            g_matrix=self.g_matrix.cpu(), s=self.s.cpu(),
            elements=None if self.elements is None else self.elements.cpu(),
        )  # fmt: skip

    def only(self, functions: Tensor) -> "Hamiltonian":
        """The same in some of the functions, by their places, ascending."""
        return replace(self, basis=self.basis.only(functions))

    def simplest(self, most: int, least: int) -> Tensor:
        """Places of at most so many functions of low energy whose matrix costs little."""
        places = torch.arange(self.size)
        return self.basis.simplest(places, self.zero_order_energies, most, least)

    def submatrix(self, functions: Tensor) -> Tensor:
        """Matrix in some of the functions, by their places, on as many points as they need."""
        if self.elements is not None:
            numbers = self.basis.numbers[functions.cpu()]
            known = self.elements.among(numbers, self.basis.shape)
            if known is not None:
                return known
        return self.on_fewer_points(functions).only(functions).dense()

    def on_fewer_points(self, functions: Tensor) -> "Hamiltonian":
        """The same on as many points as some functions need; see `GridBasis.on_fewer_points`."""
        basis, at = self.basis.on_fewer_points(functions)
        return self if at is None else self.at_points(basis, at)

    def at_points(self, basis: GridBasis, at: Tensor) -> "Hamiltonian":
        """The same in a basis on some of the points, by their places."""
        # The memory of G and s runs along the points.
        g_matrix = self.g_matrix.permute(1, 2, 0)[..., at].permute(2, 0, 1)
        return replace(
            self, basis=basis, potential=self.potential[at], g_matrix=g_matrix,
            s=self.s.T[:, at].T, elements=None,
        )  # fmt: skip

    @cached_property
    def coupled(self) -> list[tuple[int, int]]:
        """Pairs k ≤ l of which G_kl is not zero everywhere."""
        pairs = [(k, m) for k in range(self.modes) for m in range(k, self.modes)]
        return [(k, m) for k, m in pairs if bool(self.g_matrix[:, k, m].any())]

    def slopes_on_grid(self, coefficients: Tensor) -> Tensor:
        """D̃_k of functions, times √weight, on the grid: (S, N) -> (S, P, Q)."""
        psi = self.basis.on_grid(coefficients)
        return torch.stack(
            [
                self.basis.on_grid(coefficients, slope=k) + self.s[:, k] * psi
                for k in range(self.modes)
            ],
            -1,
        )

    def apply(self, coefficients: Tensor) -> Tensor:
        """H times vectors, (S, N) -> (S, N).

        Many vectors go a few at a time: each makes 2 Q + 4 arrays as large as the grid.
        """
        each = 8 * len(self.potential) * (2 * self.modes + 4)
        spare: Arrays = []
        parts = coefficients.split(max(1, MOST_BYTES // each))
        return torch.cat([self._apply(part, spare) for part in parts])

    def _apply(self, coefficients: Tensor, spare: Arrays) -> Tensor:
        psi, slopes = self.basis.on_grid_with_slopes(coefficients, spare)
        self._act(psi, slopes)
        product = self.basis.from_grid(psi, slopes, spare)
        spare += [psi.view(-1), slopes.view(-1)]
        return product

    def _act(self, psi: Tensor, slopes: Tensor) -> None:
        """Vψ + Σ_k s_k flux_k for ψ (S, P), and flux_k = ½ Σ_l G_kl D̃_lψ for ∂ψ (Q, S, P)."""
        fields = self.potential, self.s.T, self.g_matrix.permute(1, 2, 0), psi, slopes
        for v, s, g, value, flux in zip(*(x.split(PORTION, -1) for x in fields), strict=True):
            slope = torch.addcmul(flux, s[:, None], value)
            flux.zero_()
            for k, m in self.coupled:
                flux[k].addcmul_(g[k, m], slope[m], value=0.5)
                if k != m:
                    flux[m].addcmul_(g[k, m], slope[k], value=0.5)
            value *= v
            for k in range(self.modes):
                value.addcmul_(s[k], flux[k])

    def dense(self) -> Tensor:
        """H as a symmetric (N, N) matrix; differentiable. See `grid/matrix.py`."""
        return self.basis.matrix(self.fields)

    @property
    def fields(self) -> PairFields:
        """F of H_ab = Σ ∫ F_kl (∂_kφ_a)(∂_lφ_b), k ≤ l, with k = −1 for no derivative.

        F₋₁₋₁ = V + ½ Σ s_k G_kl s_l, F₋₁ₖ = ½ Σ_l G_kl s_l, F_kl = ½ G_kl; each (P,).
        """
        return dict(self.each_field())

    def each_field(self) -> Iterator[tuple[tuple[int, int], Tensor]]:
        """The items of `fields` one after the other: together they are as large as G."""
        vectors = [torch.zeros_like(self.potential) for _ in range(self.modes)]
        for k, m in self.coupled:
            half = self.g_matrix[:, k, m] / 2
            vectors[k] = vectors[k] + half * self.s[:, m]
            if k != m:
                vectors[m] = vectors[m] + half * self.s[:, k]
        scalar = self.potential
        for k, vector in enumerate(vectors):
            scalar = scalar + vector * self.s[:, k]
        yield (-1, -1), scalar
        yield from (((-1, k), v) for k, v in enumerate(vectors) if bool(v.any()))
        yield from (((k, m), self.g_matrix[:, k, m] / 2) for k, m in self.coupled)


Solve = Callable[[Hamiltonian, Tensor | None], Eigenpairs]
"""Hamiltonian and start vectors to as many eigenpairs as there are levels."""
