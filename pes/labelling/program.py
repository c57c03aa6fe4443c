"""Contract of the programs that compute points, and a Python function as the simplest of them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["FunctionProgram", "Positions", "Program", "Record"]

Positions = Sequence[Sequence[float]]
"""Geometry (N, 3) in bohr, as plain numbers."""

Record = Mapping[str, Any]
"""One point in atomic units, of plain numbers and lists: `positions`, `energy`, perhaps `forces`,
`dipole` and `columns`."""


class Program(ABC):
    """Program that computes one point; it travels to the workers, so it can be pickled."""

    @abstractmethod
    def record(
        self,
        symbols: Sequence[str],
        positions: Positions,
        place: Path,
        attempt: int,
    ) -> Record:
        """Energy of one geometry, and what else is computed with it.

        Args:
            symbols: N element symbols.
            positions: (N, 3) in bohr.
            place: folder that the program may make for its files.
            attempt: 0 at first; after a failure 1, 2, ..., each from another guess.

        Raises:
            RuntimeError, ValueError, ArithmeticError: if this point cannot be computed.
            OSError: if no point can be computed, such as by a program that is not installed.
        """

    @abstractmethod
    def check(self, symbols: Sequence[str]) -> None:
        """Refuse settings that no point can be computed with, before the first one.

        Raises:
            ValueError: with the reason.
        """

    @abstractmethod
    def provenance(self) -> Mapping[str, str | float]:
        """Settings that a reader needs to compute the same numbers again."""

    @abstractmethod
    def with_forces(self) -> "Program":
        """The same with forces, as a geometry optimisation needs them.

        Raises:
            ValueError: if it has none.
        """

    @property
    def units(self) -> Mapping[str, str]:
        """Unit of each column."""
        return {}


@dataclass(frozen=True)
class FunctionProgram(Program):
    """A Python function as a program, such as an analytic surface in place of a calculation.

    Attributes:
        function: positions, an array (N, 3) in bohr, to the energy in hartree, or to a mapping
            with `energy` and perhaps `forces` (N, 3) and `dipole` (3), in atomic units. Worker
            processes must be able to import it.
    """

    function: Callable[[np.ndarray], Any]

    def record(
        self,
        symbols: Sequence[str],
        positions: Positions,
        place: Path,
        attempt: int,
    ) -> Record:
        """The values of the function."""
        values = self.function(np.array(positions, dtype=float))
        named = values if isinstance(values, Mapping) else {"energy": values}
        plain = {name: np.asarray(value, dtype=float).tolist() for name, value in named.items()}
        return {"positions": positions, **plain, "energy": float(np.squeeze(plain["energy"]))}

    def check(self, symbols: Sequence[str]) -> None:
        """Nothing that could be checked."""

    def provenance(self) -> Mapping[str, str | float]:
        """The name of the function."""
        name = getattr(self.function, "__qualname__", type(self.function).__name__)
        return {"program": f"the Python function {name}"}

    def with_forces(self) -> Program:
        """Itself: it may return forces."""
        return self
