"""How much memory a calculation takes, compared with what there is before it starts."""

from collections.abc import Sequence
from math import prod

import torch

from pes.memory import free_memory
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.symmetry.blocks import Block

__all__ = ["check_grid", "check_matrix", "matrix_pays"]

SHARE = 0.6
"""Of the memory that is free, what one matrix may take."""


def check_grid(points: Sequence[int], *, device: torch.device) -> None:
    """Refuse a grid that does not fit.

    Raises:
        ValueError: with the sizes, and what to lower.
    """
    count, modes = prod(points), len(points)
    # q, V, s and G, a product H·v with its slopes and fluxes.
    needed = 8 * count * (modes + 1 + modes + modes**2 + 2 * modes + 4)
    free = free_memory(device)
    if free is not None and needed > free:
        raise ValueError(
            f"a grid of {' x '.join(map(str, points))} points needs {needed / 2**30:.1f} GiB, "
            f"{free / 2**30:.1f} are free; lower the points of the coordinates with most"
        )


def matrix_pays(hamiltonian: Hamiltonian | Block, products: int = 150) -> bool:
    """Whether to build the matrix: it has room, and so many products are sooner made with it.

    Counts multiplications; those that build the matrix are about half as fast as the others.
    """
    size = hamiltonian.size
    free = free_memory(hamiltonian.potential.device)
    if free is not None and 8 * size**2 * (1 + hamiltonian.shared_matrices) > SHARE * free:
        return False
    hamiltonian = hamiltonian.whole
    modes = len(hamiltonian.bases)
    # A block has none of the symmetric half, but shares its elements with others.
    part = 1 if size == hamiltonian.size else 2 * (size / hamiltonian.size) ** 2
    rest = points = len(hamiltonian.potential)
    building = 0
    for f, branches in zip(hamiltonian.factors, hamiltonian.branches, strict=True):
        rest //= len(f.values)
        modes -= len(f.coordinates)
        nodes = sum(branch.children.numel() for branch in branches)
        terms = modes * (modes + 1) // 2 + 4 * modes + 4
        building += nodes**2 * rest * len(f.values) * terms // 2
    per_point = sum(4 * m for m in hamiltonian.grid_shape) + 2 * len(hamiltonian.bases) ** 2
    return 2 * part * building + products * size**2 < products * points * per_point


def check_matrix(hamiltonian: Hamiltonian | Block, *, copies: int) -> None:
    """Refuse a factorisation that does not fit.

    Raises:
        ValueError: with the sizes, and what to lower.
    """
    needed = 8 * (copies + hamiltonian.shared_matrices) * hamiltonian.size**2
    free = free_memory(hamiltonian.potential.device)
    if free is not None and needed > free:
        raise ValueError(
            f"a matrix of {hamiltonian.size} functions and its factors need {needed / 2**30:.1f} "
            f"GiB, {free / 2**30:.1f} are free; take `solver: davidson` or fewer quanta"
        )
