"""The last point of a program's output file, in any format that `pes.read` knows."""

from pathlib import Path
from typing import Any

import torch

from pes.data import read
from pes.geometry import distances
from pes.labelling.program import Positions
from pes.units import ANGSTROM

__all__ = ["read_point"]

SAME = 1e-4 * ANGSTROM
"""Difference in a distance (bohr) from which on a geometry is another one: outputs are rounded."""


def read_point(path: Path, format: str, positions: Positions) -> dict[str, Any]:
    """Energy, and forces and dipole where there are any, in the frame of the output.

    Args:
        path: file of the program.
        format: its format.
        positions: geometry that was asked for, (N, 3) in bohr.

    Raises:
        RuntimeError: if the file cannot be read or holds another geometry.
    """
    try:
        point = read(path, format=format)
    except (ValueError, OSError) as error:
        raise RuntimeError(str(error)) from None
    asked = torch.tensor(positions, dtype=torch.float64)
    there = point.positions[-1]
    if there.shape != asked.shape or (distances(there) - distances(asked)).abs().max() > SAME:
        raise RuntimeError(f"the last geometry in {path.name} is not the one asked for")
    record: dict[str, Any] = {"positions": there.tolist(), "energy": float(point.energies[-1])}
    if point.forces is not None:
        record["forces"] = point.forces[-1].tolist()
    if point.dipoles is not None:
        record["dipole"] = point.dipoles[-1].tolist()
    return record
