"""Holes of a fitted surface of three atoms beyond its points, filled."""

from collections.abc import Sequence

from torch import Tensor

from pes.coordinates import Internal
from pes.potential import SurfaceRecord
from pes.setup.problem.ranges import sampled
from pes.vibration.system.holes import hole_filling
from pes.vibration.system.region import energies_or_infinite
from pes.vibration.system.system import System

__all__ = ["without_holes"]

HIGH = 0.9
"""V of a training point in the height of the lowest pass: lower ones behind a pass are points of
the molecule, in a well that the search for minima has missed."""


def without_holes(
    record: SurfaceRecord | None,
    internal: Internal,
    masses: Tensor,
    system: System,
    wells: Tensor,
    limits: Sequence[tuple[float, float]],
) -> System | None:
    """The system with a wall in each hole; None without holes, or where nothing says what they are.

    Args:
        record: record of the fit, with its points.
        internal: three coordinates.
        masses: (N,).
        system: V and G of the coordinates.
        wells: the lowest minimum, and others that belong to the molecule, (W, 3).
        limits: ends that no range passes.
    """
    if record is None or not len(record.training_positions) or len(internal.names) != 3:
        return None
    holes = hole_filling(system, wells, limits)
    if holes is None:
        return None
    points = sampled(record, internal, masses)
    lowest = float(energies_or_infinite(system, wells[:1])[0])
    v = energies_or_infinite(system, points) - lowest
    behind = (v < holes.at(points).cpu() - lowest) & (v < HIGH * holes.lowest_pass)
    return None if bool(behind.any()) else system.filled(holes)
