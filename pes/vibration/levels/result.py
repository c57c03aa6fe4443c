"""Result of a levels calculation: energies, convergence errors and wavefunctions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import inf

import torch
from torch import Tensor

from pes.vibration.basis.basis import Basis
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.basis.truncation import Truncation
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs
from pes.vibration.grid.by_coordinates import by_coordinates
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.system.system import System

__all__ = ["Levels"]

DRAWN = 20_000
"""Random points by which a sparse grid measures a region: 0.001 is known to 0.0004."""

NOWHERE = 1e-10
"""Probability of a grid point, of all levels, at which no condition is asked for."""

AT_ONCE = 2**20
"""Values of densities that are computed together."""


WEIGHTS = {"larger": (1, 1, 2), "smaller": (1, 1, 1), "target": (1, 2, 2)}
"""Factors of the changes with functions, points and ranges in an estimate.

The levels of larger runs keep the ranges asked for: what widening leaves undone is at most what it
did, where ψ falls by half in 5 % of a range. Those grown to a target keep the points too.
"""


@dataclass(frozen=True)
class Levels:
    """Levels with everything needed to ask them further questions.

    Attributes:
        system: V and G that they are levels of.
        bases: basis of each coordinate.
        truncation: limits on the products of functions.
        cap: ceiling of V above the minimum, hartree.
        minimum: coordinates of the bottom of the well, (Q,).
        minimum_energy: V there, hartree.
        hamiltonian: functions, V, G and s on the grid.
        eigenpairs: energies, coefficients, residuals and solver.
        estimated_changes: absolute changes with other functions, points and ranges, (3, S) in
            hartree; None without a convergence estimate.
        compared_with: runs that the changes come from, a key of `WEIGHTS`.
        warnings: sentences about what limits the accuracy.
        dissociation: energy on the scale of the surface above which levels are waves of separate
            fragments, hartree; infinite where none is known.
    """

    system: System
    bases: tuple[BasisSpec, ...]
    truncation: Truncation
    cap: float
    minimum: Tensor
    minimum_energy: float
    hamiltonian: Hamiltonian
    eigenpairs: Eigenpairs
    estimated_changes: Tensor | None = None
    compared_with: str | None = None
    warnings: tuple[str, ...] = ()
    dissociation: float = inf

    def cpu(self) -> "Levels":
        """The same with its arrays on the CPU; the system is evaluated where it was."""
        if self.energies.device.type == "cpu":
            return self
        changes = self.estimated_changes
        return replace(
            self, minimum=self.minimum.cpu(), eigenpairs=self.eigenpairs.cpu(),
            hamiltonian=self.hamiltonian.cpu(), system=self.system.cpu(),
            estimated_changes=None if changes is None else changes.cpu(),
        )  # fmt: skip

    @property
    def energies(self) -> Tensor:
        """Energies on the scale of the surface, (S,) in hartree."""
        return self.eigenpairs.energies

    @property
    def changes(self) -> Tensor:
        """Absolute changes with other functions, points and ranges, (3, S) in hartree.

        NaN without a convergence estimate.
        """
        if self.estimated_changes is None:
            return self.energies.new_full((3, len(self.energies)), torch.nan)
        return self.estimated_changes

    @property
    def convergence(self) -> Tensor:
        """Estimated convergence errors, (S,) in hartree; NaN without an estimate.

        The first belongs to the zero-point energy, the others to energies above the ground state.
        """
        weights = torch.tensor(WEIGHTS.get(self.compared_with or "", (1, 1, 1))).double()
        weights = weights.to(self.changes.device)
        # An unknown change adds nothing, but where all are unknown so is the sum.
        known = ~self.changes.isnan()
        total = (weights[:, None] * self.changes.where(known, 0.0)).sum(0)
        return total.where(known.any(0), torch.nan)

    @property
    def zero_point_energy(self) -> float:
        """E₀ − V at the minimum, hartree."""
        return float(self.energies[0]) - self.minimum_energy

    @property
    def excitations(self) -> Tensor:
        """Energies above the ground state, (S,) in hartree."""
        return self.energies - self.energies[0]

    @property
    def points(self) -> Tensor:
        """Grid points (P, Q)."""
        return self.hamiltonian.basis.points

    @property
    def weights(self) -> Tensor:
        """Quadrature weights of the grid points, the density ρ included, (P,)."""
        return self.hamiltonian.basis.weights

    @property
    def positions(self) -> Tensor:
        """Positions on the grid, (P, N, 3) in bohr.

        Raises:
            ValueError: for a model without atoms.
        """
        if self.system.positions is None:
            raise ValueError("a model Hamiltonian has no atoms; use `points`")
        return self.system.positions(self.points)

    @property
    def wavefunctions(self) -> Tensor:
        """ψ times √|quadrature weight| on the grid, (S, P): rows are orthonormal.

        On a sparse grid they are so with the signs of the weights.
        """
        return self.hamiltonian.basis.on_grid(self.eigenpairs.coefficients)

    @property
    def densities(self) -> Tensor:
        """ρ w |ψ|², (S, P): the probability at each grid point, and dE/dV there.

        Weights of a sparse grid have either sign: one point means nothing there, sums are means.
        """
        return self.hamiltonian.basis.signs * self.wavefunctions**2

    def each_density(self) -> Iterator[Tensor]:
        """The rows of `densities`, (P,) each: all at once are the largest array of six modes."""
        basis = self.hamiltonian.basis
        signs = basis.signs
        for part in self.eigenpairs.coefficients.split(max(1, AT_ONCE // len(signs))):
            yield from signs * basis.on_grid(part).square()

    def probability(self, where: Tensor) -> Tensor:
        """Probability of each level in part of the grid, (P,) of truth values -> (S,)."""
        if not where.any():
            return torch.zeros_like(self.energies)
        return torch.stack([density[where].sum() for density in self.each_density()])

    def probability_where(self, condition: Callable[[Tensor], Tensor]) -> Tensor:
        """Probability of each level where points meet a condition, (S,).

        Args:
            condition: condition of points q (P, Q) to truth values (P,); asked only where levels
                are.
        """
        return self.means_of(condition)

    def means_of(self, function: Callable[[Tensor], Tensor]) -> Tensor:
        """⟨n|f|n⟩ of a function of bounded values, (S,).

        Args:
            function: function of points q (P, Q) to values (P,); asked only where levels are.
        """
        drawn = self.hamiltonian.basis.drawn(self.eigenpairs.coefficients, DRAWN)
        if drawn is not None:
            points, shares = drawn
            return shares @ function(points).to(shares)
        at = self.visited(NOWHERE)
        values = torch.zeros_like(self.hamiltonian.potential)
        values[at] = function(self.points[at]).to(values)
        return self.means(values[:, None])[:, 0]

    def means(self, values: Tensor) -> Tensor:
        """⟨n|f|n⟩ of functions by their values on the grid, (P, K) -> (S, K)."""
        return torch.stack([density @ values for density in self.each_density()])

    def visited(self, least: float) -> Tensor:
        """Numbers of the grid points where some level has more than so much probability."""
        here = torch.zeros_like(self.hamiltonian.potential, dtype=torch.bool)
        for density in self.each_density():
            here |= density.abs() > least
        return here.nonzero().flatten()

    def matrix_elements(self, function: Callable[[Tensor], Tensor] | Tensor) -> Tensor:
        """⟨m|f|n⟩ by the quadrature of the grid.

        Args:
            function: function of positions (P, N, 3), or of the points q (P, Q) for a model, to
                (P,) or (P, K); or its values on the grid.

        Returns:
            (S, S) or (S, S, K).
        """
        where = self.points if self.system.positions is None else self.positions
        values = torch.as_tensor(function(where) if callable(function) else function).detach()
        psi = self.wavefunctions
        signed = psi * self.hamiltonian.basis.signs
        if values.ndim == 1:
            return torch.einsum("mp,p,np->mn", signed, values, psi)
        return torch.einsum("mp,pk,np->mnk", signed, values, psi)

    @property
    def leading(self) -> tuple[Tensor, Tensor]:
        """Quanta (S, Q) of the leading product function and its weight (S,)."""
        weight, index = (self.eigenpairs.coefficients**2).max(1)
        return self.hamiltonian.basis.quanta(index), weight

    def pair_density(self, state: int, j: int, k: int) -> Tensor:
        """Probability (M_j, M_k) of a level at the fine points of two coordinates.

        The others are integrated: it is dE/dV of a change of V in these two alone.

        Args:
            state: number of the level.
            j: number of one coordinate.
            k: number of the other.
        """
        basis = self.hamiltonian.basis
        c = by_coordinates(basis, self.eigenpairs.coefficients[state][None], [j, k])[0]
        reduced = torch.einsum("abr,cdr->acbd", c, c).flatten(2).flatten(0, 1)
        left, right = (
            (b.fine_values[:, :, None] * b.fine_values[:, None, :]).flatten(1)
            for b in (basis.bases[j], basis.bases[k])
        )
        return left @ reduced @ right.T

    def leak(self) -> Tensor:
        """Probability in the outer 2 % of each range at each end, (S, Q, 2).

        Zero where functions are free at that end by nature (linearity, periodicity), and for
        oscillator functions on a sparse grid, which have no ends.
        """
        basis, c = self.hamiltonian.basis, self.eigenpairs.coefficients
        if basis.grid_shape is None:
            return c.new_zeros(len(c), len(basis.bases), 2)
        c = basis.unpruned(c)
        return torch.stack(
            [
                _ends(c.movedim(k + 1, 1).reshape(len(c), b.size, -1), b)
                for k, b in enumerate(basis.bases)
            ],
            1,
        )


def _ends(coefficients: Tensor, basis: Basis) -> Tensor:
    """Probability at both ends of one coordinate from coefficients (S, n, rest), (S, 2)."""
    # Other coordinates first: the density matrix is small, ψ on the fine points is not.
    reduced = coefficients @ coefficients.mT
    along = torch.einsum("ma,sab,mb->sm", basis.fine_values, reduced, basis.fine_values)
    low, high = basis.range
    margin = 0.02 * (high - low)
    outer = (basis.fine_points < low + margin, basis.fine_points > high - margin)
    closed = ~torch.tensor(basis.open_ends).to(along.device)
    return torch.stack([along[:, end].sum(1) for end in outer], 1) * closed
