"""Signs of normal modes, and mixtures of degenerate ones, that no machine chooses."""

import torch
from torch import Tensor

from pes.coordinates.point_group import image_matrix, molecular_axes, point_group
from pes.geometry import atom_pairs, first_largest

__all__ = ["standard_modes"]

DEGENERATE = 1e-6
"""Relative difference of neighbouring ω² below which modes share one level: 0.001 cm⁻¹."""

SEEN = 0.01
"""Change of a distance, relative to the displacement of an atom, that decides on a sign."""


def standard_modes(vectors: Tensor, squares: Tensor, reference: Tensor, masses: Tensor) -> Tensor:
    """Normal modes (Q, 3N) with the signs and mixtures of the convention.

    Eigenvectors are determined up to their sign, and degenerate ones up to a rotation among
    themselves; what an eigensolver returns differs from machine to machine. The convention:

    1. A mode is positive where it lengthens the interatomic distance that it changes most, the
       first such pair (01, 02, …, 12, …) if several tie. In a stretch of q > 0 bonds are longer,
       in a bend the angle is wider.
    2. Degenerate modes are even or odd under symmetry operations that are their own inverse and
       commute with one another (`_commuting`), even ones first.
    3. Degenerate modes that are alike in this: the distance that they change most is changed by
       the first alone, and so on with the rest.
    4. Where no distance changes to first order, out of the plane of a planar or across the line of
       a linear molecule, the displacements of the atoms along the axes of the molecule
       (`molecular_axes`), atom by atom, take the place of the distances.

    Nothing of this depends on how the molecule lies in space, and a mirror image has the mirror
    images of the modes. Two exceptions leave V as it is: reflecting a planar molecule reverses all
    modes out of the plane together, and turning a linear one about itself turns all its bends.

    Args:
        vectors: orthonormal mass-weighted modes (Q, 3N), ascending.
        squares: ω² (Q,), those of degenerate modes equal to 1e-6.
        reference: positions (N, 3); their symmetry is exact.
        masses: (N,).
    """
    x = reference - (masses[:, None] * reference).sum(0) / masses.sum()
    images = _commuting(x, masses)
    steps = squares.diff() > DEGENERATE * squares[1:].abs()
    sizes = torch.diff((steps.nonzero()[:, 0] + 1).cpu(), prepend=torch.tensor([0])).tolist()
    levels = list(vectors.split([*sizes, len(vectors) - sum(sizes)]))
    for image in images:
        levels = [part for level in levels for part in _even_and_odd(level, image)]
    return torch.cat([_mixed(level, x, masses) for level in levels])


def _commuting(x: Tensor, masses: Tensor) -> list[Tensor]:
    """Matrices (3N, 3N) of operations of the point group that commute, as many as in its order."""
    chosen: list[Tensor] = []
    for rows, turn in point_group(x, masses):
        image = image_matrix(rows, turn)
        # The matrices are orthogonal: one that is symmetric is its own inverse.
        pairs = [(image, image.mT), *((image @ one, one @ image) for one in chosen)]
        if all(torch.allclose(a, b, rtol=0, atol=SEEN) for a, b in pairs):
            chosen.append(image)
    return chosen


def _even_and_odd(vectors: Tensor, image: Tensor) -> list[Tensor]:
    """The modes (g, 3N) of a level that an operation keeps, and those that it reverses."""
    if len(vectors) == 1:
        return [vectors]
    signs, mixtures = torch.linalg.eigh(vectors @ image @ vectors.mT)
    parts = (mixtures[:, chosen].mT @ vectors for chosen in (signs > 0, signs <= 0))
    return [part for part in parts if len(part)]


def _mixed(vectors: Tensor, x: Tensor, masses: Tensor) -> Tensor:
    """Modes (g, 3N) so turned that each has alone what decides, among those that follow."""
    modes = []
    while len(vectors):
        share = _deciding(vectors, x, masses)
        # The first column of q is the unit vector along the share, up to its sign.
        q = torch.linalg.qr(share[:, None], mode="complete").Q
        turned = q.mT @ vectors
        modes.append(turned[0] * (q[:, 0] @ share).sign())
        vectors = turned[1:]
    return torch.stack(modes)


def _deciding(vectors: Tensor, x: Tensor, masses: Tensor) -> Tensor:
    """Contribution (g,) of each mode (g, 3N) to the displacement that fixes its sign."""
    moved = vectors.reshape(-1, *x.shape) / masses.sqrt()[:, None]
    first, second = atom_pairs(len(x)).to(x.device)
    bonds = torch.nn.functional.normalize(x[second] - x[first], dim=-1)
    stretches = ((moved[:, second] - moved[:, first]) * bonds).sum(-1)
    shifts = (moved @ molecular_axes(x)).flatten(1)
    largest_stretch, largest_shift = (each.norm(dim=0).max() for each in (stretches, shifts))
    changes = stretches if largest_stretch > SEEN * largest_shift else shifts
    return changes[:, first_largest(changes.norm(dim=0))]
