"""Memory that a calculation takes, compared with the free memory before it starts."""

from collections.abc import Sequence
from math import prod

import torch

from pes.memory import free_memory
from pes.vibration.eigensolvers.operator import Operator

__all__ = ["check_grid", "check_matrix", "check_points", "matrix_pays"]

SHARE = 0.6
"""Share of the free memory that one matrix may take."""


def check_grid(points: Sequence[int], *, device: torch.device) -> None:
    """Refuse a grid that does not fit.

    Raises:
        ValueError: with the sizes, and what to lower.
    """
    sizes = " x ".join(map(str, points))
    check_points(
        prod(points), len(points), f"a grid of {sizes} points",
        "lower the points of the coordinates with most", device=device,
    )  # fmt: skip


def check_points(count: int, modes: int, grid: str, advice: str, *, device: torch.device) -> None:
    """Refuse so many points of a grid, named in words, if they do not fit.

    Raises:
        ValueError: with the memory needed, and the advice.
    """
    # q, V, s and G, a product H·v with its slopes and fluxes.
    needed = 8 * count * (modes + 1 + modes + modes**2 + 2 * modes + 4)
    free = free_memory(device)
    if free is not None and needed > free:
        raise ValueError(
            f"{grid} needs {needed / 2**30:.1f} GiB, {free / 2**30:.1f} are free; {advice}"
        )


def matrix_pays(hamiltonian: Operator, products: int = 150) -> bool:
    """Whether to build the matrix: it has room, and so many products are sooner made with it."""
    size = hamiltonian.size
    free = free_memory(hamiltonian.device)
    if free is not None and 8 * size**2 * (1 + hamiltonian.shared_matrices) > SHARE * free:
        return False
    with_matrix = hamiltonian.matrix_cost + products * size**2
    return with_matrix < products * hamiltonian.product_cost


def check_matrix(hamiltonian: Operator, *, copies: int) -> None:
    """Refuse a factorisation that does not fit.

    Raises:
        ValueError: with the sizes, and what to lower.
    """
    needed = 8 * (copies + hamiltonian.shared_matrices) * hamiltonian.size**2
    free = free_memory(hamiltonian.device)
    if free is not None and needed > free:
        raise ValueError(
            f"a matrix of {hamiltonian.size} functions and its factors need {needed / 2**30:.1f} "
            f"GiB, {free / 2**30:.1f} are free; take `solver: davidson` or fewer quanta"
        )
