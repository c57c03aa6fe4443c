"""Progress of a calculation with sizes given: its steps, its iterations and the time left."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import process_time

from tqdm import tqdm

from pes.setup.levels.size_forecast import SizeForecast
from pes.setup.machine.intervals import QUIET, SOON, at_intervals
from pes.units import CM1
from pes.vibration.eigensolvers.davidson import Progress
from pes.vibration.eigensolvers.select import Watch

__all__ = ["quiet_bar", "step_bar"]

log = logging.getLogger("pes")

FORM = "{desc:<16} {bar:20} {elapsed}"


@contextmanager
def step_bar(forecast: SizeForecast, keep: Watch) -> Iterator[tuple[Callable[[str], None], Watch]]:
    """Bar at a terminal, or lines of a log, that say what is done and the CPU time left.

    Args:
        forecast: steps of the calculation and their CPU seconds.
        keep: called after iterations of the levels asked for: other runs have other bases.

    Yields:
        What is to be called with the name of each step, and after each step of the iterations.
    """
    start = begun = process_time()
    current, due = "", at_intervals(SOON, QUIET)

    def say(words: str, now: Progress | None = None) -> None:
        left = forecast.seconds_left(current, begun - start, process_time() - begun, now)
        sentence = f"computing {words}; about {max(left, 1.0):.0f} CPU-s left"
        bar.set_description(sentence)
        if bar.disable and due() is not None:
            log.info("  %s", sentence)

    def begin(step: str) -> None:
        nonlocal current, begun
        if current:
            bar.update()
        current, begun = step, process_time()
        say(step)

    def watch(now: Progress) -> None:
        solved = f"{now.converged} of {now.requested} levels have converged"
        say(f"{current}: {solved}, residual {now.residual / CM1:.1e} cm-1", now)
        if current == "levels":
            keep(now)

    total = len(forecast.steps)
    with tqdm(total=total, bar_format=FORM, leave=False, disable=None) as bar:
        yield begin, watch


@contextmanager
def quiet_bar(first: float = 0.0) -> Iterator[Callable[[str], None]]:
    """One line at a terminal that changes, or lines of a log.

    Args:
        first: seconds until the first line of a log.

    Yields:
        What is to be called with each sentence.
    """
    due = at_intervals(first, SOON, QUIET)
    with tqdm(bar_format="{desc} {elapsed}", leave=False, disable=None) as bar:

        def say(sentence: str) -> None:
            bar.set_description_str(sentence)
            if bar.disable and due() is not None:
                log.info("  %s", sentence)

        yield say
