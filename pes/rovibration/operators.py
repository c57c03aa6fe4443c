"""The nine operators of rotation: six G_αβ, α ≤ β, then the three A^α of Coriolis."""

from itertools import combinations_with_replacement

import torch
from torch import Tensor

from pes.rovibration.rotor import angular_momentum

__all__ = ["CHANGES", "PAIRS", "line_amount", "of_line", "rotor_operators"]

PAIRS = tuple(combinations_with_replacement(range(3), 2))
"""Axes α ≤ β of G_αβ."""

CHANGES = ((0, 1, 3, 8), (2, 4, 6, 7), (0, 1, 3))
"""Numbers of the operators that change |K| by nothing, by one and by two. G_zz is not among them:
where each K has states of its own, these hold it."""


def line_amount(k: int, other: int) -> float:
    """Whole element between states of a linear molecule in that between their real parts c.

    With ±k and ±k′ four parts are equal, of which the real parts hold one and their norm a half;
    where k = 0 they are two.
    """
    if k == other:
        return 1.0
    return 2.0 if k and other else 2**0.5


def of_line(images: Tensor, k: int, other: int) -> Tensor:
    """Operators (9, ...) between real parts c to those of whole states of a linear molecule.

    G_xx + G_yy keeps k, G_xx − G_yy changes it by two, which joins K = 1 to itself: the two halves
    of each have amounts of their own.
    """
    images = images * line_amount(k, other)
    if k == other:
        across = slice(0, 4, 3)
        mean, half = images[across].mean(0), (images[0] - images[3]) / 2
        half = line_amount(1, 2) * half if k == 1 else 0 * half
        images[across] = torch.stack((mean + half, mean - half))
    return images


def rotor_operators(j: int) -> Tensor:
    """Rotor factors of ⟨a|G_αβ|b⟩ and ⟨a|A^α|b⟩ in −H, (9, 2J + 1, 2J + 1), in units of ħ.

    With J = i L: ½ Σ_αβ G_αβ J_α J_β + i Σ_α A^α J_α = −½ Σ_αβ G_αβ L_α L_β − Σ_α A^α L_α.

    Example:
        Of a spherical top with G = 1 the energy is J (J + 1)/2:

        >>> operators = rotor_operators(2)
        >>> torch.allclose(-operators[[0, 3, 5]].sum(0), 3 * torch.eye(5, dtype=torch.float64))
        True
    """
    turns = angular_momentum(j)
    pairs = [(turns[a] @ turns[b] + turns[b] @ turns[a]) / (4 if a == b else 2) for a, b in PAIRS]
    return torch.stack([*pairs, *turns])
