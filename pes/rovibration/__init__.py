"""Levels with J > 0 from J = 0 states."""

from pes.rovibration.coupling import Coupling, coupling
from pes.rovibration.frames import FRAMES
from pes.rovibration.levels import Rovibrational, rovibrational_levels
from pes.rovibration.rotor import angular_momentum, half_turns

__all__ = [
    "FRAMES",
    "Coupling",
    "Rovibrational",
    "angular_momentum",
    "coupling",
    "half_turns",
    "rovibrational_levels",
]
