"""Exact oscillators, and the smallest grids from which their levels grow by quanta."""

from dataclasses import replace

import torch
from torch import Tensor

from pes.setup.automatic.quanta.grid_of_stage import Grid
from pes.setup.automatic.quanta.growing_grids import ProductGrid, SparsePoints
from pes.setup.automatic.request import Target
from pes.units import CM1
from pes.vibration.hamiltonian.sparse import SparseGrid
from pes.vibration.system.system import System, model

RANGES = (-7.0, 7.0)


def oscillators(frequencies: list[float]) -> tuple[System, Tensor]:
    """Oscillators coupled bilinearly in dimensionless coordinates, and their exact frequencies."""
    w = torch.tensor(frequencies, dtype=torch.float64) * CM1
    forces = torch.diag(w) + 0.08 * (w[:, None] * w).sqrt() * (1 - torch.eye(len(w)).double())
    squares = torch.linalg.eigvals(torch.diag(w) @ forces).real
    system = model(lambda q: torch.einsum("pi,ij,pj->p", q, forces, q) / 2, torch.diag(w))
    return system, squares.sqrt()


def grid(modes: int) -> Grid:
    """The smallest product grid for few modes, the smallest sparse one for many."""
    names = tuple(f"q{k + 1}" for k in range(modes))
    return ProductGrid(names, (RANGES,) * modes, 2.0) if modes < 7 else sparse(modes)


def sparse(modes: int, level: float = torch.inf) -> SparsePoints:
    """The smallest sparse grid for many modes, refused beyond a level."""

    def check(grid: SparseGrid) -> None:
        if grid.level > level:
            raise ValueError("points beyond 180 degrees")

    return SparsePoints(SparseGrid(tuple(f"q{k + 1}" for k in range(modes)), 2.0, 4.0), check)


def target(system: System, modes: int, **changes: object) -> Target:
    names = tuple(f"q{k + 1}" for k in range(modes))
    asked = Target(
        system, ("normal",) * modes, names, torch.zeros(1, modes, dtype=torch.float64),
        (RANGES,) * modes, 0.05 * CM1, count=10,
    )  # fmt: skip
    return replace(asked, **changes)
