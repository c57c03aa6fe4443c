"""One calculation of a series whose quanta grow."""

from dataclasses import dataclass, replace

from pes.setup.automatic.quanta.grid_of_stage import Grid
from pes.setup.automatic.solved_hamiltonian import SolvedHamiltonian

__all__ = ["QuantaStage"]


@dataclass(frozen=True)
class QuantaStage(SolvedHamiltonian):
    """A calculation in products of oscillator functions up to a number of quanta.

    Attributes:
        grid: functions and points.
    """

    grid: Grid

    def functions_only(self) -> "QuantaStage":
        """The same without V and G, which later calculations do not need."""
        h = self.hamiltonian
        nothing = h.potential[:0]
        bare = replace(h, potential=nothing, g_matrix=nothing, s=nothing)
        return replace(self, hamiltonian=bare)
