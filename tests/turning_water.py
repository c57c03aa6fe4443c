"""Water with rotation in a small basis, and a dipole of charges on its atoms."""

import torch
from torch import Tensor

import pes
from pes.setup.rotation.rotation import Rotation

__all__ = ["RANGES", "point_charges", "turning"]

RANGES = {"r1": (0.7, 1.4), "r2": (0.7, 1.4), "theta": (50.0, 175.0)}


def point_charges(positions: Tensor) -> Tensor:
    """Dipole moment (P, 3) in e·bohr of positions (P, 3, 3) in bohr."""
    charges = torch.tensor([-0.66, 0.33, 0.33], dtype=torch.float64)
    return torch.einsum("a,pai->pi", charges, positions)


def turning(molecule: str) -> Rotation:
    """Levels with J = 0 to 3 of an isotopologue, such as `O H D`."""
    sizes = {"all": pes.BasisSize(None, 6, 9, 30)}
    result = pes.levels(
        "water_pjt1996", molecule.split(), count=3, ranges=RANGES, basis=sizes, convergence=False
    )
    return result.rotation(range(4))
