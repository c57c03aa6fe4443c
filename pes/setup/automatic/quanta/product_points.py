"""Product grids with self-consistent functions: what both kinds of them share."""

from abc import ABC, abstractmethod
from dataclasses import replace
from math import prod
from typing import Self

from torch import Tensor

from pes.setup.automatic.quanta.filled_grid import filled_hamiltonian, hole_depth
from pes.setup.automatic.quanta.grid_memory import array_memory
from pes.setup.automatic.quanta.grid_of_stage import STEP
from pes.setup.automatic.request import Target
from pes.setup.machine.speed import Speed
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.basis.truncation import Truncation
from pes.vibration.eigensolvers.select import DENSE_LIMIT
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.system.system import System

__all__ = ["ProductPoints"]

SELF_CONSISTENT = (6.5, 2.0)
"""Quanta beyond those of the highest level that give it to about 1 cm⁻¹, and more for each
digit, with self-consistent functions."""

OVERHEAD = 220 * 2**20
"""Bytes of linear algebra, tables and libraries that depend little on the size."""

COPIES = 7
"""Bytes of each number at a point."""


class ProductPoints(ABC):
    """Functions of each coordinate, products of them up to a number of quanta, and all points."""

    quanta: float
    """Most quanta in all."""

    @abstractmethod
    def with_quanta(self, quanta: float) -> Self:
        """The same up to another number of quanta."""

    @property
    @abstractmethod
    def bases(self) -> tuple[BasisSpec, ...]:
        """Functions and points of each coordinate."""

    @property
    @abstractmethod
    def truncation(self) -> Truncation:
        """The limit on products of functions."""

    @property
    @abstractmethod
    def functions(self) -> int:
        """Number of products kept, before functions are made self-consistent."""

    @property
    def points(self) -> int:
        """Number of points."""
        return prod(b.points or b.primitives for b in self.bases)

    @property
    def steps(self) -> tuple[float, ...]:
        """Quanta by which the limit may grow, the largest first."""
        return (STEP,)

    @property
    def beyond_highest(self) -> tuple[float, float]:
        """Quanta beyond the highest level that give it to 1 cm⁻¹, and more for each digit."""
        return SELF_CONSISTENT

    def seconds(self, speed: Speed, count: int, blocks: int) -> float:
        """CPU time of so many levels in so many blocks."""
        return speed.on_product_grid(self.points, self.functions, blocks)

    def memory(self, count: int, blocks: int = 1) -> int:
        """Bytes of the arrays that are alive while so many levels in so many blocks are solved.

        The matrix of a block, and copies of it while it is put together, are among them where it is
        small; larger ones are not made.
        """
        functions, block = self.functions, self.functions // blocks
        matrix = 26 * block**2 if block <= DENSE_LIMIT else 0
        arrays = array_memory(len(self.bases), self.points, functions, count, copies=COPIES)
        return OVERHEAD + arrays + matrix

    def adapted(self, system: System) -> Self:
        """The same: self-consistent functions follow V by themselves."""
        return self

    def grown(self, by: float) -> Self:
        """The same with more quanta."""
        return self.with_quanta(self.quanta + by)

    def hamiltonian(self, target: Target) -> tuple[Hamiltonian, list[str]]:
        """V and G on the grid, and the symmetries that the surface does not have."""
        return filled_hamiltonian(self.bases, self.truncation, target)

    def hole(self, h: Hamiltonian, target: Target) -> Tensor:
        """Depth below the minimum at each point, zero where there is no hole, (P,) in hartree."""
        return hole_depth(h, target)

    def fewer(self, h: Hamiltonian, quanta: float) -> Hamiltonian:
        """The Hamiltonian of this grid with fewer quanta."""
        kept = self.with_quanta(quanta).truncation.kept(h.basis.factors)
        return replace(h, basis=h.basis.keeping(kept))

    def more(self, h: Hamiltonian, by: float) -> Hamiltonian:
        """The Hamiltonian of this grid with more quanta of the same functions."""
        return self.fewer(h, self.quanta + by)

    def cap(self, target: Target) -> float:
        """Ceiling of V above the minimum, hartree."""
        return target.cap
