"""Refusal of calculations that would take more memory than there is."""

import torch

from pes.memory import free_memory, resident_memory

__all__ = ["refuse_shortage"]


def refuse_shortage(
    what: str, needed: int, advice: str, *, allowed: float | None, device: torch.device
) -> None:
    """Refuse what does not fit.

    Args:
        what: needs the memory.
        needed: bytes of the whole process at its peak.
        advice: what to do about it.
        allowed: bytes that the user allows the process, if there is a limit.
        device: whose free memory counts.

    Raises:
        ValueError: with what is needed and what there is.
    """
    said = f"{what} would take about {needed / 2**30:.2g} GiB in all"
    if allowed is not None and needed > allowed:
        raise ValueError(
            f"{said}, `memory` allows {allowed / 2**30:.2g} GiB; {advice}, or raise `memory`"
        )
    free = free_memory(device)
    more = needed - resident_memory()
    if free is not None and more > free:
        raise ValueError(
            f"{said}, {more / 2**30:.2g} GiB more than now: {free / 2**30:.2g} are free; {advice}"
        )
