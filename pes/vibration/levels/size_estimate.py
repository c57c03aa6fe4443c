"""Estimated size of a calculation of levels, before it starts."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from pes.vibration.basis.product_tree import within_quanta
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.basis.truncation import Truncation
from pes.vibration.eigensolvers.select import DENSE_LIMIT
from pes.vibration.hamiltonian.operator import MOST_BYTES
from pes.vibration.levels.convergence import estimator_name

__all__ = ["SizeEstimate", "estimated_size"]

VECTORS = 16
"""Largest number of vectors that H is applied to at once, as in a step of the Davidson method."""


@dataclass(frozen=True)
class SizeEstimate:
    """Size of the largest run.

    Attributes:
        functions: number of basis functions; None where it depends on energies of functions.
        points: of the grid.
        memory: bytes of all arrays alive at the peak, within a factor of two.
    """

    functions: int | None
    points: int
    memory: int

    def __str__(self) -> str:
        size = "as many functions as the limits on products leave"
        if self.functions is not None:
            size = f"{self.functions} functions"
        return f"{size} on {self.points} grid points, about {self.memory / 2**30:.2g} GiB"


def estimated_size(
    bases: Sequence[BasisSpec], truncation: Truncation, count: int, *, convergence: bool | str
) -> SizeEstimate:
    """Size of the largest run: the run asked for, or that with more functions or points.

    Args:
        bases: basis of each coordinate.
        truncation: limits on the products of functions.
        count: number of levels; a guess where an energy is given.
        convergence: see `vibrational_levels`.
    """
    modes = len(bases)
    if estimator_name(convergence, modes) == "larger":
        more = [b.more_functions() for b in bases]
        points = max(_points(more), _points([b.more_points() for b in bases]))
        functions = _functions(more, truncation.larger())
    else:
        points, functions = _points(bases), _functions(bases, truncation)
    # The run it is compared with stays: its V, G and s.
    before = _points(bases) if convergence else 0
    fields = 8 * points * (1 + modes + modes * (modes + 1) // 2)
    each = 8 * points * (2 * modes + 4)
    applying = each * max(1, min(VECTORS, MOST_BYTES // each))
    memory = 8 * (points + before) * (modes**2 + 2 * modes + 1)
    return SizeEstimate(
        functions, points, memory + _solving(functions or 0, count, fields, applying)
    )


def _solving(functions: int, count: int, fields: int, applying: int) -> int:
    """Bytes of the solver: a matrix while it is small, else vectors and products with them."""
    matrix = 8 * functions**2
    if functions <= DENSE_LIMIT:
        return fields + 4 * matrix
    vectors = 16 * functions * (3 * count + 6 * VECTORS)
    # Built if that pays, which it hardly ever does beyond the size of the grid.
    return max(applying, fields + matrix if matrix < fields else 0) + vectors


def _points(bases: Sequence[BasisSpec]) -> int:
    return prod(b.points or b.primitives for b in bases)


def _functions(bases: Sequence[BasisSpec], truncation: Truncation) -> int | None:
    if truncation.energy is not None or truncation.groups:
        return None
    shape = [b.functions for b in bases]
    if truncation.quanta is None:
        return prod(shape)
    return len(within_quanta(shape, truncation.quanta, weights=truncation.weights))
