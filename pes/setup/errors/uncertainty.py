"""Error bars of levels from the members of an ensemble surface."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from pes.setup.problem.problem import Problem
from pes.vibration.analysis.uncertainty import ENSEMBLE_METHODS, standard_deviation
from pes.vibration.levels.result import Levels

__all__ = ["SPREADS", "Spreads", "spreads"]

SPREADS = {"first_order": ("first_order",), "full": tuple(ENSEMBLE_METHODS)}
"""Methods: first order in |ψ|², or diagonalisation of every member's Hamiltonian as well."""


@dataclass(frozen=True)
class Spreads:
    """Shift (M, S) of each level by each member of an ensemble, hartree."""

    moved: dict[str, Tensor] = field(default_factory=dict)

    @property
    def columns(self) -> dict[str, Tensor]:
        """Standard deviations (S,), in hartree: `spread`, and `spread_full` beside it."""
        names = {"first_order": "spread", "full": "spread_full"}
        return {names[way]: standard_deviation(moved) for way, moved in self.moved.items()}

    @property
    def members(self) -> int:
        """Number of members."""
        return len(next(iter(self.moved.values()))) if self.moved else 0


def spreads(levels: Levels, task: Problem, ensemble: str = "first_order") -> Spreads:
    """Spread of the levels; empty unless the surface is an ensemble of two members or more.

    Args:
        levels: levels of the mean of the members.
        task: task with the surface.
        ensemble: a key of `SPREADS`.

    Raises:
        ValueError: for another `ensemble`.
    """
    if ensemble not in SPREADS:
        raise ValueError(f"`ensemble` must be one of {', '.join(SPREADS)}, got {ensemble!r}")
    surface = task.surface.ensemble
    if surface is None:
        return Spreads()
    if task.system.positions is None:
        raise TypeError("an ensemble surface is for molecules")
    positions = task.system.positions
    outer = task.system.continuation or task.system.filling
    device = next(surface.buffers(), next(surface.parameters(), torch.zeros(()))).device

    def fitted(q: Tensor) -> Tensor:
        return surface.each(positions(q).to(device)).to(q.device)

    def members(q: Tensor) -> Tensor:
        with torch.no_grad():
            each = fitted(q) if outer is None else outer.of(fitted, q)
            return task.system.potential(q) + each - each.mean(0)

    return Spreads({way: ENSEMBLE_METHODS[way](levels, members) for way in SPREADS[ensemble]})
