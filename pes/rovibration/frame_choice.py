"""Axes of the body that suit a molecule, and states that keep away from where they jump."""

from torch import Tensor

from pes.rovibration.coupling import Coupling
from pes.rovibration.reference import (
    avoided_coordinate,
    centred_positions,
    is_linear,
    masses_of,
)
from pes.rovibration.straight import NEAR_LINE, near_line_energies, straight_end
from pes.vibration.levels.result import Levels

__all__ = ["SYMMETRIC", "away_from_jumps", "chosen_frame", "has_states_of_each_k"]

SYMMETRIC = ("eckart", "flexible")
"""Frames that turn as their reference does when like nuclei change places."""

JUMPS = 1e-5
"""Probability of a state near places where the axes of a frame jump, above which it is not used:
the integrals leave out what happens there."""


def chosen_frame(levels: Levels, frame: str) -> str:
    """Frame that `auto` stands for.

    Of three atoms `linear` where the levels reach linear geometries, of more `flexible` where the
    ground state lies in several wells; else `eckart`.

    Raises:
        ValueError: for `linear` where the molecule or its angle does not suit this frame.
    """
    if frame == "linear" and straight_end(levels) is None:
        raise ValueError(
            "`rotation.frame: linear` is for three atoms in two lengths and an angle whose range "
            "ends at linearity; choose another frame"
        )
    if frame != "auto":
        return frame
    if len(masses_of(levels.system)) < 4:
        if straight_end(levels) is None:
            return "eckart"
        return "linear" if bool((near_line_energies(levels) > NEAR_LINE).any()) else "eckart"
    return "eckart" if avoided_coordinate(levels) is None else "flexible"


def has_states_of_each_k(levels: Levels, frame: str) -> bool:
    """Whether each K has contracted states of its own.

    This is so for linear molecules, and for triatomics whose levels reach linear geometries.
    """
    masses = masses_of(levels.system)
    still = centred_positions(levels.system, levels.minimum[None])[0]
    return is_linear(still, masses) or chosen_frame(levels, frame) == "linear"


def away_from_jumps(basis: Coupling, count: int, frame: str) -> Tensor:
    """Numbers of the states that stay away from places where the axes of the frame jump.

    Raises:
        ValueError: if one of the levels asked for does not.
    """
    near = basis.near_jumps
    reaching = (near[:count] > JUMPS).nonzero().flatten()
    if len(reaching):
        level = int(reaching[0])
        why, other = {
            "principal_axes": ("change places where two moments of inertia are equal", "eckart"),
            "eckart": ("flip where a part of the molecule has made half a turn", "embedded"),
            "flexible": ("flip where a part of the molecule has made a full turn", "embedded"),
            "bisector": ("flip where both arms lie on one side", "embedded"),
        }[frame]
        raise ValueError(
            f"the axes of the frame {frame!r} {why}, and level {level} reaches there (probability "
            f"{float(near[level]):.2g}); ask for fewer levels, or choose `frame: {other}`"
        )
    return (near <= JUMPS).nonzero().flatten()
