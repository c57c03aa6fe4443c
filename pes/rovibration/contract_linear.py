"""Contraction of molecules that are linear, or become so: states of each K, coupled by rotation."""

from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from pes.rovibration.axial import AxialStates, axial_states, parents_of
from pes.rovibration.contraction import Contraction
from pes.rovibration.coupling import Coupling, coupling
from pes.rovibration.line import line_states, line_symmetry
from pes.rovibration.progress import PartDone, StepDone
from pes.rovibration.reference import BodyReference, FlexibleReference
from pes.rovibration.state_choice import (
    alike_in_fewer_functions,
    first_half,
    only,
    with_fewer_functions,
)
from pes.rovibration.symmetry import equivalent_turns, with_inversion
from pes.rovibration.truncation import left_out, rotational_images
from pes.vibration.analysis.characters import characters
from pes.vibration.levels.result import Levels

__all__ = ["contract_linear"]


def contract_linear(
    levels: Levels, number: int, reference: BodyReference, highest: int, report: StepDone
) -> Contraction:
    """States of each K of a triatomic that is linear, or becomes so, coupled by rotation."""
    if levels.hamiltonian.bends:
        return _contract_line(levels, number, reference, highest, report)
    count, straight = len(levels.energies), not isinstance(reference, FlexibleReference)
    frame = "eckart" if straight else "linear"
    report("J = 0 states", 0.0)
    made = axial_states(levels, number, highest, reference, frame)
    parents = None if straight else parents_of(made.levels)
    basis = coupling(made.levels, made.fields, partial(report, "coupling"))
    report("fewer functions", 0.0)
    fewer = coupling([with_fewer_functions(one)[0] for one in made.levels], made.fields)
    first = replace(made.levels[0], estimated_changes=levels.estimated_changes)
    first = replace(first, eigenpairs=first.eigenpairs.first(count))
    operations = with_inversion(levels.hamiltonian.operations, 3)
    turns = equivalent_turns(operations, _bent(reference))
    assert turns is not None
    whole = Contraction(
        first, made.levels, frame, reference, basis, (basis, fewer), operations, tuple(turns),
        torch.cat([characters(one, operations) for one in made.levels]), parents,
    )  # fmt: skip
    return _with_second_order(whole, made, fewer, partial(report, "states left out"))


def _contract_line(
    levels: Levels, number: int, reference: BodyReference, highest: int, report: StepDone
) -> Contraction:
    """States of each K of a linear molecule in 3N − 5 coordinates, coupled by rotation."""
    assert isinstance(reference, Tensor)
    count = len(levels.energies)
    made = line_states(levels, number, highest, reference, partial(report, "J = 0 states"))
    basis = coupling(made.levels, made.fields, partial(report, "coupling"))
    report("fewer functions", 0.0)
    fewer = coupling([alike_in_fewer_functions(one) for one in made.levels], made.fields)
    first = replace(made.levels[0], estimated_changes=levels.estimated_changes)
    first = replace(first, eigenpairs=first.eigenpairs.first(count))
    operations, turns, values, species = line_symmetry(made.levels)
    whole = Contraction(
        first, made.levels, "embedded", reference, basis, (basis, fewer), operations, turns, values,
        species=species,
    )  # fmt: skip
    return _with_second_order(whole, made, fewer, partial(report, "states left out"))


def _bent(reference: BodyReference) -> Tensor:
    """A bent geometry (3, 3): an exchange of the ends and E* are half turns about its x and y."""
    line = reference.middle if isinstance(reference, FlexibleReference) else reference
    bent = torch.zeros_like(line)
    bent[:, 2] = line[:, 2]
    bent[line[:, 2].abs().argmin(), 0] = float(line.norm())
    return bent - bent.mean(0) * torch.tensor([1.0, 0.0, 0.0]).to(bent)


def _with_second_order(
    whole: Contraction, made: AxialStates, fewer: Coupling, report: PartDone
) -> Contraction:
    """A contraction of states of each K, with what the states left out do to those asked for."""
    counts = [len(one.energies) for one in made.levels]
    halves = [torch.arange(first_half(number)) for number in counts]
    coupled = [own.nonzero().flatten() for own in whole.asked.split(counts)]
    coupled = [own[own < len(half)] for own, half in zip(coupled, halves, strict=True)]
    made_of = rotational_images(made.levels, made.fields, coupled, report)
    few = [only(one, half) for one, half in zip(made.levels, halves, strict=True)]
    kept = torch.cat([sum(counts[:k]) + half for k, half in enumerate(halves)])
    basis = replace(whole.coupling, missing=left_out(made_of, made.levels))
    smaller = replace(whole.coupling.only(kept), missing=left_out(made_of, few))
    alike = len(fewer.energies) == len(basis.energies)
    fewer = replace(fewer, missing=basis.missing) if alike else fewer
    return replace(whole, coupling=basis, others=(smaller, fewer))
