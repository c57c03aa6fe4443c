"""V and G of one calculation, and the levels that they have."""

from dataclasses import dataclass

from pes.vibration.eigensolvers.eigenpairs import Eigenpairs
from pes.vibration.hamiltonian.operator import Hamiltonian

__all__ = ["SolvedHamiltonian"]


@dataclass(frozen=True)
class SolvedHamiltonian:
    """One calculation of a series.

    Attributes:
        hamiltonian: V and G on its grid.
        pairs: levels, a few more than asked for.
        seconds: CPU time it took.
        warnings: symmetries that the surface does not have.
    """

    hamiltonian: Hamiltonian
    pairs: Eigenpairs
    seconds: float
    warnings: tuple[str, ...]

    @property
    def levels(self) -> tuple[Hamiltonian, Eigenpairs]:
        """Data by which levels of two calculations are matched."""
        return self.hamiltonian, self.pairs
