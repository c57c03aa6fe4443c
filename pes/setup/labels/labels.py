"""Quantum numbers of levels: of normal modes as spectroscopists number them, or of the basis.

Normal modes are numbered as by Herzberg: symmetry species one after the other, each from the
highest frequency down; of bent molecules of three atoms see `mode_numbers`. A level gets
a label only if one set of quanta holds half of it or more, and these quanta are certain.

References:
    G. Herzberg, Infrared and Raman Spectra of Polyatomic Molecules, Van Nostrand (1945)
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pes.coordinates.internal import zero_at_minimum
from pes.setup.labels.irreps import multiplets
from pes.setup.labels.ladder_motions import bent_motions, ladder_motions
from pes.setup.labels.linear_labels import bend_of_linear, linear_heading, linear_quanta
from pes.setup.labels.mode_numbers import bent_modes
from pes.setup.labels.numbered_coordinates import numbered_coordinates
from pes.setup.problem.problem import Problem
from pes.vibration.analysis import assignment
from pes.vibration.analysis.mode_quanta import summed_quanta
from pes.vibration.analysis.stretch_and_bend import stretch_and_bend_quanta
from pes.vibration.levels.result import Levels

__all__ = [
    "LABELS",
    "LevelLabels",
    "label_heading",
    "level_labels",
    "normal_heading",
    "with_axial_states",
]

LABELS = ("normal", "local")
"""Quanta of normal modes where they are safe, or of the basis functions of each coordinate."""

LINEAR_ORDER = (
    "v1, v2, ... are the quanta of the normal modes in Herzberg's order: stretches before bends, g "
    "before u, each from the highest frequency down"
)
"""Convention for linear molecules of four atoms and more."""

LINEAR_TRIATOMIC = (
    "v1 v2^l v3 are the quanta of the normal modes of a linear molecule: v1 the symmetric stretch, "
    "or else the lower one, v2 the bend with its l, v3 the other stretch"
)
"""Convention for linear molecules of three atoms."""

NOT_NORMAL = "for the normal modes of this molecule have no safe numbers in these coordinates"
"""Reason for which levels have no quanta of normal modes."""


@dataclass(frozen=True)
class LevelLabels:
    """Quanta of every level.

    Attributes:
        heading: names of the quantum numbers, such as `v1 v2 v3` or `n(r1) n(r2) n(theta)`.
        quanta: quanta of each level, None where no set of known quanta holds half of it.
        weights: (S,) share of that set.
        momenta: l of the bend of a linear triatomic, for each level; empty for other molecules.
        convention: which motion each quantum number counts, in one sentence.
        ranks: place of each level among those of the same quanta and symmetry, from 1, where there
            are several; 0 elsewhere. Empty for molecules without degenerate modes.
    """

    heading: str
    quanta: list[tuple[int, ...] | None]
    weights: Tensor
    momenta: tuple[int, ...] = ()
    convention: str = ""
    ranks: tuple[int, ...] = ()

    def text(self, state: int) -> str:
        """Label of a level for tables, `-` where there is none."""
        quanta = self.quanta[state]
        if quanta is None:
            return "-"
        if self.momenta:
            v1, v2, v3 = quanta
            return f"{v1} {v2}^{self.momenta[state]} {v3}"
        rank = self.ranks[state] if self.ranks else 0
        return " ".join(map(str, quanta)) + (f" #{rank}" if rank else "")


def level_labels(levels: Levels, task: Problem, labels: str = "normal") -> LevelLabels:
    """Labels of all levels.

    Quanta of normal modes are given for molecules of three atoms, and of more whose modes have
    species with names, the quanta of degenerate modes added up: in normal coordinates by their
    functions, in others by ladders. For all others the quanta of the leading basis function are
    named as what they are.

    Args:
        levels: levels on the CPU.
        task: what they are of.
        labels: one of `LABELS`.

    Raises:
        ValueError: for other `labels`.
    """
    if labels not in LABELS:
        raise ValueError(f"`labels` must be one of {', '.join(LABELS)}, got {labels!r}")
    if labels == "normal" and (named := _normal(levels, task)) is not None:
        return named
    three = len(task.internal.names) == 3
    quanta, weights = assignment.leading_modals(levels) if three else levels.leading
    why = "as asked for" if labels == "local" else NOT_NORMAL
    return LevelLabels(
        _local_heading(task), [tuple(q) for q in quanta.tolist()], weights,
        convention=f"{_local_heading(task)} are local-mode quanta, those of each coordinate, {why}",
    )  # fmt: skip


def _normal(levels: Levels, task: Problem) -> LevelLabels | None:
    """Quanta of normal modes; None where these have no safe numbers."""
    if levels.hamiltonian.bends:
        return _linear([levels], task)
    if zero_at_minimum(task.internal.kinds):
        numbered = numbered_coordinates(task)
        return numbered and _numbered(
            levels, task, summed_quanta(levels, numbered.sets), numbered.sentence
        )
    if bend_of_linear(task) is not None:
        return _linear([levels], task)
    if (bent := bent_modes(task)) is not None:
        quanta, weights = bent_motions(task, bent).quanta(levels, task)
        return LevelLabels(normal_heading(3), quanta, weights, convention=bent.sentence())
    motions = ladder_motions(task)
    if motions is None:
        return None
    named = _numbered(levels, task, motions.quanta(levels, task), motions.sentence)
    # Both levels of a doublet have the same quanta, whether or not other modes are degenerate.
    doublets = motions.wells > 1 and not named.ranks
    return replace(named, ranks=(0,) * len(named.quanta)) if doublets else named


def _numbered(
    levels: Levels,
    task: Problem,
    found: tuple[list[tuple[int, ...] | None], Tensor],
    sentence: str,
) -> LevelLabels:
    """Labels in which the members of a degenerate level agree."""
    quanta, weights = list(found[0]), found[1].clone()
    several: dict[tuple[tuple[int, ...], str], list[list[int]]] = {}
    for species, members in multiplets(levels, task):
        own = quanta[members[0]]
        if own is None or any(quanta[n] != own for n in members):
            for n in members:
                quanta[n] = None
        else:
            several.setdefault((own, species), []).append(members)
    ranks = [0] * len(quanta) if several else []
    for alike in several.values():
        for rank, members in enumerate(alike, 1):
            for n in members:
                ranks[n] = rank if len(alike) > 1 else 0
    heading = normal_heading(len(next(q for q in quanta if q is not None)))
    return LevelLabels(heading, quanta, weights, convention=sentence, ranks=tuple(ranks))


def label_heading(task: Problem) -> str:
    """Names of the quanta that levels of a problem will have, before any is computed."""
    modes, bends = len(task.internal.names), len(task.system.bends)
    if bends:
        return linear_heading(modes - bends, bends)
    if bend_of_linear(task) is not None:
        return linear_heading(modes, 1)
    if zero_at_minimum(task.internal.kinds):
        numbered = numbered_coordinates(task)
        return _local_heading(task) if numbered is None else normal_heading(len(numbered.sets))
    if bent_modes(task) is not None:
        return normal_heading(modes)
    motions = ladder_motions(task)
    return _local_heading(task) if motions is None else normal_heading(len(motions.sets))


def _local_heading(task: Problem) -> str:
    return " ".join(f"n({name})" for name in task.internal.names)


def normal_heading(modes: int) -> str:
    """Names of the quanta of normal modes, `v1 v2 v3` of three."""
    return " ".join(f"v{k + 1}" for k in range(modes))


def with_axial_states(labels: LevelLabels, states: Sequence[Levels], task: Problem) -> LevelLabels:
    """Labels of J = 0 levels, then those of states with K = 1, 2, … of a linear molecule."""
    if len(states) == 1:
        return labels
    if labels.heading.startswith("v1"):
        of_all = _linear(states, task)
    else:
        quanta, weights = zip(*map(assignment.leading_modals, states), strict=True)
        rows: list[tuple[int, ...] | None] = [tuple(q) for q in torch.cat(quanta).tolist()]
        of_all = LevelLabels(labels.heading, rows, torch.cat(weights))
    known = len(labels.quanta)
    return replace(
        of_all, quanta=[*labels.quanta, *of_all.quanta[known:]],
        weights=torch.cat((labels.weights, of_all.weights[known:])),
    )  # fmt: skip


def _linear(states: Sequence[Levels], task: Problem) -> LevelLabels:
    """Quanta of states with K = 0, 1, … of a linear molecule."""
    bend, weights = bend_of_linear(task), []
    rows: list[tuple[int, ...] | None] = []
    for k, one in enumerate(states):
        if bend is None:
            quanta, shares = linear_quanta(one, task)
        else:
            exchanged = any(o.order != (0, 1, 2) for o in one.hamiltonian.operations)
            quanta, shares = stretch_and_bend_quanta(one, bend, k, exchanged=exchanged)
        rows += quanta
        weights.append(shares)
    if len(task.molecule.symbols) > 3:
        heading = label_heading(task)
        return LevelLabels(heading, rows, torch.cat(weights), convention=LINEAR_ORDER)
    momenta = tuple(k for k, one in enumerate(states) for _ in one.energies)
    return LevelLabels("v1 v2^l v3", rows, torch.cat(weights), momenta, LINEAR_TRIATOMIC)
