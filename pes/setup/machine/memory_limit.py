"""Refusal of calculations that would take more memory than there is."""

import torch

from pes.memory import free_memory, resident_memory

__all__ = ["refuse_shortage"]


def refuse_shortage(
    what: str, needed: int, advice: str, *, allowed: float | None, device: torch.device
) -> None:
    """Refuse a calculation that needs more memory than there is.

    Args:
        what: needs the memory.
        needed: bytes of the whole process at its peak.
        advice: what to do about it.
        allowed: bytes that the user allows the process, if there is a limit.
        device: whose free memory counts.

    Raises:
        ValueError: with what is needed and what there is.
    """
    said = f"{what} would take about {_gibibytes(needed)} in all"
    if allowed is not None and needed > allowed:
        raise ValueError(
            f"{said}, `memory` allows {_gibibytes(allowed)}; {advice}, or raise `memory`"
        )
    free = free_memory(device)
    more = needed - resident_memory()
    if free is not None and more > free:
        raise ValueError(
            f"{said}, {_gibibytes(more)} more than now: {_gibibytes(free)} are free; {advice}"
        )


def _gibibytes(number: float) -> str:
    """Bytes in GiB: two digits, or the whole number where that has more."""
    size = number / 2**30
    return f"{size:,.0f} GiB" if size >= 10 else f"{size:.2g} GiB"
