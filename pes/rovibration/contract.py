"""The lowest J = 0 states of a calculation, and how rotation couples them.

H is diagonalised among products of the lowest J = 0 states and functions of the orientation. What
the number of states leaves undone, and what the functions do that the states are made of, is
estimated by leaving out half of the states and a third of the functions.

References:
    J. Tennyson, B. T. Sutcliffe, J. Chem. Phys. 77, 4061 (1982), doi:10.1063/1.444316, for
    levels in two steps
"""

from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from pes.rovibration.contract_linear import contract_linear
from pes.rovibration.contraction import Contraction
from pes.rovibration.coupling import Coupling, coupling
from pes.rovibration.fields import RotationalFields, rotational_fields
from pes.rovibration.frame_choice import SYMMETRIC, away_from_jumps, chosen_frame
from pes.rovibration.group import molecular_group
from pes.rovibration.multiplets import symmetric_coupling
from pes.rovibration.progress import StepDone, unheard
from pes.rovibration.reference import flexible_reference, masses_of, reference_geometry
from pes.rovibration.state_choice import (
    contracted_states,
    first_half,
    only,
    with_fewer_functions,
    with_states,
)
from pes.rovibration.straight import straight_reference
from pes.rovibration.symmetric_states import beside, multiplets_of, with_multiplets
from pes.rovibration.symmetry import equivalent_turns, with_inversion
from pes.rovibration.truncation import left_out, rotational_images
from pes.vibration.analysis.characters import characters
from pes.vibration.levels.result import Levels
from pes.vibration.symmetry.axial import level_count

__all__ = ["contract_states"]


def contract_states(
    levels: Levels,
    *,
    states: int | None = None,
    frame: str = "auto",
    reference: Tensor | None = None,
    highest: int = 0,
    report: StepDone = unheard,
) -> Contraction:
    """The lowest J = 0 states of a calculation, coupled by rotation.

    Args:
        levels: J = 0.
        states: number of states; default three times the levels, at least 60.
        frame: axes of the body, see `pes.rovibration.frames`; for `auto` see `chosen_frame`.
        reference: geometry that the axes refer to, (N, 3) in bohr; default the mean of the ground
            state, see `pes.rovibration.reference`.
        highest: J, and so K, up to which a molecule that is linear, or becomes so, is to rotate.
        report: called with the name of a step and the part of it that is done.

    Raises:
        ValueError: for fewer states than levels, or axes that jump where the levels are.
    """
    count = len(levels.energies)
    number = contracted_states(states, count, level_count(levels.hamiltonian))
    centre = reference_geometry(levels) if reference is None else reference
    if bool((centre[:, :2] == 0).all()):
        return contract_linear(levels, number, centre, highest, report)
    frame = chosen_frame(levels, frame)
    if frame == "linear":
        return contract_linear(levels, number, straight_reference(levels), highest, report)
    path = flexible_reference(levels) if frame == "flexible" else None
    centre = centre if path is None else path.middle
    masses = masses_of(levels.system)
    group = molecular_group(centre, masses) if frame in SYMMETRIC else None
    centre = centre if group is None else group.symmetrised(centre)
    body = centre if path is None else path
    whole = with_states(levels, number, partial(report, "J = 0 states"))
    report("axes", 0.0)
    fields = rotational_fields(whole.system, whole.points, frame, body)
    basis = coupling([whole], fields, partial(report, "coupling"))
    away = away_from_jumps(basis, count, frame)
    every, aside = whole, _others(whole, away)
    basis, whole = basis.only(away), only(whole, away)
    report("symmetry", 0.0)
    if group is not None and (of := multiplets_of(whole, group, count)) is not None:
        basis, whole = with_multiplets(whole, basis, of)
    fewer = _in_fewer_functions(every, away, whole, basis, fields, report)
    half, rotated = first_half(len(basis.energies)), count
    if basis.multiplets is not None:
        half, rotated = basis.multiplets.whole(half), basis.multiplets.whole(count)
    few = only(whole, torch.arange(half))
    coupled = torch.arange(min(rotated, half))
    made_of = rotational_images([whole], fields, [coupled], partial(report, "states left out"))
    basis = replace(basis, missing=left_out(made_of, [whole], aside))
    others = (
        replace(basis.first(half), missing=left_out(made_of, [few], aside)),
        replace(fewer, missing=basis.missing),
    )
    made = Contraction(
        levels, (whole,), frame, body, basis, others, (), (),
        whole.energies.new_zeros(len(basis.energies), 0),
    )  # fmt: skip
    return _with_operations(made, centre)


def _in_fewer_functions(
    every: Levels,
    away: Tensor,
    whole: Levels,
    basis: Coupling,
    fields: RotationalFields,
    report: StepDone,
) -> Coupling:
    """The coupling of the same states in fewer functions.

    Args:
        every: all J = 0 states that were computed.
        away: numbers of those that are contracted.
        whole: these.
        basis: their coupling.
        fields: fields on the grid.
        report: called with the name of a step and the part of it that is done.
    """
    done = partial(report, "fewer functions")
    less, kept = with_fewer_functions(every, lambda part: done(part / 2))
    less = only(less, away[away < len(less.energies)])
    if basis.multiplets is not None:
        less = beside(less, whole, kept, basis)
    fewer = coupling([less], fields, lambda part: done((1 + part) / 2))
    if basis.multiplets is not None:
        fewer, _ = symmetric_coupling(fewer, basis.multiplets.first(len(less.energies)))
    return fewer


def _with_operations(made: Contraction, centre: Tensor) -> Contraction:
    """The same with the symmetry operations that its states have characters under."""
    if (multiplets := made.coupling.multiplets) is not None:
        return replace(made, operations=multiplets.group.operations)
    operations = with_inversion(made.levels.hamiltonian.operations, len(centre))
    turns = None if made.frame == "embedded" else equivalent_turns(operations, centre)
    if not operations or turns is None:
        return made
    (whole,) = made.states
    return replace(
        made, operations=operations, turns=tuple(turns), characters=characters(whole, operations)
    )


def _others(levels: Levels, states: Tensor) -> Levels | None:
    """A calculation with all but some of its states; None where these are all."""
    others = torch.ones(len(levels.energies), dtype=torch.bool)
    others[states] = False
    return only(levels, others.nonzero().flatten()) if bool(others.any()) else None
