"""Species of normal modes in the point group of the minimum, and their order.

References:
    G. Herzberg, Infrared and Raman Spectra of Polyatomic Molecules, Van Nostrand (1945);
    R. S. Mulliken, J. Chem. Phys. 23, 1997 (1955), doi:10.1063/1.1740655, for the axes
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pes.coordinates.point_group import image_matrix, point_group
from pes.rovibration.group import molecular_group

__all__ = ["HERZBERG", "species_of_modes"]

HERZBERG = (
    "A", "A'", 'A"', "Ag", "Au", "A1", "A1'", 'A1"', "A2", "A2'", 'A2"', "B", "Bg", "Bu",
    "B1", "B1g", "B1u", "B2", "B2g", "B2u", "B3", "B3g", "B3u", "E", "E'", 'E"', "F1", "F2",
)  # fmt: skip
"""Species in Herzberg's order; groups do not share all of them."""

TURN, PLANE, CENTRE = -1, 1, -3
"""Trace of a half turn, of a reflection and of the inversion."""

MIXED = 0.99
"""Modes whose characters are smaller have no species of their own."""

LETTERS = {(1, 1): "A1", (1, -1): "A2", (-1, -1): "B1", (-1, 1): "B2"}
"""Species of C2v by the half turn and the plane yz."""


@dataclass(frozen=True)
class _Element:
    """A rotation or reflection: trace, matrix (3N, 3N), and how much of the molecule it leaves.

    Elements of one kind are ordered by the mass of the atoms that stay, then by Σ m x·Rx.
    """

    trace: int
    matrix: Tensor
    left: tuple[float, float]


def species_of_modes(sets: Sequence[Tensor], x: Tensor, masses: Tensor) -> list[str] | None:
    """Species of the modes of each frequency; None where they have none, or none known here.

    Known are C3v, D3h and Td, and all groups of half turns, planes and a centre. In C2v yz is the
    plane that holds most of the mass, that of the molecule if it is planar; in D2 and D2h z is the
    axis that holds most of it.

    Args:
        sets: orthonormal mass-weighted modes of each frequency, (d, 3N).
        x: positions of the minimum (N, 3), the centre of mass at the origin.
        masses: (N,).
    """
    if (group := molecular_group(x, masses)) is not None:
        signs = [-1.0 if star else 1.0 for star in group.starred]
        images = [
            image_matrix(list(rows), sign * turn)
            for rows, sign, turn in zip(group.permutations, signs, group.turns, strict=True)
        ]
        return _of_multiplets(sets, images, dict(zip(group.species, group.characters, strict=True)))
    elements = [_element(rows, turn, x, masses) for rows, turn in point_group(x, masses)]
    if any(len(one) > 1 for one in sets):
        return None
    names = [_of_half_turns(one[0], elements) for one in sets]
    known = [name for name in names if name is not None]
    return known if len(known) == len(names) else None


def _of_multiplets(
    sets: Sequence[Tensor], images: Sequence[Tensor], species: Mapping[str, Tensor]
) -> list[str] | None:
    """Species by the characters of all elements of a group."""
    names = []
    for one in sets:
        traces = torch.stack([(one @ image * one).sum() for image in images])
        own = [n for n, row in species.items() if float((row - traces).abs().max()) < 1 - MIXED]
        names += own
    return names if len(names) == len(sets) else None


def _element(rows: list[int], turn: Tensor, x: Tensor, masses: Tensor) -> _Element:
    still = sum(float(m) for k, m in enumerate(masses) if rows[k] == k)
    spread = float((masses[:, None] * x * (x @ turn)).sum())
    return _Element(round(float(turn.trace())), image_matrix(rows, turn), (round(still), spread))


def _of_half_turns(mode: Tensor, elements: Sequence[_Element]) -> str | None:
    """Species of a mode (3N,) in a group of half turns, planes and a centre."""
    signs: dict[int, list[int]] = {TURN: [], PLANE: [], CENTRE: []}
    for one in sorted(elements, key=lambda e: e.left, reverse=True):
        character = float(mode @ one.matrix @ mode)
        if one.trace in signs:
            signs[one.trace].append(round(character))
        elif one.trace != 3:
            return None
        if abs(character) < MIXED:
            return None
    turns, planes, centre = signs[TURN], signs[PLANE], signs[CENTRE]
    inverted = "".join("g" if sign > 0 else "u" for sign in centre)
    if (len(turns), len(planes), len(centre)) == (1, 2, 0):
        return LETTERS[turns[0], planes[0]]
    if len(turns) == 3:
        return ("A" if sum(turns) == 3 else f"B{turns.index(1) + 1}") + inverted
    if len(turns) == 1:
        return ("A" if turns[0] > 0 else "B") + inverted
    if planes and not centre:
        return "A'" if planes[0] > 0 else 'A"'
    return "A" + inverted
