"""Sentences on levels that converge, while they do."""

from collections.abc import Callable
from time import process_time

from pes.setup.machine.intervals import QUIET, SOON, at_intervals
from pes.setup.machine.speed import iterations_left
from pes.units import CM1
from pes.vibration.eigensolvers.davidson import Progress
from pes.vibration.eigensolvers.select import Watch

__all__ = ["converging"]


def converging(report: Callable[[str], None], end: float) -> Watch:
    """Progress function: number of converged levels and CPU time left.

    Args:
        report: called with a sentence now and then.
        end: CPU time of the process at which the calculation is expected to end.
    """
    begun, due = process_time(), at_intervals(SOON, QUIET)

    def say(now: Progress) -> None:
        if due() is not None:
            left = iterations_left(now, process_time() - begun, end - begun)
            report(
                f"{now.converged} of {now.requested} levels have converged, the largest residual "
                f"is {now.residual / CM1:.2g} cm-1; about {left:.0f} CPU-s left"
            )

    return say
