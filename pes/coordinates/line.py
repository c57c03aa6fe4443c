"""Molecules that are linear at their minimum: the axes across the line and the pairs of bends."""

from dataclasses import dataclass

from torch import Tensor

from pes.coordinates.point_group import molecular_axes
from pes.geometry import is_straight

__all__ = ["Line", "line_of", "paired"]


@dataclass(frozen=True, eq=False)
class Line:
    """Bends of a linear molecule, each along two axes.

    Attributes:
        across: unit vectors across the line, (2, 3).
        bends: numbers of the normal coordinates of each pair, along the first and the second axis:
            turning the molecule about its line turns each pair alike.
    """

    across: Tensor
    bends: tuple[tuple[int, int], ...]


def line_of(reference: Tensor, displacements: Tensor) -> Line | None:
    """The line and the bends of normal modes; None for a molecule that is bent.

    Args:
        reference: positions (N, 3).
        displacements: ∂x/∂q_k (Q, N, 3); those of each bend lie along an axis of the molecule.
    """
    if not is_straight(reference):
        return None
    axes = molecular_axes(reference)
    first, second = _across(displacements @ axes)
    return Line(axes[:, 1:].mT, tuple(zip(first, second, strict=True)))


def paired(reference: Tensor, displacements: Tensor, frequencies: Tensor) -> tuple[Tensor, Tensor]:
    """Modes of a linear molecule whose bends are pairs to the last digit.

    The second of a pair is the first, turned by 90° about the line. Other modes, and those of a
    bent molecule, stay as they are.

    Args:
        reference: positions (N, 3) on a line.
        displacements: (Q, N, 3), each bend along an axis of the molecule.
        frequencies: (Q,).
    """
    if not is_straight(reference):
        return displacements, frequencies
    axes = molecular_axes(reference)
    moved, frequencies = displacements @ axes, frequencies.clone()
    first, second = _across(moved)
    moved[first, :, 0] = moved[first, :, 2] = 0.0
    moved[second] = moved[first][..., [0, 2, 1]]
    frequencies[first] = frequencies[second] = (frequencies[first] + frequencies[second]) / 2
    return moved @ axes.mT, frequencies


def _across(moved: Tensor) -> tuple[list[int], list[int]]:
    """Numbers of the modes along the second and the third axis, by displacements (Q, N, 3)."""
    along = moved.square().sum(1).argmax(-1)
    first, second = ((along == k).nonzero().flatten().tolist() for k in (1, 2))
    return first, second
