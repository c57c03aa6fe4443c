"""Levels with J > 0 from J = 0 states."""

from pes.rovibration.contract import contract_states
from pes.rovibration.contraction import Contraction
from pes.rovibration.coupling import Coupling
from pes.rovibration.frames import FRAMES
from pes.rovibration.levels import Rovibrational, levels_of
from pes.rovibration.rotor import angular_momentum, directions, half_turns

__all__ = [
    "FRAMES",
    "Contraction",
    "Coupling",
    "Rovibrational",
    "angular_momentum",
    "contract_states",
    "directions",
    "half_turns",
    "levels_of",
]
