"""Pruned oscillator functions on a sparse grid, and the Hamiltonian of a system in them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from pes.vibration.basis.product_tree import within_quanta
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.basis.truncation import Truncation
from pes.vibration.eigensolvers.memory import check_points
from pes.vibration.grid.oscillators import FINE, oscillator_functions
from pes.vibration.grid.smolyak import HIGHEST, ROUNDING, Smolyak, point_count, smolyak
from pes.vibration.grid.sparse_basis import SparseBasis
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.symmetry.grid_symmetry import kinetic_on_grid, potential_on_grid
from pes.vibration.symmetry.operation import Operation
from pes.vibration.system.system import System, harmonic_frequencies

__all__ = ["SparseGrid", "beyond", "check_sparse_grid", "coarser", "sparse_hamiltonian"]


@dataclass(frozen=True)
class SparseGrid:
    """Functions and points for levels in dimensionless normal coordinates, rectilinear or not.

    Products of oscillator functions with Σ_k w_k n_k ≤ K, and the points of Σ_k w_k ℓ_k ≤ L. The
    functions have unit width and stand about q = 0, where V has its minimum, unless they are
    moved and stretched to where the ground state is; see `adapted`.

    Attributes:
        names: names of the coordinates.
        quanta: K.
        level: L. K plus twice the largest weight integrates V and G of most molecules to 0.01
            cm⁻¹ or better; with no more than K the levels are nonsense, and are refused.
        weights: w of each coordinate, the smaller the more quanta; default 1. Weights like ω_k
            serve low modes; where stretches count as much, plain quanta may be better.
        centres: centres of the functions of each coordinate; default 0.
        widths: likewise; default 1.

    Raises:
        ValueError: for numbers that do not fit.

    Example:
        >>> grid = SparseGrid(("q1", "q2", "q3"), 6, 8)
        >>> grid.functions, len(grid.points)
        (84, 543)
    """

    names: tuple[str, ...]
    quanta: float
    level: float
    weights: tuple[float, ...] | None = None
    centres: tuple[float, ...] | None = None
    widths: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if self.weights is not None and len(self.weights) != len(self.names):
            raise ValueError(
                f"`weights` must hold one number for each of the {len(self.names)} coordinates, "
                f"got {len(self.weights)}"
            )
        if not min(self.all_weights, default=0.0) > 0:
            raise ValueError(f"weights of quanta must be positive, got {self.weights}")
        one = min(self.all_weights)
        if not 0 <= self.quanta <= self.level - one:
            raise ValueError(
                f"the level of a sparse grid must be higher than the quanta of its functions, got "
                f"level {self.level} for {self.quanta} quanta; take level "
                f"{self.quanta + 2 * max(self.all_weights):g} or more"
            )
        most = HIGHEST * one
        if self.level > most:
            raise ValueError(
                f"quadrature rules end at level {most:g}, got level {self.level}; lower the level "
                "and the quanta"
            )

    @property
    def all_weights(self) -> tuple[float, ...]:
        """Weights w, of all coordinates."""
        return self.weights or (1.0,) * len(self.names)

    @property
    def truncation(self) -> Truncation:
        """The limit on products of functions."""
        return Truncation(self.quanta, self.weights)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Functions of each coordinate."""
        return self._sizes(self.quanta)

    @property
    def functions(self) -> int:
        """Number of products kept, N."""
        return len(within_quanta(self.sizes, self.quanta, weights=self.weights))

    @property
    def point_count(self) -> int:
        """Number of points, P, without making them."""
        return point_count(self.level, self.all_weights)

    @property
    def product_cost(self) -> int:
        """Multiplications of a product H·v, without V and G."""
        transforms = self.basis(torch.ones(len(self.names))).transform_cost
        return transforms + 2 * self.point_count * len(self.names) ** 2

    @property
    def points(self) -> Tensor:
        """Points q (P, Q), such as to see whether a geometry leaves the domain of an angle."""
        return self.basis(torch.ones(len(self.names))).points

    @property
    def bases(self) -> tuple[BasisSpec, ...]:
        """Description of the functions of each coordinate, from the first to the last point."""
        functions = self.basis(torch.ones(len(self.names))).bases
        return tuple(
            BasisSpec("hermite", *b.range, b.size, len(b.points), FINE, name)
            for name, b in zip(self.names, functions, strict=True)
        )

    def larger(self, *, quanta: float = 0.0, level: float = 0.0) -> "SparseGrid":
        """The same with other limits."""
        return replace(self, quanta=self.quanta + quanta, level=self.level + level)

    def basis(self, frequencies: Tensor) -> SparseBasis:
        """Functions and points.

        Args:
            frequencies: frequencies of the zero-order energies, (Q,) in hartree.
        """
        return self.basis_beyond(frequencies, 0.0)

    def basis_beyond(self, frequencies: Tensor, more: float) -> SparseBasis:
        """Functions with more quanta than K on the same points.

        With more than L − K of them H has no lower bound. Its elements between these functions and
        the largest ones of a level are right: those have few quanta.

        Args:
            frequencies: frequencies of the zero-order energies, (Q,) in hartree.
            more: quanta beyond K.
        """
        modes, quanta = len(self.names), self.quanta + more
        places = zip(self.centres or (0.0,) * modes, self.widths or (1.0,) * modes, strict=True)
        sizes = self._sizes(quanta)
        each = zip(frequencies.tolist(), sizes, self._grid.sizes, places, strict=True)
        bases = tuple(
            oscillator_functions(w, n, m, centre=centre, width=width).to(frequencies.device)
            for w, n, m, (centre, width) in each
        )
        kept = within_quanta(sizes, quanta, weights=self.weights)
        return SparseBasis(bases, kept, grid=self._grid)

    def _sizes(self, quanta: float) -> tuple[int, ...]:
        return tuple(int(quanta / w + ROUNDING) + 1 for w in self.all_weights)

    @cached_property
    def _grid(self) -> Smolyak:
        # Unequal weights would leave many small sums over two coordinates.
        together = 2 if len(set(self.all_weights)) == 1 else 1
        return smolyak(self.level, self.all_weights, together=together)


def sparse_hamiltonian(
    system: System, grid: SparseGrid, *, operations: Sequence[Operation] = ()
) -> Hamiltonian:
    """The Hamiltonian on a sparse grid; V has no ceiling, whose edge no rule could integrate.

    Args:
        system: V and G in dimensionless coordinates with the minimum at 0.
        grid: functions and points.
        operations: symmetries of V and G.

    Raises:
        ValueError: if the grid does not fit into memory, if coordinates are singular or the
            surface is not a number at a point.
    """
    check_sparse_grid(grid, device=system.device)
    basis = grid.basis(harmonic_frequencies(system, len(grid.names)))
    points = basis.points
    potential = potential_on_grid(system, basis, points, operations)
    g_matrix, s = kinetic_on_grid(system, basis, points, operations)
    return Hamiltonian(basis, potential, g_matrix, s, tuple(operations), system.bends)


def check_sparse_grid(grid: SparseGrid, *, device: torch.device) -> None:
    """Refuse a sparse grid that does not fit, before its points are listed.

    Raises:
        ValueError: with the memory needed, and what to lower.
    """
    count = grid.point_count
    check_points(
        count, len(grid.names), f"a sparse grid of {count:,} points (level {grid.level:g})",
        "lower the level and the quanta, or raise the weights of stiff coordinates", device=device,
    )  # fmt: skip


def coarser(hamiltonian: Hamiltonian, grid: SparseGrid) -> Hamiltonian:
    """The same Hamiltonian in fewer functions or on fewer points, all of which it has.

    Args:
        hamiltonian: hamiltonian on a sparse grid.
        grid: grid of no more quanta and no higher level.
    """
    whole = hamiltonian.basis
    assert isinstance(whole, SparseBasis)
    basis = grid.basis(_frequencies(whole))
    if basis.grid.level == whole.grid.level:
        return replace(hamiltonian, basis=replace(basis, grid=whole.grid))
    return hamiltonian.at_points(basis, whole.grid.places(basis.grid.numbers))


def beyond(hamiltonian: Hamiltonian, grid: SparseGrid, more: float) -> Hamiltonian:
    """The same Hamiltonian on the same points in functions with more quanta, for `left_out`.

    Args:
        hamiltonian: hamiltonian on a sparse grid.
        grid: its grid.
        more: quanta beyond those of the grid; see `SparseGrid.basis_beyond`.
    """
    whole = hamiltonian.basis
    assert isinstance(whole, SparseBasis)
    basis = grid.basis_beyond(_frequencies(whole), more)
    return replace(hamiltonian, basis=replace(basis, grid=whole.grid))


def _frequencies(basis: SparseBasis) -> Tensor:
    """Frequencies of the zero-order energies, (Q,) in hartree."""
    return torch.stack([b.energies[0] * 2 for b in basis.bases])
