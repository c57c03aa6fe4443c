"""Normal coordinates that each of the quantum numbers v1, v2, … counts, in Herzberg's order.

References:
    G. Herzberg, Infrared and Raman Spectra of Polyatomic Molecules, Van Nostrand (1945)
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import torch

from pes.setup.labels.mode_numbers import bent_modes
from pes.setup.labels.mode_sets import DEGENERATE, degenerate_sets, sentence_of
from pes.setup.problem.problem import Problem
from pes.vibration.symmetry.operations import commuting, symmetry_operations
from pes.vibration.symmetry.representations import symmetry_labels as species

__all__ = ["NumberedCoordinates", "numbered_coordinates"]

SPECIES = ("", "A1", "A2", "B1", "B2", "A'", 'A"')
"""Species of groups without degenerate ones in Herzberg's order, as far as they are known."""

SPECIES_IN_TURN = (
    "v1, v2, ... are the quanta of the normal modes in Herzberg's order: symmetry species one "
    "after the other, each from the highest frequency down"
)
"""Convention for molecules of four atoms and more without degenerate modes."""


@dataclass(frozen=True)
class NumberedCoordinates:
    """Numbers of the coordinates that v1, v2, … count together, and the convention in words."""

    sets: tuple[tuple[int, ...], ...]
    sentence: str


def numbered_coordinates(task: Problem) -> NumberedCoordinates | None:
    """Normal coordinates as ν1, ν2, …; None where their order is not safe.

    Args:
        task: levels in normal coordinates.
    """
    # Coordinates that are not of this package may be normal ones without saying of what.
    known = getattr(task.internal, "frequencies", None)
    if known is None:
        return None
    if (found := degenerate_sets(task)) is not None:
        modes, sets = found
        same = torch.allclose(known.to(modes.frequencies), modes.frequencies, rtol=DEGENERATE)
        members = tuple(one.members for one in sets)
        return NumberedCoordinates(members, sentence_of(sets)) if same else None
    order = _herzberg(task, known.tolist())
    if order is None:
        return None
    modes = bent_modes(task)
    sentence = SPECIES_IN_TURN if modes is None else modes.sentence()
    return NumberedCoordinates(tuple((k,) for k in order), sentence)


def _herzberg(task: Problem, frequencies: list[float]) -> list[int] | None:
    """Numbers of the coordinates in Herzberg's order without degenerate modes, if it is safe."""
    if any(b - a < DEGENERATE * b for a, b in pairwise(frequencies)):
        return None
    # The same range on both sides of each coordinate: the molecule is asked, not the basis.
    specs = [replace(c, low=-1.0, high=1.0) for c in task.coordinates]
    group = commuting(symmetry_operations(task.system, specs))
    still = tuple(range(len(specs)))
    if any(o.order != still for o in group):
        return None
    signs = torch.tensor([[-1.0 if o.mirrored[k] else 1.0 for o in group] for k in still])
    if len(task.molecule.symbols) == 3 and not group:
        modes = bent_modes(task)
        return None if modes is None else [modes.numbers.index(n) for n in still]
    names = species(group, signs)
    if not set(names) <= set(SPECIES):
        return None
    return sorted(still, key=lambda k: (SPECIES.index(names[k]), -frequencies[k]))
