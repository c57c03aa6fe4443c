"""J = 0 states that are contracted, and the same made of fewer functions."""

from dataclasses import replace

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from pes.rovibration.progress import PartDone, silent
from pes.vibration.eigensolvers.blockwise import lowest_blockwise
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs
from pes.vibration.levels.result import Levels
from pes.vibration.symmetry.axial import level_count, reference_energies

__all__ = [
    "alike_in_fewer_functions",
    "contracted_states",
    "default_states",
    "first_half",
    "only",
    "with_fewer_functions",
    "with_states",
]

FEWER = 2 / 3
"""Share of the functions that the J = 0 states are made of in the other run to compare with."""

HALF = 1 / 2
"""Share of the J = 0 states in the run to compare with. For water up to J = 10 and 20 to 200 states
doubling them changes a level by at least four times what is then left. Half as many more do not
always: the states that matter come in groups."""


def contracted_states(asked: int | None, count: int, most: int) -> int:
    """Number of J = 0 states that are contracted for the rotation of some levels.

    Args:
        asked: number that the user asked for; None for the default, three for each level, at least
            60.
        count: J = 0 levels to rotate.
        most: functions of the basis.

    Raises:
        ValueError: for fewer states than levels or more than functions.
    """
    if asked is None:
        return min(most, default_states(count))
    if not count <= asked <= most:
        raise ValueError(
            f"the J = 0 states contracted must be between the {count} levels and the {most} "
            f"functions of the basis, got {asked}"
        )
    return asked


def default_states(count: int) -> int:
    """Default number of J = 0 states that are contracted: three for each level, at least 60."""
    return max(60, 3 * count)


def first_half(states: int) -> int:
    """Number of the states in the run to compare with."""
    return max(1, int(HALF * states))


def with_states(levels: Levels, count: int, report: PartDone = silent) -> Levels:
    """The same calculation with more of its states."""
    if count <= len(levels.energies):
        return levels
    pairs = lowest_blockwise(
        levels.hamiltonian, count, start=levels.eigenpairs.coefficients,
        watch=lambda now: report(now.converged / max(now.requested, 1)),
    )  # fmt: skip
    return replace(levels, eigenpairs=pairs, estimated_changes=None)


def with_fewer_functions(levels: Levels, report: PartDone = silent) -> tuple[Levels, Tensor]:
    """States of the functions with the lowest zero-order energies, and the numbers of these.

    Of functions with one energy all are taken or none. Iterations begin with the states of all.
    """
    h, count = levels.hamiltonian, len(levels.energies)
    order = reference_energies(h).sort().values
    last = order[max(count, int(FEWER * len(order))) - 1]
    kept = (h.zero_order_energies <= last + 1e-9).nonzero().flatten()
    fewer = h.only(kept)
    pairs = lowest_blockwise(
        fewer, min(count, level_count(fewer)), start=levels.eigenpairs.coefficients[:, kept],
        watch=lambda now: report(now.converged / max(now.requested, 1)),
    )  # fmt: skip
    return replace(levels, hamiltonian=fewer, eigenpairs=_like(pairs, levels, kept)), kept


def alike_in_fewer_functions(levels: Levels) -> Levels:
    """States of fewer functions in the places, and with the energies, of those they are most like.

    What they change is how the states are coupled; errors of their energies are known otherwise.
    Where fewer functions have fewer states, these as they are.
    """
    less, kept = with_fewer_functions(levels)
    c, whole = less.eigenpairs.coefficients, levels.eigenpairs.coefficients[:, kept]
    if len(c) < len(whole):
        return less
    overlaps = whole @ c.mT
    places = torch.from_numpy(linear_sum_assignment(-overlaps.square().cpu().numpy())[1])
    signs = overlaps.gather(1, places.to(c.device)[:, None]).sign()
    pairs = replace(levels.eigenpairs, coefficients=signs * c[places])
    return replace(less, eigenpairs=pairs)


def _like(pairs: Eigenpairs, levels: Levels, kept: Tensor) -> Eigenpairs:
    """States of some functions with the signs of those of all functions.

    The signs distinguish levels that mix the same two J = 0 states.
    """
    whole = levels.eigenpairs.coefficients[: len(pairs.energies), kept]
    overlaps = pairs.coefficients @ whole.mT
    nearest = overlaps.abs().argmax(1, keepdim=True)
    signs = torch.where(overlaps.gather(1, nearest) < 0, -1.0, 1.0)
    return replace(pairs, coefficients=signs * pairs.coefficients)


def only(levels: Levels, states: Tensor) -> Levels:
    """The same calculation with some of its states."""
    return replace(levels, eigenpairs=levels.eigenpairs.only(states))
