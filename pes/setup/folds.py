"""Where combinations of lengths and angles run past the ends of these, and which levels do."""

from pes.coordinates import Internal
from pes.coordinates.kinds import KINDS
from pes.vibration.levels.result import Levels

__all__ = ["folds"]

PASSED = 1e-5
"""Probability of a level there from which a warning is due."""


def folds(internal: Internal, found: Levels) -> list[str]:
    """A sentence for each length below zero and each angle beyond 0° or 180° that levels reach.

    Geometries there are met a second time, and the wavefunction does not know it.
    """
    said = []
    for name, kind, beyond in internal.folds(found.points):
        passed = found.probability(beyond) if beyond.any() else found.energies * 0
        reaching = (passed > PASSED).nonzero().flatten()
        if len(reaching):
            said.append(
                f"levels from number {int(reaching[0])} on reach geometries where {name} "
                f"{KINDS[kind].beyond} (up to {float(passed.max()):.1e} of the norm): a geometry "
                "is multiply covered; use `normal: false` or narrower ranges and check the "
                "edge-probability warnings"
            )
    return said
