"""Levels that a growing calculation is asked for, and what it may cost."""

from collections.abc import Callable
from dataclasses import dataclass
from time import process_time

from torch import Tensor

from pes.units import CM1
from pes.vibration.system.region import energies_or_infinite
from pes.vibration.system.system import System

__all__ = ["SIGNALLED", "Budget", "StoppedError", "Target"]

SIGNALLED = "a signal asked for the end"
"""Why a calculation goes no further."""

OVERTIME = 1.5
"""CPU time, in that allowed, after which a calculation under way is ended."""


class StoppedError(ValueError):
    """A calculation was ended by a signal or for its time; nothing is wrong with its surface."""


@dataclass(frozen=True)
class Target:
    """A molecule in coordinates, and the levels that are asked for.

    Attributes:
        system: V and G.
        kinds: kinds of the coordinates.
        names: names of the coordinates.
        wells: the lowest minimum, and others that belong to the molecule, (W, Q).
        limits: ends that no range passes, (low, high) of each coordinate.
        accuracy: largest error that is asked for, hartree.
        count: number of levels, the ground state included; or else
        energy: all levels up to here above the ground state, hartree.
        ranges: ends given by the user; None where they are to be chosen.
        cap: ceiling of V above the minimum, hartree.
        solver: a key of `pes.vibration.SOLVERS`, or `auto`.
        symmetry: solve each block of H by itself.
        sampled: ends of the points to which the surface was fitted; None where they are not known.
        images: wells in which like atoms have changed places, (I, Q); None where none are known.
    """

    system: System
    kinds: tuple[str, ...]
    names: tuple[str, ...]
    wells: Tensor
    limits: tuple[tuple[float, float], ...]
    accuracy: float
    count: int | None = None
    energy: float | None = None
    ranges: tuple[tuple[float, float], ...] | None = None
    cap: float = 60000 * CM1
    solver: str = "auto"
    symmetry: bool = True
    sampled: tuple[tuple[float, float], ...] | None = None
    images: Tensor | None = None

    @property
    def lowest_energy(self) -> float:
        """V at the minimum, hartree."""
        return float(energies_or_infinite(self.system, self.wells[:1])[0])

    def number(self, energies: Tensor) -> int:
        """Number of levels asked for among the energies of a calculation (S,)."""
        if self.count is not None:
            return self.count
        return int((energies - energies[0] <= (self.energy or 0.0)).sum())


@dataclass(frozen=True)
class Budget:
    """Limits of time and memory of a calculation.

    Attributes:
        seconds: CPU time.
        functions: size of the largest basis.
        memory: bytes that the process may take; None for what is free.
        stopped: whether the user asked for the end.
    """

    seconds: float = 300.0
    functions: int = 12000
    memory: float | None = None
    stopped: Callable[[], object] = lambda: False

    def go_on(self, started: float) -> None:
        """End a calculation under way after a signal, or far beyond the time.

        Args:
            started: CPU time of the process when the calculations began, seconds.

        Raises:
            StoppedError: with the reason.
        """
        if self.stopped():
            raise StoppedError(SIGNALLED)
        spent = process_time() - started
        if spent > OVERTIME * self.seconds:
            raise StoppedError(
                "`minutes` ended during the next calculation, which took longer than its forecast: "
                f"{spent:.0f} CPU-s are spent, {self.seconds:.0f} were allowed; a larger `minutes` "
                "lets it end"
            )
