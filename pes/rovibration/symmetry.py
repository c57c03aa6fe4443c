"""Symmetry of rovibrational levels under permutations of like nuclei and inversion."""

import re
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from pes.rovibration.rotor import half_turns
from pes.vibration.symmetry.operation import Operation

__all__ = ["equivalent_turns", "permutation", "rovibrational_characters", "with_inversion"]

SAME = 1e-3
"""Relative to the size of the molecule: distances that differ less are equal."""


def with_inversion(operations: Sequence[Operation], atoms: int) -> tuple[Operation, ...]:
    """The operations, and those of three atoms times E*, which no coordinate of theirs shows."""
    if atoms != 3:
        return tuple(operations)
    still = tuple(range(3))
    inversion = Operation("E*", still, (False,) * 3)
    starred = (replace(o, name=f"{o.name}*") for o in operations if "*" not in o.name)
    return (*operations, inversion, *starred)


def equivalent_turns(operations: Sequence[Operation], reference: Tensor) -> list[int | None] | None:
    """Axis of the half turn that each operation is for the frame; None for no turn at all.

    An operation that permutes nuclei, and inverts space if its name has a star, takes the
    reference to a copy of itself, which a turn T brings back: ± permuted(c) T = c. T is the
    equivalent rotation of the molecular symmetry group.

    Args:
        operations: operations of a molecule.
        reference: (N, 3) along its principal axes.

    Returns:
        For each operation 0, 1, 2 for x, y, z, or None; None for all if one of them is another
        turn: the minimum is then not symmetric, or a symmetric top.

    References:
        P. R. Bunker, P. Jensen, Molecular Symmetry and Spectroscopy, NRC Press (1998), chapter 4
    """
    size = float(reference.norm(dim=1).max())
    turns: list[int | None] = []
    for operation in operations:
        image = reference[permutation(operation.name, len(reference))]
        image = -image if operation.name.endswith("*") else image
        signs = (image * reference).sum(0).sign()
        flat = reference.abs().amax(0) < SAME * size
        # Nothing tells the sense of the axis across a plane but that the turn is proper.
        signs = torch.where(flat, torch.where(flat, 1.0, signs).prod(), signs)
        turned = image * signs
        if float((turned - reference).abs().max()) > SAME * size or float(signs.prod()) < 0:
            return None
        axis = (signs > 0).nonzero().flatten()
        turns.append(None if len(axis) == 3 else int(axis[0]))
    return turns


def rovibrational_characters(
    vectors: Tensor, j: int, vibrational: Tensor, turns: Sequence[int | None]
) -> Tensor:
    """⟨Ψ|OΨ⟩ of levels and operations, (S, operations): ±1, or between for a mixture.

    Args:
        vectors: columns by J = 0 state, then function of the rotor, (n (2J + 1), S).
        j: J.
        vibrational: characters of the J = 0 states, (n, operations).
        turns: what `equivalent_turns` returned.
    """
    weights = vectors.square().reshape(len(vibrational), 2 * j + 1, -1)
    signs = half_turns(j).to(vectors)
    columns = []
    for k, axis in enumerate(turns):
        rotor = torch.ones(2 * j + 1).to(vectors) if axis is None else signs[axis]
        columns.append(torch.einsum("nrs,n,r->s", weights, vibrational[:, k], rotor))
    return torch.stack(columns, 1) if columns else vectors.new_zeros(vectors.shape[1], 0)


def permutation(name: str, atoms: int) -> list[int]:
    """Image of each atom, from the cycles in the name of an operation."""
    image = list(range(atoms))
    for cycle in re.findall(r"\(([\d ]+)\)", name):
        numbers = [int(n) - 1 for n in cycle.split()]
        for one, other in zip(numbers, numbers[1:] + numbers[:1], strict=True):
            image[one] = other
    return image
