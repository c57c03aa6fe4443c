"""The point group of a molecule: permutations of like atoms with rotations and reflections."""

from collections.abc import Iterator
from itertools import product

import torch
from torch import Tensor

from pes.geometry import atom_pairs, first_largest, is_straight
from pes.molecule import like_permutations

__all__ = ["image_matrix", "molecular_axes", "point_group"]

NEAR = 1e-3
"""Bohr: an atom this far from the image of a like one is meant to be there."""

LINEAR = 1e-3
"""Extent across a line or plane, relative to that along it, below which there is none."""


def point_group(x: Tensor, masses: Tensor) -> Iterator[tuple[list[int], Tensor]]:
    """Permutations of like atoms with the rotations or reflections R for which x[rows] R ≈ x.

    Their order is that of the permutations, rotations first. A linear molecule has infinitely many:
    sixteen of them that map its axes onto each other stand for all. They are a group, and the mean
    of H over these and over all is the same.

    Args:
        x: positions with the centre of mass at the origin (N, 3), bohr.
        masses: (N,); like atoms have equal ones.
    """
    linear = is_straight(x)
    for rows in like_permutations(masses.tolist()):
        turns = _of_a_line(molecular_axes(x)) if linear else _nearest(x[rows], x, masses)
        for turn in turns:
            if float((x[rows] @ turn - x).abs().max()) < NEAR:
                yield rows, turn


def image_matrix(rows: list[int], turn: Tensor) -> Tensor:
    """M (3N, 3N) for which positions as one row x have the image x M."""
    size = 3 * len(rows)
    unit = torch.eye(size, dtype=turn.dtype, device=turn.device).reshape(size, -1, 3)
    return (unit[:, rows] @ turn).reshape(size, size)


def molecular_axes(x: Tensor) -> Tensor:
    """Right-handed axes of a molecule in the columns of a rotation (3, 3).

    The first joins the two atoms farthest apart, the second points from this line to the atom
    farthest from it; the first of several if they tie. A linear molecule takes the Cartesian axis
    most perpendicular to it.

    Args:
        x: positions (N, 3).

    Example:
        >>> molecular_axes(torch.tensor([[0.0, 0, 0], [0, 3, 0], [0, 1, 2]]))
        tensor([[0., 0., 1.],
                [1., 0., 0.],
                [0., 1., 0.]])
    """
    pairs = atom_pairs(len(x)).to(x.device)
    i, j = pairs[:, first_largest((x[pairs[0]] - x[pairs[1]]).norm(dim=-1))]
    first = torch.nn.functional.normalize(x[j] - x[i], dim=0)
    across = _across(x - x[i], first)
    if across.norm(dim=-1).max() < LINEAR * (x[j] - x[i]).norm():
        across = _across(torch.eye(3).to(x), first)
    second = across[first_largest(across.norm(dim=-1))]
    second = torch.nn.functional.normalize(second, dim=0)
    return torch.stack((first, second, torch.linalg.cross(first, second)), 1)


def _across(x: Tensor, axis: Tensor) -> Tensor:
    return x - (x @ axis)[:, None] * axis


def _nearest(x: Tensor, image: Tensor, masses: Tensor) -> list[Tensor]:
    """Rotation or reflection R for which x R is nearest to the image; both for a planar one."""
    u, sizes, vh = torch.linalg.svd((masses[:, None] * x).mT @ image)
    if sizes[2] > LINEAR**2 * sizes[0]:
        return [u @ vh]
    flip = torch.linalg.det(u @ vh) * u.new_tensor([0.0, 0.0, 1.0])
    ahead = u[:, :2] @ vh[:2]
    across = torch.outer(u @ flip, vh[2])
    return [ahead + across, ahead - across]


def _of_a_line(axes: Tensor) -> list[Tensor]:
    """Rotations and reflections that keep or reverse the first axis and map the others on them."""
    unit = torch.eye(3).to(axes)
    turns = [
        axes @ (unit[order] * unit.new_tensor(signs)) @ axes.mT
        for order in ([0, 1, 2], [0, 2, 1])
        for signs in product((1.0, -1.0), repeat=3)
    ]
    return sorted(turns, key=lambda turn: float(turn.det()) < 0)
