"""J = 0 states that levels with rotation are made of, and what couples them."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from pes.rovibration.coupling import Coupling, integrals
from pes.rovibration.fields import frame_positions
from pes.rovibration.multiplets import symmetric_moments
from pes.rovibration.progress import PartDone, silent
from pes.rovibration.reference import BodyReference
from pes.vibration.levels.result import Levels
from pes.vibration.symmetry.operation import Operation

__all__ = ["Contraction"]


@dataclass(frozen=True, eq=False)
class Contraction:
    """J = 0 states with their coupling by rotation.

    Attributes:
        levels: J = 0 levels asked for.
        states: the same calculation with all n states that are contracted; of a linear molecule
            one for each K, see `pes.rovibration.axial` and `pes.rovibration.line`.
        frame: axes of the body.
        reference: geometry that the axes refer to, in bohr.
        parents: J = 0 state that each state belongs to, where a bent molecule has states for each
            K; None for others.
        species: species of each state of a linear molecule in normal coordinates, such as Πu; else
            empty.
        coupling: coupling of the states.
        others: coupling of half of the states, and of as many made of fewer functions.
        operations: symmetries of levels with rotation; empty where they are not known.
        turns: axis of the half turn that each is for the frame; empty, as are the characters, where
            the coupling has multiplets.
        characters: characters of the states, (n, operations).
    """

    levels: Levels
    states: tuple[Levels, ...]
    frame: str
    reference: BodyReference
    coupling: Coupling
    others: tuple[Coupling, Coupling]
    operations: tuple[Operation, ...]
    turns: tuple[int | None, ...]
    characters: Tensor
    parents: Tensor | None = None
    species: tuple[str, ...] = ()

    @property
    def is_linear(self) -> bool:
        """Whether the molecule is linear at its minimum; its states then have l = K."""
        return self.coupling.axial is not None and self.parents is None

    @property
    def asked(self) -> Tensor:
        """Mask (n,) of the levels asked for and of states with another K that lie no higher."""
        count, energies = len(self.levels.energies), self.coupling.energies
        if self.parents is not None:
            return self.parents < count
        if self.coupling.axial is None:
            return torch.arange(len(energies)) < count
        first = torch.arange(len(energies)) < count
        others = (self.coupling.axial > 0) & (energies <= self.levels.energies[-1])
        return torch.where(self.coupling.axial == 0, first, others)

    @property
    def origins(self) -> Tensor:
        """Levels asked for above the ground state, in hartree; twice where K ≠ 0."""
        energies, axial = self.coupling.energies - self.levels.energies[0], self.coupling.axial
        if axial is None or not self.is_linear:
            return energies[: len(self.levels.energies)]
        return energies.repeat_interleave(torch.where(self.asked, 1 + (axial > 0).long(), 0))

    def moments(self, function: Callable[[Tensor], Tensor], report: PartDone = silent) -> Tensor:
        """⟨a|f_α|b⟩ of a vector, such as the dipole moment, along the axes of the body.

        Args:
            function: positions (P, N, 3) in bohr to vectors (P, 3) that turn with them.
            report: called with the part that is done.

        Returns:
            (3, n, n), in the unit of the function.

        Raises:
            ValueError: if the function returns another shape than (P, 3).
        """

        def vectors(q: Tensor) -> Tensor:
            x = frame_positions(self.levels.system, q, self.reference, self.frame)
            values = function(x).detach()
            if values.shape != (len(x), 3):
                raise ValueError(
                    f"the dipole function returned shape {tuple(values.shape)}; it must return "
                    f"one vector each, shape ({len(x)}, 3)"
                )
            return values

        moments, of = integrals(self.states, vectors, 1, report), self.coupling.multiplets
        return moments if of is None else symmetric_moments(moments, of)

    def scalars(self, function: Callable[[Tensor], Tensor]) -> Tensor:
        """⟨a|f_k|b⟩ of scalars, such as changes of the surface.

        Args:
            function: positions (P, N, 3) in bohr to (P, K).

        Returns:
            (K, n, n), in the unit of the function.
        """
        positions = self.levels.system.positions
        assert positions is not None
        return integrals(self.states, lambda q: function(positions(q).detach()).detach())
