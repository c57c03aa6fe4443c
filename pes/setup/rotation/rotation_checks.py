"""Requests for rotation that cannot be met, refused before the J = 0 levels are computed."""

from collections.abc import Iterable, Sequence

import torch

from pes.memory import resident_memory
from pes.rovibration import FRAMES
from pes.rovibration.reference import is_linear
from pes.rovibration.state_choice import default_states
from pes.setup.machine.memory_limit import refuse_shortage
from pes.setup.problem.problem import Problem
from pes.setup.rotation.rotation_forecast import matrix_memory

__all__ = ["check_rotation", "check_size"]


def check_size(j: Sequence[int], states: int | None, count: int, memory: float | None) -> None:
    """Raise a `ValueError`, before the J = 0 levels are computed, for too many or too few states.

    Args:
        j: values of J.
        states: J = 0 states to contract; None for the default.
        count: number of J = 0 levels.
        memory: GiB that the process may take; None for what is free.
    """
    if states is not None and states < count:
        raise ValueError(
            f"`rotation.states` must be at least the number of levels, {count}, got {states}: "
            "each level with J > 0 is built from several of these states"
        )
    needed = matrix_memory(default_states(count) if states is None else states, max(j))
    refuse_shortage(
        f"levels with J = {max(j)}", resident_memory() + needed,
        "ask for a lower `J`, fewer `levels` or fewer `rotation.states`",
        allowed=None if memory is None else memory * 2**30, device=torch.device("cpu"),
    )  # fmt: skip


def check_rotation(task: Problem, j: Iterable[int], frame: str) -> None:
    """Raise a `ValueError` before the J = 0 levels are computed if rotation is not possible."""
    if bad := [one for one in j if one < 0]:
        raise ValueError(f"`J` must be whole numbers from 0 on, got {bad[0]}")
    if frame not in (names := ("auto", *FRAMES, "embedded")):
        known = ", ".join(names)
        raise ValueError(f"`rotation.frame` must be one of {known}, got {frame!r}")
    atoms = len(task.molecule.symbols)
    if frame == "bisector" and atoms not in (3, 4):
        raise ValueError(
            f"`rotation.frame: bisector` is for three atoms or a chain of four, {atoms} were given"
        )
    with torch.no_grad():
        start = task.internal.to_positions(task.start.cpu()[None], task.masses.cpu())[0]
    linear = is_linear(start, task.masses.detach().cpu())
    if linear and atoms != 3 and not task.system.bends:
        raise ValueError(
            f"{task.molecule.formula} is linear at its minimum: levels with J > 0 of linear "
            "molecules of four atoms and more are computed in normal coordinates; leave "
            "`coordinates` out, or give `coordinates: {kind: bond_vectors}`"
        )
    frames = ("auto", "embedded") if task.system.bends else ("auto", "eckart", "linear")
    if linear and frame not in frames:
        raise ValueError(
            f"{task.molecule.formula} is linear at its minimum: its axes follow from its "
            f"coordinates; leave `rotation.frame` out, got {frame!r}"
        )
