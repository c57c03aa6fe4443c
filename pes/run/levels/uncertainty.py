"""Error bars of levels from the members of an ensemble surface."""

from dataclasses import dataclass

import torch
from torch import Tensor

from pes.config import Vibration
from pes.potential import Surface
from pes.run.vibration import Problem
from pes.vibration.analysis.uncertainty import ENSEMBLE_METHODS, standard_deviation
from pes.vibration.levels.result import Levels

__all__ = ["Spreads", "spreads"]


@dataclass(frozen=True)
class Spreads:
    """How far each member moves each level, (M, S) in hartree, by the way it was found."""

    moved: dict[str, Tensor]

    @property
    def columns(self) -> dict[str, Tensor]:
        """Standard deviations (S,), in hartree: `spread`, and `spread_full` beside it."""
        names = {"first_order": "spread", "full": "spread_full"}
        return {names[way]: standard_deviation(moved) for way, moved in self.moved.items()}

    @property
    def members(self) -> int:
        """How many."""
        return len(next(iter(self.moved.values()))) if self.moved else 0


def spreads(config: Vibration, found: Levels, task: Problem, surface: Surface) -> Spreads:
    """Empty unless the surface is an ensemble of two members or more."""
    ensemble = surface.ensemble
    if ensemble is None:
        return Spreads({})
    if task.system.positions is None:
        raise TypeError("an ensemble surface is for molecules")
    positions = task.system.positions
    device = next(ensemble.buffers(), next(ensemble.parameters(), torch.zeros(()))).device

    def members(q: Tensor) -> Tensor:
        with torch.no_grad():
            each = ensemble.each(positions(q).to(device)).to(q.device)
            return task.system.potential(q) + each - each.mean(0)

    ways = ("first_order",) if config.ensemble == "first_order" else tuple(ENSEMBLE_METHODS)
    return Spreads({way: ENSEMBLE_METHODS[way](found, members) for way in ways})
