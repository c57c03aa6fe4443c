"""J = 0 states that levels with rotation are made of, and what couples them.

H is diagonalised among products of the lowest J = 0 states and functions of the orientation. What
the number of states leaves undone, and what the functions do that the states are made of, is
estimated by leaving out half of the states and a third of the functions.

References:
    J. Tennyson, B. T. Sutcliffe, J. Chem. Phys. 77, 4061 (1982), doi:10.1063/1.444316, for
    levels in two steps
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from pes.rovibration.axial import AxialStates, axial_states, parents_of
from pes.rovibration.coupling import Coupling, coupling, integrals
from pes.rovibration.fields import frame_positions, rotational_fields
from pes.rovibration.frame_choice import SYMMETRIC, away_from_jumps, chosen_frame
from pes.rovibration.group import molecular_group
from pes.rovibration.line import line_states, line_symmetry
from pes.rovibration.multiplets import symmetric_coupling, symmetric_moments
from pes.rovibration.progress import PartDone, StepDone, silent, unheard
from pes.rovibration.reference import (
    BodyReference,
    FlexibleReference,
    flexible_reference,
    masses_of,
    reference_geometry,
)
from pes.rovibration.state_choice import (
    alike_in_fewer_functions,
    contracted_states,
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
from pes.vibration.symmetry.operation import Operation

__all__ = ["Contraction", "contract_states"]

HALF = 1 / 2
"""Share of the J = 0 states in the run to compare with. For water up to J = 10 and 20 to 200 states
doubling them changes a level by at least four times what is then left. Half as many more do not
always: the states that matter come in groups."""


@dataclass(frozen=True, eq=False)
class Contraction:
    """J = 0 states with their coupling by rotation.

    Attributes:
        levels: J = 0 levels asked for.
        states: the same calculation with all n states that are contracted; of a linear molecule
            one for each K, see `pes.rovibration.axial` and `pes.rovibration.line`.
        frame: axes of the body.
        reference: geometry that the axes refer to, in bohr.
        parents: J = 0 state that each state belongs to, where a bent molecule has states for each
            K; None for others.
        species: of each state of a linear molecule in normal coordinates, such as Πu; else empty.
        coupling: of the states.
        others: of half of the states, and of as many made of fewer functions.
        operations: symmetries of levels with rotation; empty where they are not known.
        turns: axis of the half turn that each is for the frame; empty, as are the characters, where
            the coupling has multiplets.
        characters: of the states, (n, operations).
    """

    levels: Levels
    states: tuple[Levels, ...]
    frame: str
    reference: BodyReference
    coupling: Coupling
    others: tuple[Coupling, Coupling]
    operations: tuple[Operation, ...]
    turns: tuple[int | None, ...]
    characters: Tensor
    parents: Tensor | None = None
    species: tuple[str, ...] = ()

    @property
    def is_linear(self) -> bool:
        """Whether the molecule is linear at its minimum; its states then have l = K."""
        return self.coupling.axial is not None and self.parents is None

    @property
    def asked(self) -> Tensor:
        """Mask (n,) of the levels asked for and of states with another K that lie no higher."""
        count, energies = len(self.levels.energies), self.coupling.energies
        if self.parents is not None:
            return self.parents < count
        if self.coupling.axial is None:
            return torch.arange(len(energies)) < count
        first = torch.arange(len(energies)) < count
        others = (self.coupling.axial > 0) & (energies <= self.levels.energies[-1])
        return torch.where(self.coupling.axial == 0, first, others)

    @property
    def origins(self) -> Tensor:
        """Levels asked for above the ground state, in hartree; twice where K ≠ 0."""
        energies, axial = self.coupling.energies - self.levels.energies[0], self.coupling.axial
        if axial is None or not self.is_linear:
            return energies[: len(self.levels.energies)]
        return energies.repeat_interleave(torch.where(self.asked, 1 + (axial > 0).long(), 0))

    def moments(self, function: Callable[[Tensor], Tensor], report: PartDone = silent) -> Tensor:
        """⟨a|f_α|b⟩ of a vector, such as the dipole moment, along the axes of the body.

        Args:
            function: positions (P, N, 3) in bohr to vectors (P, 3) that turn with them.
            report: called with the part that is done.

        Returns:
            (3, n, n), in the unit of the function.

        Raises:
            ValueError: if the function returns another shape than (P, 3).
        """

        def vectors(q: Tensor) -> Tensor:
            x = frame_positions(self.levels.system, q, self.reference, self.frame)
            values = function(x).detach()
            if values.shape != (len(x), 3):
                raise ValueError(
                    f"the dipole function returned shape {tuple(values.shape)}; it must return "
                    f"one vector each, shape ({len(x)}, 3)"
                )
            return values

        moments, of = integrals(self.states, vectors, 1, report), self.coupling.multiplets
        return moments if of is None else symmetric_moments(moments, of)

    def scalars(self, function: Callable[[Tensor], Tensor]) -> Tensor:
        """⟨a|f_k|b⟩ of scalars, such as changes of the surface.

        Args:
            function: positions (P, N, 3) in bohr to (P, K).

        Returns:
            (K, n, n), in the unit of the function.
        """
        positions = self.levels.system.positions
        assert positions is not None
        return integrals(self.states, lambda q: function(positions(q).detach()).detach())


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
        states: how many; default three times the levels, 60 at least.
        frame: axes of the body, see `pes.rovibration.frames`; for `auto` see `chosen_frame`.
        reference: geometry that the axes refer to, (N, 3) in bohr; default the mean of the ground
            state, see `pes.rovibration.reference`.
        highest: J, and so K, up to which a molecule that is linear, or becomes so, is to rotate.
        report: called with the name of a step and the part of it that is done.

    Raises:
        ValueError: for fewer states than levels, or axes that change places where the levels are.
    """
    count = len(levels.energies)
    number = contracted_states(states, count, level_count(levels.hamiltonian))
    centre = reference_geometry(levels) if reference is None else reference
    if bool((centre[:, :2] == 0).all()):
        return _contract_linear(levels, number, centre, highest, report)
    frame = chosen_frame(levels, frame)
    if frame == "linear":
        return _contract_linear(levels, number, straight_reference(levels), highest, report)
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
    of = None if group is None else multiplets_of(whole, group, count)
    fewer_done = partial(report, "fewer functions")
    less, kept = with_fewer_functions(every, lambda part: fewer_done(part / 2))
    less = only(less, away[away < len(less.energies)])
    if of is not None:
        basis, whole = with_multiplets(whole, basis, of)
        less = beside(less, whole, kept, basis)
    fewer = coupling([less], fields, lambda part: fewer_done((1 + part) / 2))
    if basis.multiplets is not None:
        fewer, _ = symmetric_coupling(fewer, basis.multiplets.first(len(less.energies)))
    half, rotated = max(1, int(HALF * len(basis.energies))), count
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
    if basis.multiplets is not None:
        return replace(made, operations=basis.multiplets.group.operations)
    operations = with_inversion(levels.hamiltonian.operations, len(centre))
    turns = None if frame == "embedded" else equivalent_turns(operations, centre)
    if not operations or turns is None:
        return made
    return replace(
        made, operations=operations, turns=tuple(turns), characters=characters(whole, operations)
    )


def _others(levels: Levels, states: Tensor) -> Levels | None:
    """A calculation with all but some of its states; None where these are all."""
    others = torch.ones(len(levels.energies), dtype=torch.bool)
    others[states] = False
    return only(levels, others.nonzero().flatten()) if bool(others.any()) else None


def _contract_linear(
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
    halves = [torch.arange(max(1, int(HALF * number))) for number in counts]
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
