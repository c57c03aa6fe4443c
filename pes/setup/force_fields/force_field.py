"""Levels of a force field, with every choice that is not made by the user."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from pes.force_fields import FieldLevels, ForceField, field_levels, read_force_field
from pes.force_fields.bounds import Escape, escape
from pes.force_fields.derivatives import mean_values
from pes.force_fields.levels import Limits
from pes.memory import free_memory
from pes.setup.force_fields.force_field_result import FieldRound, ForceFieldResult
from pes.setup.inputs.positive import check_positive
from pes.units import CM1
from pes.vibration.eigensolvers.eigenpairs import SolverError
from pes.vibration.levels.sentences import about_levels

__all__ = ["force_field_levels"]

COUNT = 20
"""Levels where neither a number nor an energy is given."""

ACCURACY = 0.01
"""Largest estimated error of a level, cm⁻¹, where nothing else is asked for."""

MINUTES = 5.0
"""CPU time after which the calculation no longer grows."""

FREE_SHARE = 0.8
"""Share of the free memory that is taken at most."""

AWAY = 0.5
"""Mean square displacement on the way to the barrier, relative to that of its top, from which a
level lies beyond it."""

ADVICE = {
    "accuracy": "they depend on the region beyond the barrier, where the force field has no levels",
    "seconds": "raise `minutes`",
    "functions": "raise `functions`",
    "memory": "raise `memory`",
}
"""Advice for levels that a limit has cut short."""


def force_field_levels(
    force_field: ForceField | str | Path,
    *,
    count: int | None = None,
    energy: float | None = None,
    accuracy: float | None = None,
    minutes: float | None = None,
    functions: int | None = None,
    memory: float | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> ForceFieldResult:
    """Vibrational levels of a force field in normal coordinates: what `pes-levels` does with one.

    The Hamiltonian is ½ Σ ω (p² + q²) and the polynomial as given. Coriolis coupling and the
    Watson term belong to it where the field has the constants for them.

    Args:
        force_field: what `pes.read_force_field` returned, or its file.
        count: number of levels, the ground state included; a degenerate level counts as often as
            it is degenerate. The default is 20. Give either this or `energy`.
        energy: energy above the ground state up to which all levels are computed, cm⁻¹.
        accuracy: largest estimated error of a level, cm⁻¹; default 0.01.
        minutes: CPU time that the calculation may take; default 5.
        functions: largest number of product functions.
        memory: memory that it may take, GiB; default the free memory.
        progress: called with a line after each round.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: for a malformed file, a force field that is unbounded below where the levels
            are, or limits that leave no levels.

    Example:
        >>> from pes.force_fields import ForceField
        >>> quartic = {(0, 0, 0): 50.0, (0, 0, 0, 0): 10.0}
        >>> field = ForceField.of([1000.0], quartic, units="cm-1", name="bond")
        >>> force_field_levels(field, count=2)
        ForceFieldResult(bond: 2 levels, zero-point energy 500.2171 cm-1, conv up to 0.002 cm-1)
    """
    field = force_field if isinstance(force_field, ForceField) else read_force_field(force_field)
    check_positive(
        count=count, energy=energy, accuracy=accuracy, minutes=minutes, functions=functions
    )  # fmt: skip
    if count is not None and energy is not None:
        raise ValueError("give `count` or `energy`, not both")
    if energy is None:
        count = count or COUNT
    begun = time.perf_counter()
    way = escape(field)
    if way is not None and way.barrier < way.frequency / 2:
        raise ValueError(
            f"{field.name}: the force field is unbounded below: {way}, lower than the "
            f"{way.frequency / 2 / CM1:.0f} cm-1 of the zero-point motion on that way; add "
            "constants of a higher even degree that bound it"
        )
    rounds = list[FieldRound]()

    def say(so_far: FieldLevels) -> None:
        rounds.append(FieldRound.of(so_far))
        progress(_round(so_far))

    limits = Limits(
        (accuracy or ACCURACY) * CM1, 60 * (minutes or MINUTES), functions or float("inf"),
        _bytes(memory),
    )  # fmt: skip
    try:
        levels = field_levels(
            field, count, energy=None if energy is None else energy * CM1, limits=limits,
            way=way, report=say,
        )  # fmt: skip
    except SolverError as failure:
        raise ValueError(f"no levels: {failure}") from failure
    _refuse_levels_beyond(levels)
    warnings = tuple(_warnings(levels, way, limits))
    return ForceFieldResult(
        levels, warnings, time.perf_counter() - begun, tuple(rounds), limits.accuracy / CM1
    )


def _bytes(memory: float | None) -> float | None:
    """Memory that may be taken, bytes."""
    if memory is not None:
        return memory * 2**30
    free = free_memory(torch.device("cpu"))
    return None if free is None else FREE_SHARE * free


def _refuse_levels_beyond(levels: FieldLevels) -> None:
    """Refuse levels that are none of the molecule's: below the minimum, or beyond a barrier.

    Raises:
        ValueError: with where the force field falls.
    """
    way = levels.way
    name, lowest = levels.force_field.name, float(levels.energies[0])
    where = "it has another, deeper minimum" if way is None else f"it is unbounded below: {way}"
    if lowest < 0:
        raise ValueError(
            f"{name}: the lowest level lies at {lowest / CM1:.0f} cm-1, below the minimum of the "
            f"force field: {where}"
        )
    if way is None:
        return
    q = way.top
    share = q**2 / (q**2).sum()
    squares = ForceField(
        levels.force_field.frequencies, {(k, k): 2 * float(x) for k, x in enumerate(share)}
    )
    away = mean_values(levels, squares) > AWAY * float(share @ q**2)
    if away.any():
        numbers = np.flatnonzero(away).tolist()
        beyond = (
            f"beyond the barrier of the force field: {where}; ask for fewer levels, or add "
            "constants of a higher even degree that bound it"
        )
        raise ValueError(f"{name}: {about_levels(numbers, f'lies {beyond}', f'lie {beyond}')}")


def _warnings(levels: FieldLevels, way: Escape | None, limits: Limits) -> list[str]:
    """Reasons for doubt, with what to do about each."""
    warnings = []
    if way is not None:
        warnings.append(
            f"the force field is unbounded below: {way}; functions beyond the barrier are left "
            "out, and their effect on a level is part of its estimated error"
        )
    last = levels.energies[-1]
    if any(b.energies[-1] <= last and len(b.energies) < b.size for b in levels.blocks):
        warnings.append(
            "a block has no level above the highest: more of its levels may lie below it; "
            + ADVICE[levels.stopped]
        )
    short = np.flatnonzero(levels.errors > limits.accuracy)
    if len(short):
        warnings.append(
            f"{len(short)} of {len(levels.errors)} levels are less accurate than "
            f"{limits.accuracy / CM1:g} cm-1, the worst by an estimated "
            f"{levels.errors.max() / CM1:.2g} cm-1; {ADVICE[levels.stopped]}"
        )
    return warnings


def _round(levels: FieldLevels) -> str:
    """One line about a round."""
    elements = sum(block.nonzero for block in levels.blocks)
    return (
        f"{levels.functions} functions, {elements} matrix elements: zero-point energy "
        f"{levels.energies[0] / CM1:.4f} cm-1, largest estimated error "
        f"{levels.errors.max() / CM1:.2g} cm-1"
    )
