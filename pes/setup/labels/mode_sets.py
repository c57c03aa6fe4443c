"""Normal modes of equal frequency in sets, numbered as by Herzberg: ν2 of CH4 is a pair of modes.

The modes of one frequency belong to one degenerate species. Only the sum of their quanta is a
quantum number, for what each member holds depends on how they are mixed.

References:
    G. Herzberg, Infrared and Raman Spectra of Polyatomic Molecules, Van Nostrand (1945)
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from pes.coordinates import NormalModes, hessian, normal_modes
from pes.coordinates.point_group import image_matrix, point_group
from pes.setup.labels.irreps import SPECIES_BY_CHARACTERS, group_name
from pes.setup.problem.problem import Problem
from pes.units import CM1

__all__ = ["ModeSet", "degenerate_sets", "sentence_of"]

DEGENERATE = 1e-5
"""Relative distance of frequencies up to which modes may form one set."""

HERZBERG = (
    "A1", "A1'", 'A1"', "A2", "A2'", 'A2"', "E", "E'", 'E"', "F1", "F2",
)  # fmt: skip
"""Species of groups with degenerate ones in Herzberg's order."""

CLASSES = {
    "C3v": ((1, False),),
    "D3h": ((-1, False), (1, True)),
    "Td": ((-1, False), (1, False)),
}
"""Operations whose characters are those of `SPECIES_BY_CHARACTERS`: the trace of the rotation or
reflection, and whether it leaves all atoms in their places."""


@dataclass(frozen=True)
class ModeSet:
    """Normal modes that share one quantum number.

    Attributes:
        members: numbers of the modes from the lowest frequency up.
        frequency: harmonic, hartree.
        species: irreducible representation.
    """

    members: tuple[int, ...]
    frequency: float
    species: str


def degenerate_sets(task: Problem) -> tuple[NormalModes, tuple[ModeSet, ...]] | None:
    """Normal modes of a molecule with degenerate ones, and their sets in the order of numbers.

    None for groups whose species are not known here, and where modes are degenerate by accident.

    Args:
        task: levels of a molecule that is not linear at its minimum.
    """
    x, masses = task.minimum, task.molecule.masses
    group = group_name(x, masses)
    if group is None:
        return None
    device = task.masses.device
    curvature = hessian(lambda p: task.surface.potential(p.to(device)).to(x.device), x)
    modes = normal_modes(x, curvature, masses)
    operations = list(_classes(group, modes.reference, masses))
    rows = (modes.displacements * masses.sqrt()[:, None]).flatten(1)
    rows = torch.nn.functional.normalize(rows, dim=1)
    sets = []
    for members in _levels(modes.frequencies.tolist()):
        own = rows[list(members)]
        traces = [round(float((own @ image * own).sum())) for image in operations]
        species = SPECIES_BY_CHARACTERS[group].get((len(members), *traces))
        if species is None:
            return None
        sets.append(ModeSet(members, float(modes.frequencies[list(members)].mean()), species))
    return modes, tuple(sorted(sets, key=lambda s: (HERZBERG.index(s.species), -s.frequency)))


def sentence_of(sets: Sequence[ModeSet]) -> str:
    """The convention, with the species and the harmonic frequency of each mode."""
    names = " ".join(f"v{n}" for n in range(1, len(sets) + 1))
    listed = ", ".join(
        f"v{n} {one.species} ({one.frequency / CM1:.0f} cm-1)" for n, one in enumerate(sets, 1)
    )
    return (
        f"{names} are the quanta of the normal modes in Herzberg's order: {listed}; these "
        "frequencies are harmonic, and degenerate modes share one quantum number"
    )


def _classes(group: str, x: Tensor, masses: Tensor) -> Iterator[Tensor]:
    """Matrix (3N, 3N) of one operation of each class that tells the species of a group apart."""
    centred = x - (masses[:, None] * x).sum(0) / masses.sum()
    images = [
        (round(float(turn.trace())), rows == sorted(rows), image_matrix(rows, turn))
        for rows, turn in point_group(centred, masses)
    ]
    for trace, still in CLASSES[group]:
        yield next(image for t, kept, image in images if t == trace and (kept or not still))


def _levels(frequencies: Sequence[float]) -> Iterator[tuple[int, ...]]:
    """Numbers of modes of one frequency, of modes from the lowest frequency up."""
    last = [k for k, (a, b) in enumerate(pairwise(frequencies)) if b - a > DEGENERATE * b]
    ends = [0, *(k + 1 for k in last), len(frequencies)]
    yield from (tuple(range(low, high)) for low, high in pairwise(ends))
