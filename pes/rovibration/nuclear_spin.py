"""Nuclear spins and the statistical weights they give to levels."""

import re
from collections.abc import Sequence
from math import factorial, prod

import torch
from torch import Tensor

from pes.rovibration.symmetry import permutation
from pes.vibration.symmetry.operation import Operation

__all__ = ["SPINS", "permuted", "spin_weights"]

SPINS = {
    "1H": 0.5, "2H": 1.0, "3H": 0.5, "3He": 0.5, "4He": 0.0, "6Li": 1.0, "7Li": 1.5, "9Be": 1.5,
    "10B": 3.0, "11B": 1.5, "12C": 0.0, "13C": 0.5, "14N": 1.0, "15N": 0.5, "16O": 0.0, "17O": 2.5,
    "18O": 0.0, "19F": 0.5, "20Ne": 0.0, "22Ne": 0.0, "23Na": 1.5, "24Mg": 0.0, "25Mg": 2.5,
    "26Mg": 0.0, "27Al": 2.5, "28Si": 0.0, "29Si": 0.5, "30Si": 0.0, "31P": 0.5, "32S": 0.0,
    "33S": 1.5, "34S": 0.0, "36S": 0.0, "35Cl": 1.5, "37Cl": 1.5, "36Ar": 0.0, "40Ar": 0.0,
    "39K": 1.5, "79Br": 1.5, "81Br": 1.5, "127I": 2.5,
}  # fmt: skip
"""Spin of nuclei in their ground state (N. J. Stone, IAEA report INDC(NDS)-0658, 2014)."""


def spin_weights(
    nuclei: Sequence[str],
    operations: Sequence[Operation],
    characters: Tensor,
    degeneracies: Tensor | None = None,
) -> Tensor:
    """Number of nuclear spin functions that each level goes with, g_ns (S,).

    The product of a level and its spin function changes sign under an exchange of two like nuclei
    of half-integer spin and does not under that of others; inversion of space leaves spins alone.

    Args:
        nuclei: nuclei with mass number, such as `("16O", "1H", "1H")`.
        operations: symmetries, with the permutation in their names.
        characters: characters of the levels, (S, operations).
        degeneracies: degeneracies of the levels, (S,), that is their characters under the identity;
            default 1.

    Returns:
        Weights of whole levels; without operations those of spins that nothing connects.

    Raises:
        ValueError: for a nucleus whose spin is not in `SPINS`.

    References:
        P. R. Bunker, P. Jensen, Molecular Symmetry and Spectroscopy, NRC Press (1998), chapter 8

    Example:
        Ortho and para water:

        >>> swap = Operation("(2 3)", (1, 0, 2), (False,) * 3)
        >>> signs = torch.tensor([[1.0], [-1.0]], dtype=torch.float64)
        >>> spin_weights(("16O", "1H", "1H"), [swap], signs)
        tensor([1., 3.], dtype=torch.float64)
    """
    if missing := [n for n in nuclei if n not in SPINS]:
        raise ValueError(f"the nuclear spin of {missing[0]} is not known here; known: {_known()}")
    spins = [SPINS[n] for n in nuclei]
    one = torch.ones(len(characters)) if degeneracies is None else degeneracies
    total = one.double() * prod(round(2 * i + 1) for i in spins)
    order = 1
    for column, operation in enumerate(operations):
        if "*" not in operation.name:
            order += 1
            total = total + characters[:, column] * _spin_character(operation, spins)
    return (total / order).round(decimals=3)


def permuted(nuclei: Sequence[str], operations: Sequence[Operation]) -> bool:
    """Whether the operations include every exchange of like nuclei that affects spin weights.

    Two of a kind need one exchange of theirs, which may exchange others as well; three or more all
    permutations of theirs, with or without an inversion of space.

    Example:
        >>> swap = Operation("(2 3)", (1, 0, 2), (False,) * 3)
        >>> permuted(("16O", "1H", "1H"), [swap]), permuted(("14N", "1H", "1H", "1H"), [swap])
        (True, False)
    """
    images = [permutation(operation.name, len(nuclei)) for operation in operations]
    for nucleus in set(nuclei):
        like = [atom for atom, one in enumerate(nuclei) if one == nucleus]
        orders = {tuple(image[atom] for atom in like) for image in [*images, range(len(nuclei))]}
        if len(orders) < factorial(len(like)):
            return False
    return True


def _spin_character(operation: Operation, spins: Sequence[float]) -> float:
    """Spin functions that a permutation leaves as they are, with the sign fermions give it."""
    value, seen = 1.0, set()
    image = permutation(operation.name, len(spins))
    for first in range(len(spins)):
        length, atom = 0, first
        while atom not in seen:
            seen.add(atom)
            length, atom = length + 1, image[atom]
        if length:
            value *= 2 * spins[first] + 1
            value *= (-1.0) ** (round(2 * spins[first]) * (length - 1))
    return value


def _known() -> str:
    return ", ".join(sorted(SPINS, key=lambda n: int(re.match(r"\d+", n)[0])))  # type: ignore[index]
