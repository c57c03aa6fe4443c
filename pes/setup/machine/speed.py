"""CPU time of the parts of a calculation, measured on this machine before it starts."""

from collections.abc import Callable
from dataclasses import dataclass
from time import process_time

import torch
from torch import Tensor

from pes.vibration.eigensolvers.davidson import Progress
from pes.vibration.symmetry.grid_symmetry import detached_kinetic
from pes.vibration.system.system import System, potential_in_chunks

__all__ = ["Speed", "iterations_left", "measured_speed", "point_seconds"]

FEWEST, MOST = 64, 1024
"""Points of V and G that are timed; what they take once for all is left out."""

SPAN = 0.02
"""Distance of these points from the minimum, bohr or radians: any will do."""

VECTORS, LINE, PLANE = 4, 9, 6561
"""Shape of the sums over a grid that are timed."""

REPEATED = 32
"""Sums that are timed together."""

SLOW, SLOWEST = 0.03, 0.25
"""CPU seconds of the few points from which not as many more, and no more, are timed."""

TIMED, RUNS = 0.2, (2, 8)
"""CPU seconds in which a part is timed again and again, and the fewest and most times."""

HANDLING = 3e4
"""Multiplications that take as long as G of a point on its way into memory and out of it, and the
averages of self-consistent functions."""

SUMS, MANY = 2.7e4, 3500
"""The same for integrals over pairs of functions, and estimates of errors, at a point of a product
grid; so much again for each so many functions. As HONO takes them with 280 and 1,253 functions, and
by the number of multiplications with 4,000 to 11,000."""

BRANCHES = 7.0
"""The same for a multiplication in products with H on a sparse grid, whose sums are short."""

PRODUCTS = 9
"""Products with H for a level, begun with vectors of a smaller calculation."""

BEYOND = 4
"""Levels solved for beyond those asked for."""

SHARED = 0.6
"""Power of the number of blocks by which these share products: four blocks of H2CO hold 39, 27, 21
and 13 of a hundred levels, which is 39 products for all."""

START = 4e9
"""The same for a calculation of any size."""


@dataclass(frozen=True)
class Speed:
    """CPU seconds of each part of a calculation.

    Attributes:
        potential: time of V at a point.
        kinetic: time of G at a point.
        multiplication: time of a multiplication in sums over a grid.
    """

    potential: float
    kinetic: float
    multiplication: float

    def on_product_grid(self, points: int, functions: int, blocks: int) -> float:
        """CPU seconds of levels on a product grid.

        Args:
            points: number of points of the grid.
            functions: number of functions of the basis.
            blocks: number of symmetry blocks of the Hamiltonian: G is computed once for equivalent
                points.
        """
        sums = HANDLING + SUMS * (1 + functions / MANY)
        surface = self.potential + self.kinetic / blocks
        return self.least + points * (surface + self.multiplication * sums)

    def on_sparse_grid(self, points: int, product: int, count: int, blocks: int) -> float:
        """CPU seconds of levels on a sparse grid.

        Args:
            points: number of points of the grid.
            product: multiplications of a product with H.
            count: number of levels.
            blocks: number of symmetry blocks of the Hamiltonian: V and G are computed once for
                equivalent points, and vectors of different blocks share products with H.
        """
        vectors = (count + BEYOND) / blocks**SHARED
        products = PRODUCTS * vectors * BRANCHES * product
        surface = (self.potential + self.kinetic) / blocks
        return self.least + points * surface + self.multiplication * products

    @property
    def least(self) -> float:
        """CPU seconds of any calculation."""
        return START * self.multiplication


def measured_speed(system: System, near: Tensor) -> Speed:
    """The speed of a surface in coordinates, and of sums over a grid.

    Args:
        system: V and G.
        near: geometry (Q,) that V and G are computed about.
    """
    table = torch.full((LINE, LINE), 0.1, dtype=torch.float64, device=system.device)
    lines = table.new_ones(VECTORS, LINE, PLANE)
    out = table @ lines
    # New memory for each result would take longer than the sums.
    sums = _seconds(lambda n: [torch.matmul(table, lines, out=out) for _ in range(n)], REPEATED)
    each = sums / (REPEATED * LINE * lines.numel())
    return Speed(*point_seconds(system, near), each)


def point_seconds(system: System, near: Tensor) -> tuple[float, float]:
    """CPU seconds of V and of G at a point.

    Args:
        system: V and G.
        near: geometry (Q,) that these are computed about.
    """

    def places(count: int) -> Tensor:
        scatter = torch.linspace(-SPAN, SPAN, count, dtype=torch.float64)
        return (near.cpu() + scatter[:, None]).to(system.device)

    return (
        _seconds_each(lambda n: potential_in_chunks(system, places(n))),
        _seconds_each(lambda n: detached_kinetic(system, places(n))),
    )


def iterations_left(now: Progress, taken: float, expected: float) -> float:
    """CPU seconds that iterations for levels will still take.

    Args:
        now: state of the iterations.
        taken: CPU seconds that they took so far.
        expected: CPU seconds that they were forecast to take.
    """
    share = 1 - now.converged / max(now.requested, 1)
    return max(expected - taken, share * taken, 1.0)


def _seconds_each(part: Callable[[int], object]) -> float:
    """CPU time of one point among many.

    Args:
        part: computes so many.
    """
    part(FEWEST)
    few = _seconds(part, FEWEST)
    if few > SLOWEST:
        return few / FEWEST
    # Where few points take long, all of it may be what they take once.
    count = MOST if few < SLOW else 4 * FEWEST
    more = _seconds(part, count) - few
    return max(more / (count - FEWEST), few / MOST)


def _seconds(part: Callable[[int], object], count: int) -> float:
    """CPU time of the shortest run: what disturbs one makes it longer, up to a hundredfold."""
    (fewest, most), times = RUNS, []
    while len(times) < fewest or (sum(times) < TIMED and len(times) < most):
        begun = process_time()
        part(count)
        times.append(process_time() - begun)
    return min(times)
