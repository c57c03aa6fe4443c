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

from pes.coordinates import NormalModes, normal_modes
from pes.setup.labels.curvature import surface_hessian
from pes.setup.labels.mode_species import HERZBERG, species_of_modes
from pes.setup.problem.problem import Problem
from pes.units import CM1

__all__ = ["EQUAL_FREQUENCY", "ModeSet", "mode_sets", "sentence_of"]

EQUAL_FREQUENCY = 1e-5
"""Relative distance of frequencies up to which modes form one set."""


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


def mode_sets(task: Problem) -> tuple[NormalModes, tuple[ModeSet, ...]] | None:
    """Normal modes at the minimum and their sets, ν1 first.

    None where modes have no species that is known here, or are degenerate by accident.

    Args:
        task: levels of a molecule that is not linear at its minimum.
    """
    masses = task.molecule.masses
    modes = normal_modes(task.minimum, surface_hessian(task), masses)
    x = modes.reference - (masses[:, None] * modes.reference).sum(0) / masses.sum()
    rows = (modes.displacements * masses.sqrt()[:, None]).flatten(1)
    rows = torch.nn.functional.normalize(rows, dim=1)
    members = list(_equal(modes.frequencies.tolist()))
    species = species_of_modes([rows[list(m)] for m in members], x, masses)
    if species is None:
        return None
    sets = [
        ModeSet(own, float(modes.frequencies[list(own)].mean()), name)
        for own, name in zip(members, species, strict=True)
    ]
    return modes, tuple(sorted(sets, key=lambda s: (HERZBERG.index(s.species), -s.frequency)))


def sentence_of(sets: Sequence[ModeSet]) -> str:
    """The convention, with the species and the harmonic frequency of each mode."""
    names = " ".join(f"v{n}" for n in range(1, len(sets) + 1))
    listed = ", ".join(
        f"v{n} {one.species} ({one.frequency / CM1:.0f} cm-1)" for n, one in enumerate(sets, 1)
    )
    shared = any(len(one.members) > 1 for one in sets)
    return (
        f"{names} are the quanta of the normal modes in Herzberg's order: {listed}; these "
        "frequencies are harmonic"
        + (", and degenerate modes share one quantum number" if shared else "")
    )


def _equal(frequencies: Sequence[float]) -> Iterator[tuple[int, ...]]:
    """Numbers of modes of one frequency, of modes from the lowest frequency up."""
    last = [k for k, (a, b) in enumerate(pairwise(frequencies)) if b - a > EQUAL_FREQUENCY * b]
    ends = [0, *(k + 1 for k in last), len(frequencies)]
    yield from (tuple(range(low, high)) for low, high in pairwise(ends))
