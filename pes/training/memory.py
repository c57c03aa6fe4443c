"""Memory that a fit will need, compared with the memory that is free before it starts."""

__all__ = ["check_memory", "needed_memory"]

MIB = 2**20


def needed_memory(kind: str, *, parameters: int, chunks: int, history: int = 100) -> dict[str, int]:
    """Bytes that a fit takes at its peak, by purpose.

    Args:
        kind: name of the optimizer.
        parameters: number P of parameters.
        chunks: `memory` of the fit: ∂f/∂x and one chunk.
        history: number of past gradients of L-BFGS.

    Returns:
        `matrix`: JᵀJ, its damped copy, the factor of that and one more; `history`: two vectors
        for each past step, in use, in the last state and in the file being written; `chunks`.
    """
    return {
        "matrix": 4 * 8 * parameters**2 if kind == "levenberg_marquardt" else 0,
        "history": 5 * 16 * history * parameters if "lbfgs" in kind else 12 * 8 * parameters,
        "chunks": chunks,
    }


_ADVICE = {
    "matrix": "make `surface.hidden` smaller or set `training.optimizer: lbfgs`",
    "history": "lower `history` of `training.optimizer` or make `surface.hidden` smaller",
    "chunks": "lower `training.memory`",
}


def check_memory(needed: dict[str, int], free: int | None) -> None:
    """Refuse a fit that needs more memory than is free.

    Raises:
        ValueError: in one line that names the setting to lower.

    Example:
        >>> check_memory({"matrix": 10, "history": 0, "chunks": 5}, 100)
    """
    total = sum(needed.values())
    if free is None or total <= free:
        return
    largest = max(needed, key=lambda name: needed[name])
    raise ValueError(
        f"the fit needs about {total / MIB:,.0f} MiB and {free / MIB:,.0f} are free; "
        f"most of it ({needed[largest] / MIB:,.0f} MiB) is for the {largest}: {_ADVICE[largest]}"
    )
