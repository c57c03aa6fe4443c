"""Protocol of functions and points from which a series of calculations grows."""

from typing import Protocol, Self

from torch import Tensor

from pes.setup.automatic.request import Target
from pes.setup.machine.speed import Speed
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.basis.truncation import Truncation
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.system.system import System

__all__ = ["HALF", "STEP", "Grid"]

STEP = 2.0
"""Quanta by which the limit grows: one more may leave levels of the other parity alone."""

HALF = 1.0
"""Quanta by which a sparse grid grows in the end, where time or memory do not allow a whole step.
"""


class Grid(Protocol):
    """Functions and points of one calculation."""

    @property
    def quanta(self) -> float:
        """Most quanta in all."""
        ...

    @property
    def bases(self) -> tuple[BasisSpec, ...]:
        """Functions and points of each coordinate."""
        ...

    @property
    def truncation(self) -> Truncation:
        """The limit on products of functions."""
        ...

    @property
    def functions(self) -> int:
        """Number of products kept."""
        ...

    @property
    def points(self) -> int:
        """Number of points."""
        ...

    @property
    def steps(self) -> tuple[float, ...]:
        """Quanta by which the limit may grow, the largest first."""
        ...

    @property
    def beyond_highest(self) -> tuple[float, float]:
        """Quanta beyond the highest level that give it to 1 cm⁻¹, and more for each digit."""
        ...

    def seconds(self, speed: Speed, count: int, blocks: int) -> float:
        """CPU time of so many levels in so many blocks."""
        ...

    def memory(self, count: int, blocks: int = 1) -> int:
        """Bytes of the arrays that are alive while so many levels in so many blocks are solved."""
        ...

    def adapted(self, system: System) -> Self:
        """The same with functions that follow the surface."""
        ...

    def grown(self, by: float) -> Self:
        """The same with more quanta."""
        ...

    def highest(self, target: Target, count: int) -> float:
        """Quanta of the highest level, estimated before any is known."""
        ...

    def hamiltonian(self, target: Target) -> tuple[Hamiltonian, list[str]]:
        """V and G on the grid, and the symmetries that the surface does not have."""
        ...

    def hole(self, h: Hamiltonian, target: Target) -> Tensor:
        """Depth below the minimum at each point, zero where there is no hole, (P,) in hartree."""
        ...

    def fewer(self, h: Hamiltonian, quanta: float) -> Hamiltonian:
        """The Hamiltonian of this grid with fewer quanta."""
        ...

    def more(self, h: Hamiltonian, by: float) -> Hamiltonian | None:
        """The Hamiltonian of this grid with more quanta; None where its points are too few."""
        ...

    def cap(self, target: Target) -> float:
        """Ceiling of V above the minimum, hartree."""
        ...

    def narrower(self) -> Self | None:
        """The same in shorter ranges; None where functions have no ends."""
        ...
