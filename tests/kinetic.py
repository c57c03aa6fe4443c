"""Kinetic energies of levels, which their derivatives by masses are compared with."""

import torch
from torch import Tensor

from pes.vibration import Levels
from pes.vibration.analysis.quadratic_form import waves


def kinetic_energies(levels: Levels) -> Tensor:
    """⟨T⟩ of each level, (S,) in hartree."""
    states = range(len(levels.energies))
    parts = (
        torch.einsum("p,spk,spk->s", part.signs, part.slopes, part.flux) / 2
        for part in waves(levels, states)
    )
    return sum(parts, start=torch.zeros_like(levels.energies))
