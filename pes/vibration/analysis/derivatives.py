"""First derivatives of levels by parameters of the surface, masses or anything else.

    dE_n/dκ = ⟨ψ_n| ∂H/∂κ |ψ_n⟩

with ψ_n held fixed. In a fixed basis on a fixed grid this is exact, not an approximation.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pes.vibration.analysis.quadratic_form import (
    Fields,
    Waves,
    field_derivatives,
    fields,
    reaches,
    waves,
)
from pes.vibration.eigensolvers.blockwise import completed_clusters
from pes.vibration.eigensolvers.degeneracy import clusters, split_slopes
from pes.vibration.levels.result import Levels
from pes.vibration.system.system import System

__all__ = ["Slopes", "level_derivatives", "level_slopes"]


@dataclass(frozen=True)
class Slopes:
    """⟨m|∂H/∂κ|n⟩ for all levels m, n of one cluster, and so for every cluster.

    Attributes:
        groups: numbers of the levels of each cluster.
        elements: for each cluster and each parameter a tensor (d, d, *shape), in hartree per
            atomic unit of the parameter.
        mode: `forward` or `reverse`.
    """

    groups: list[list[int]]
    elements: list[list[Tensor]]
    mode: str

    def for_parameter(self, number: int) -> dict[int, Tensor]:
        """dE_n/dκ by level, for one of the parameters: each a tensor of its shape.

        In a cluster every single element of the parameter is a perturbation of its own, with
        the slopes of the levels it splits into, ascending.
        """
        by_level = {}
        for group, elements in zip(self.groups, self.elements, strict=True):
            by_level |= dict(zip(group, split_slopes(elements[number]), strict=True))
        return by_level

    def along(self, number: int, direction: Tensor) -> dict[int, Tensor]:
        """dE_n/dt by level where a parameter moves along t · direction.

        In a cluster this is not the sum of the elements' own slopes: the levels split along
        the direction as a whole.
        """
        by_level = {}
        for group, elements in zip(self.groups, self.elements, strict=True):
            matrix = (elements[number] * direction).flatten(2).sum(-1)
            by_level |= dict(zip(group, split_slopes(matrix), strict=True))
        return by_level


def level_derivatives(
    levels: Levels,
    parameters: Sequence[Tensor],
    *,
    system: System | None = None,
    states: Sequence[int] | None = None,
    mode: str = "auto",
    chunk: int = 4096,
) -> list[Tensor]:
    """Derivatives of levels by the Hellmann–Feynman theorem.

    Members of a degenerate cluster get the slopes of the levels into which each parameter
    splits it, ascending. See `level_slopes` for the arguments.

    Returns:
        For each parameter a tensor (S, *shape) in hartree per its atomic unit, of absolute
        energies (subtract the first row for energies above the ground state).

    References:
        R. P. Feynman, Phys. Rev. 56, 340 (1939), doi:10.1103/PhysRev.56.340
    """
    chosen_states = range(len(levels.energies)) if states is None else states
    all_slopes = level_slopes(
        levels, parameters, system=system, states=states, mode=mode, chunk=chunk
    )
    by_parameter = [all_slopes.for_parameter(number) for number in range(len(parameters))]
    return [torch.stack([rows[n] for n in chosen_states]) for rows in by_parameter]


def level_slopes(
    levels: Levels,
    parameters: Sequence[Tensor],
    *,
    system: System | None = None,
    states: Sequence[int] | None = None,
    mode: str = "auto",
    chunk: int = 4096,
) -> Slopes:
    """Matrix elements of ∂H/∂κ in every cluster that has one of the levels.

    Reverse mode evaluates V and G on the grid once, then passes backward once for each level,
    however many parameters there are; forward mode passes once for each parameter, however many
    levels there are. `auto` takes the fewer passes. What a parameter does not act through, V or
    G, is not evaluated at all. A cluster cut by the count of levels is completed first.

    Args:
        levels: where ψ, basis and grid come from; held fixed.
        parameters: tensors with `requires_grad` on which `system` depends, such as the
            parameters of the surface or a tensor of masses.
        system: the system as a function of the parameters; default the one of `levels`.
        states: numbers of the levels; default all.
        mode: auto, forward or reverse.
        chunk: grid points worked on at once.

    Raises:
        ValueError: if a parameter does not require gradients or nothing depends on it.
    """
    if mode not in ("auto", "forward", "reverse"):
        raise ValueError(f"`mode` must be auto, forward or reverse, got {mode!r}")
    system = levels.system if system is None else system
    through = _through(levels, parameters, system)
    chosen_states = set(range(len(levels.energies)) if states is None else states)
    completed = completed_clusters(levels.hamiltonian, levels.eigenpairs)
    whole = replace(levels, eigenpairs=completed, estimated_changes=None)
    groups = [group for group in clusters(whole.energies) if chosen_states & set(group)]
    members = [n for group in groups for n in group]
    places = {n: i for i, n in enumerate(members)}
    pairs = [(places[m], places[n]) for g in groups for m in g for n in g if m <= n]
    directions = sum(p.numel() for p in parameters)
    chosen = mode if mode != "auto" else "forward" if directions < len(pairs) else "reverse"
    ceiling = levels.minimum_energy + levels.cap
    totals = [p.new_zeros(len(pairs), *p.shape, dtype=torch.float64) for p in parameters]
    for slab in waves(whole, members):
        for rows in torch.arange(len(slab.points)).split(chunk):
            part = slab.rows(rows)
            live = fields(system, part.points, ceiling, through)
            MODES[chosen](part, live, parameters, pairs, totals)
    return Slopes(groups, _matrices(groups, members, pairs, totals), chosen)


def _through(levels: Levels, parameters: Sequence[Tensor], system: System) -> set[str]:
    for number, parameter in enumerate(parameters):
        if not parameter.requires_grad:
            raise ValueError(f"parameter {number} does not require gradients")
    through = reaches(system, levels.points[:1], parameters)
    for number, names in enumerate(through):
        if not names:
            raise ValueError(f"the levels do not depend on parameter {number}")
    return set().union(*through)


def _reverse(
    part: Waves,
    live: Fields,
    parameters: Sequence[Tensor],
    pairs: Sequence[tuple[int, int]],
    totals: Sequence[Tensor],
) -> None:
    """One backward pass for each pair of levels, all parameters at once."""
    for i, (m, n) in enumerate(pairs):
        bars = part.cotangents(m, n)
        outputs, weights = [], []
        for name in ("potential", "g_matrix", "slope"):
            if (output := getattr(live, name)) is not None and output.requires_grad:
                outputs.append(output)
                weights.append(getattr(bars, name))
        if not outputs:
            return
        pieces = torch.autograd.grad(
            outputs, parameters, weights, retain_graph=True, allow_unused=True
        )
        for total, piece in zip(totals, pieces, strict=True):
            if piece is not None:
                total[i] += piece


def _forward(
    part: Waves,
    live: Fields,
    parameters: Sequence[Tensor],
    pairs: Sequence[tuple[int, int]],
    totals: Sequence[Tensor],
) -> None:
    """One pass for each element of the parameters, all levels at once."""
    for total, parameter in zip(totals, parameters, strict=True):
        flat = total.view(len(pairs), -1)
        for k, tangent in enumerate(field_derivatives(live, parameter)):
            flat[:, k] += part.contractions(pairs, tangent).to(flat.device)


MODES = {"forward": _forward, "reverse": _reverse}
"""Functions that add a part of the grid to the totals (pairs, *shape) of every parameter."""


def _matrices(
    groups: Sequence[Sequence[int]],
    members: Sequence[int],
    pairs: Sequence[tuple[int, int]],
    totals: Sequence[Tensor],
) -> list[list[Tensor]]:
    """The (d, d, *shape) matrix of each cluster from its upper triangle."""
    rows = {pair: i for i, pair in enumerate(pairs)}
    matrices = []
    for group in groups:
        index = [members.index(n) for n in group]
        order = torch.tensor([[rows[min(i, j), max(i, j)] for j in index] for i in index])
        matrices.append([total[order] for total in totals])
    return matrices
