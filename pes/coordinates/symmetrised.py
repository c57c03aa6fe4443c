"""A geometry and its Hessian made as symmetric as they nearly are."""

import torch
from torch import Tensor

from pes.coordinates.point_group import image_matrix, point_group

__all__ = ["symmetrised"]

SWEEPS = 3
"""Each squares what is left of the error."""


def symmetrised(reference: Tensor, hessian: Tensor, masses: Tensor) -> tuple[Tensor, Tensor]:
    """Mean over all images of a molecule under its point group.

    A search for the minimum ends 1e-6 bohr beside it, and its normal modes are even or odd to no
    more than that. The modes of the mean are so to rounding. A molecule without symmetry stays.

    Args:
        reference: positions (N, 3), bohr.
        hessian: (3N, 3N).
        masses: (N,); like atoms have equal ones.
    """
    x = reference - (masses[:, None] * reference).sum(0) / masses.sum()
    centre = reference - x
    for _ in range(SWEEPS):
        x = torch.stack([x[rows] @ turn for rows, turn in point_group(x, masses)]).mean(0)
    images = [image_matrix(rows, turn) for rows, turn in point_group(x, masses)]
    mean = torch.stack([image.mT @ hessian @ image for image in images]).mean(0)
    return x + centre, mean
