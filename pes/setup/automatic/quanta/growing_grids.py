"""Functions and points of calculations in normal coordinates, each larger than the last.

A sparse grid takes the fewest points. A product grid can still hold four atoms: its points end
where ranges do, and a wall may stand in a hole of the surface.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pes.setup.automatic.quanta.filled_grid import refuse_holes
from pes.setup.automatic.quanta.grid_memory import array_memory
from pes.setup.automatic.quanta.grid_of_stage import HALF, STEP
from pes.setup.automatic.quanta.product_points import ProductPoints
from pes.setup.automatic.request import Target
from pes.setup.machine.speed import Speed
from pes.setup.minima.harmonic_levels import harmonic_level
from pes.setup.problem.truncation import BEYOND, PRODUCT_MODES
from pes.vibration.basis.product_tree import within_quanta
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.basis.truncation import Truncation
from pes.vibration.hamiltonian.adapted import adapted
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.hamiltonian.sparse import SparseGrid, beyond, coarser, sparse_hamiltonian
from pes.vibration.symmetry.invariance import invariant
from pes.vibration.symmetry.operations import commuting, symmetry_operations
from pes.vibration.system.system import System, harmonic_frequencies

__all__ = ["ProductGrid", "SparsePoints", "first_grids"]

PRIMITIVES = 40
"""Hermite functions that those of a product grid are combinations of."""


OSCILLATORS = (3.6, 1.5)
"""Quanta beyond those of the highest level that give it to about 1 cm⁻¹, and more for each digit,
with functions of oscillators: as CH4, H2CO, H2CS and HFCO take them; PH3, BH3 and H2SiO to
0.1 cm⁻¹ take two more, SO3 and ClF3 two less."""

OVERHEAD = 200 * 2**20
"""Bytes of linear algebra, tables and libraries that depend little on the size."""

COPIES = 11
"""Bytes of each number at a point: functions with more quanta, for what is left out, have arrays of
their own."""


@dataclass(frozen=True)
class ProductGrid(ProductPoints):
    """Self-consistent functions on all products of quadrature points.

    Attributes:
        names: names of the coordinates.
        ranges: ends of each.
        quanta: most quanta in all.
    """

    names: tuple[str, ...]
    ranges: tuple[tuple[float, float], ...]
    quanta: float

    @property
    def bases(self) -> tuple[BasisSpec, ...]:
        """Functions of each coordinate: three more than half of the quanta would fill alone.

        Fewer in stiff coordinates would need fewer points too: these are what the levels feel.
        """
        n = min(round(self.quanta / 2) + 3, int(self.quanta) + 1)
        return tuple(
            BasisSpec("hermite", low, high, n, n + 2, PRIMITIVES, name)
            for name, (low, high) in zip(self.names, self.ranges, strict=True)
        )

    @property
    def truncation(self) -> Truncation:
        """The limit on products of functions."""
        return Truncation(self.quanta, self_consistent=True)

    @property
    def functions(self) -> int:
        """Number of products kept."""
        return len(within_quanta([b.functions for b in self.bases], self.quanta))

    def with_quanta(self, quanta: float) -> "ProductGrid":
        """The same up to another number of quanta."""
        return replace(self, quanta=quanta)

    def narrower(self) -> "ProductGrid | None":
        """The same with each range 5 % shorter at both ends."""
        ends = tuple((b.narrowed().low, b.narrowed().high) for b in self.bases)
        return replace(self, ranges=ends)

    def highest(self, target: Target, count: int) -> float:
        """Quanta of the highest level in the softest mode, harmonically."""
        return _harmonic_quanta(target, count)


@dataclass(frozen=True)
class SparsePoints:
    """Oscillator functions on a sparse grid.

    Attributes:
        grid: functions and points.
        check: refuses points beyond the domain of the coordinates.
    """

    grid: SparseGrid
    check: Callable[[SparseGrid], None] = lambda _: None

    @property
    def quanta(self) -> float:
        """Most quanta in all."""
        return self.grid.quanta

    @property
    def bases(self) -> tuple[BasisSpec, ...]:
        """Functions of each coordinate."""
        return self.grid.bases

    @property
    def truncation(self) -> Truncation:
        """The limit on products of functions."""
        return self.grid.truncation

    @property
    def functions(self) -> int:
        """Number of products kept."""
        return self.grid.functions

    @property
    def points(self) -> int:
        """Number of points."""
        return self.grid.point_count

    @property
    def steps(self) -> tuple[float, ...]:
        """Quanta by which the limit may grow, the largest first."""
        return STEP, HALF

    @property
    def beyond_highest(self) -> tuple[float, float]:
        """Quanta beyond the highest level that give it to 1 cm⁻¹, and more for each digit."""
        return OSCILLATORS

    def seconds(self, speed: Speed, count: int, blocks: int) -> float:
        """CPU time of so many levels in so many blocks."""
        return speed.on_sparse_grid(self.points, self.grid.product_cost, count, blocks)

    def memory(self, count: int, blocks: int = 1) -> int:
        """Bytes of the arrays that are alive while so many levels in so many blocks are solved."""
        modes = len(self.bases)
        return OVERHEAD + array_memory(modes, self.points, self.functions, count, copies=COPIES)

    def adapted(self, system: System) -> "SparsePoints":
        """The same with functions about the mean of the ground state."""
        return replace(self, grid=adapted(system, self.grid))

    def grown(self, by: float) -> "SparsePoints":
        """The same with more quanta, and as many more levels."""
        return replace(self, grid=self.grid.larger(quanta=by, level=by))

    def hamiltonian(self, target: Target) -> tuple[Hamiltonian, list[str]]:
        """V and G on the grid, and the symmetries that the surface does not have.

        Raises:
            ValueError: if the grid leaves the domain of the coordinates.
        """
        self.check(self.grid)
        group = []
        if target.symmetry:
            group = commuting(symmetry_operations(target.system, self.bases))
        h, broken = invariant(
            sparse_hamiltonian(target.system, self.grid, operations=group), target.system.places
        )
        refuse_holes(h, target.lowest_energy, target.system.places)
        return h, broken

    def hole(self, h: Hamiltonian, target: Target) -> Tensor:
        """Zero at each point, (P,): a surface with holes is refused."""
        return torch.zeros_like(h.potential)

    def fewer(self, h: Hamiltonian, quanta: float) -> Hamiltonian:
        """The Hamiltonian of this grid with fewer quanta."""
        return coarser(h, replace(self.grid, quanta=quanta))

    def more(self, h: Hamiltonian, by: float) -> Hamiltonian | None:
        """The Hamiltonian of this grid with more quanta, one step at most.

        Elements between the levels and products two steps beyond were found tens of times too
        large on these points.
        """
        return beyond(h, self.grid, by) if by <= STEP else None

    def cap(self, target: Target) -> float:
        """Infinity: no cap, as no quadrature rule integrates the edge of a capped region."""
        return torch.inf

    def narrower(self) -> None:
        """Nothing: the points reach as far as the functions do."""
        return

    def highest(self, target: Target, count: int) -> float:
        """Quanta of the highest level in the softest mode, harmonically."""
        return _harmonic_quanta(target, count)


def _harmonic_quanta(target: Target, count: int) -> float:
    """The energy asked for, or that of the last of so many levels, in the lowest ω = G_kk."""
    w = harmonic_frequencies(target.system, len(target.names)).cpu().sort().values
    return (target.energy or harmonic_level(w, count)) / float(w[0])


def first_grids(
    names: tuple[str, ...],
    ranges: tuple[tuple[float, float], ...],
    *,
    linear: bool = False,
    check: Callable[[SparseGrid], None] = lambda _: None,
) -> tuple[SparsePoints, ProductGrid | None]:
    """The smallest sparse grid in normal coordinates, and a product grid to take in its place.

    Args:
        names: names of the coordinates.
        ranges: ends of each, of the product grid.
        linear: whether the functions must be those of oscillators; then there is no other grid,
            and for many coordinates neither.
        check: refuses points of a sparse grid beyond the domain of the coordinates.
    """
    sparse = SparsePoints(SparseGrid(names, STEP, STEP + BEYOND), check)
    alone = linear or len(names) > PRODUCT_MODES
    return sparse, None if alone else ProductGrid(names, ranges, STEP)
