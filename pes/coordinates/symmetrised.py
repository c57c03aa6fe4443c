"""A geometry and its Hessian made as symmetric as they nearly are."""

from collections.abc import Iterator
from itertools import permutations

import torch
from torch import Tensor

__all__ = ["symmetrised"]

NEAR = 1e-3
"""Bohr: an atom this far from the image of a like one is meant to be there."""

SWEEPS = 3
"""Each squares what is left of the error."""


def symmetrised(reference: Tensor, hessian: Tensor, masses: Tensor) -> tuple[Tensor, Tensor]:
    """Mean over all images of a molecule under its point group.

    A search for the minimum ends 1e-6 bohr beside it, and normal modes of what it found are
    even and odd to no more than that. Those of the mean are to rounding. Nothing happens to
    molecules without symmetry.

    Args:
        reference: positions (N, 3), bohr.
        hessian: (3N, 3N).
        masses: (N,); like atoms have equal ones.
    """
    x = reference - (masses[:, None] * reference).sum(0) / masses.sum()
    centre = reference - x
    for _ in range(SWEEPS):
        x = torch.stack([x[rows] @ turn for rows, turn in _point_group(x, masses)]).mean(0)
    size = x.numel()
    unit = torch.eye(size).to(x).reshape(size, -1, 3)
    images = [(unit[:, rows] @ turn).reshape(size, size) for rows, turn in _point_group(x, masses)]
    mean = torch.stack([image.mT @ hessian @ image for image in images]).mean(0)
    return x + centre, mean


def _point_group(x: Tensor, masses: Tensor) -> Iterator[tuple[list[int], Tensor]]:
    """Permutations of like atoms with the rotations or reflections R for which x[rows] R ≈ x."""
    weights = masses.tolist()
    for order in permutations(range(len(weights))):
        if any(abs(weights[i] - weights[a]) > 1e-9 * weights[i] for i, a in enumerate(order)):
            continue
        rows = list(order)
        u, sizes, vh = torch.linalg.svd((masses[:, None] * x[rows]).mT @ x)
        # Of a plane or a line both its rotation and its reflection.
        flat = torch.where(sizes < 1e-6 * sizes[0], -1.0, 1.0).to(x)
        turns = [u @ vh] if bool((flat > 0).all()) else [u @ vh, (u * flat) @ vh]
        for turn in turns:
            if float((x[rows] @ turn - x).abs().max()) < NEAR:
                yield rows, turn
