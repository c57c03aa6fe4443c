"""Shapes of symmetric and spherical tops, and their groups."""

import torch
from torch import Tensor

from pes.molecule import Molecule
from pes.rovibration.group import MolecularGroup, molecular_group

ROOT = 3**0.5 / 2


def pyramid(height: float) -> Tensor:
    """A middle atom and three others, (4, 3)."""
    rim = [[1.9, 0.0, 0.0], [-0.95, 1.9 * ROOT, 0.0], [-0.95, -1.9 * ROOT, 0.0]]
    return torch.tensor([[0.0, 0.0, height], *rim], dtype=torch.float64)


TETRAHEDRON = torch.tensor(
    [[0.0, 0, 0], [1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], dtype=torch.float64
)

SHAPES = {
    "C3v": (("31P", "1H", "1H", "1H"), pyramid(0.7)),
    "D3h": (("14N", "1H", "1H", "1H"), pyramid(0.0)),
    "Td": (("12C", "1H", "1H", "1H", "1H"), TETRAHEDRON),
}


def group_of(x: Tensor, nuclei: tuple[str, ...]) -> MolecularGroup | None:
    masses = Molecule(nuclei).masses
    return molecular_group(x - (masses[:, None] * x).sum(0) / masses.sum(), masses)
