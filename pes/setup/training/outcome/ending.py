"""End of a fit in one line: why, after how many epochs, and whether more would have helped."""

from collections.abc import Sequence

from pes.training.epoch import StopReason

__all__ = ["STOPPED", "cut_short", "ending"]

STOPPED = {
    "epochs": "the largest number of epochs was reached",
    "max_seconds": "the wall time was used up",
    "budget": "the CPU time given to it was used up",
    "signal": "a signal stopped it",
    "patience": "the validation error had not improved for `patience` epochs",
    "converged": "no further step lowered the loss",
}
LAST = 0.2
"""Share of the epochs over which the fall of the validation error is told."""
FALLING = 0.02
"""Relative fall over these epochs below which the fit had settled."""
FEWEST = 20
"""Epochs before which a standstill says nothing: a step may have been refused."""


def cut_short(reason: StopReason | None) -> bool:
    """Whether a fit might have gone on with more time."""
    return reason in ("epochs", "max_seconds", "budget", "signal")


def ending(reason: StopReason, losses: Sequence[float], command: str | None = None) -> str:
    """Why a fit ended, how fast its validation error was still falling, and how to go on.

    Args:
        reason: why it ended.
        losses: validation loss, ½‖r‖², of each epoch.
        command: command that continues it, if there is one.

    Example:
        >>> ending("budget", [8.0, 8.0, 4.0, 2.0, 0.5], "pes-train ...")
        'stopped after 5 epochs: the CPU time given to it was used up; during the last one the \
validation error fell by 50 %; to train longer: pes-train ...'
    """
    text = f"stopped after {len(losses)} epochs: {STOPPED[reason]}"
    last = max(1, round(LAST * len(losses)))
    if not cut_short(reason) or len(losses) < 2:
        return text
    # From the best so far at that time to the best: single epochs jump.
    before, after = min(losses[:-last] or losses[:1]), min(losses)
    fall = 1 - (after / before) ** 0.5 if before > 0 else 0.0
    during = "one" if last == 1 else f"{last}"
    text += f"; during the last {during} the validation error fell by {100 * fall:.0f} %"
    if fall < FALLING and len(losses) >= FEWEST:
        return f"{text}, so more time would help little"
    return text if command is None else f"{text}; to train longer: {command}"
