"""Estimated size of a calculation of levels, before it starts."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from pes.vibration.basis.product_tree import within_quanta
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.basis.truncation import Truncation
from pes.vibration.eigensolvers.select import BLOCK, DENSE_LIMIT
from pes.vibration.hamiltonian.operator import MOST_BYTES
from pes.vibration.levels.convergence import estimator_name
from pes.vibration.symmetry.operation import Operation, halvings

__all__ = ["SizeEstimate", "estimated_size", "field_bytes", "solver_bytes"]

VECTORS = 16
"""Largest number of vectors that H is applied to at once, as in a step of the Davidson method."""

COPIES = 5
"""Matrices of a block alive while it is factorised."""

WORKSPACE = 70 * 2**20
"""Bytes of what is integrated over pairs of functions on the way to a matrix."""


@dataclass(frozen=True)
class SizeEstimate:
    """Size of the largest run.

    Attributes:
        functions: number of basis functions; None where it depends on energies of functions.
        points: number of points of the grid.
        memory: bytes of all arrays alive at the peak, beside the program itself.
    """

    functions: int | None
    points: int
    memory: int

    def __str__(self) -> str:
        size = "the functions within the limits on products"
        if self.functions is not None:
            size = f"{self.functions} functions"
        return f"{size} on {self.points} grid points"


def estimated_size(
    bases: Sequence[BasisSpec],
    truncation: Truncation,
    count: int,
    *,
    convergence: bool | str,
    operations: Sequence[Operation] = (),
    kept: int | None = None,
) -> SizeEstimate:
    """Size of the largest run: the run asked for, or that with more functions or points.

    Args:
        bases: basis of each coordinate.
        truncation: limits on the products of functions.
        count: number of levels; a guess where an energy is given.
        convergence: see `vibrational_levels`.
        operations: symmetries, which leave a part of the grid, and blocks.
        kept: number of functions in the run asked for, where the limits alone do not tell.
    """
    modes = len(bases)
    functions = _functions(bases, truncation) if kept is None else kept
    points = largest = _points(bases)
    if estimator_name(convergence, modes) == "larger":
        more = [b.more_functions() for b in bases]
        largest = max(_points(more), _points([b.more_points() for b in bases]))
        grown = _functions(more, truncation.larger())
        # Limits on the energy grow by 1.3, the functions in a volume of Q dimensions.
        by = (1.0 if truncation.energy is None else 1.3) ** modes
        functions = round(by * functions) if grown is None and functions else grown
    fields = field_bytes(modes) * largest
    # The run it is compared with stays: its V, G and s.
    before = field_bytes(modes) * points if convergence else 0
    solver = solver_bytes(modes, largest, functions or 0, count, operations)
    return SizeEstimate(functions, largest, before + fields + solver)


def field_bytes(modes: int) -> int:
    """Bytes of q, V, s and G at a point."""
    return 8 * (2 * modes + 1 + modes**2)


def solver_bytes(
    modes: int, points: int, functions: int, count: int, operations: Sequence[Operation]
) -> int:
    """Bytes that a solver takes beside V, G and s on a product grid.

    Matrices of blocks while these are small, from V and G on the part of the grid that
    reflections leave, once as they are and once in the order of integration; else vectors and
    their products with H on the grid.
    """
    size = functions // (len(operations) + 1)
    folded = points >> halvings(operations)
    ordered = 8 * folded * (2 * modes**2 + 4 * modes + 2) + WORKSPACE
    exchanges = 1 + any(o.order != tuple(range(modes)) for o in operations)
    if size <= DENSE_LIMIT:
        return ordered + 8 * size**2 * (COPIES + exchanges**2)
    each = 8 * points * (2 * modes + 4)
    applying = each * max(1, min(VECTORS, MOST_BYTES // each))
    vectors = 16 * functions * (3 * count + 6 * VECTORS)
    # H in the simplest functions alone needs few points, unless the whole matrix pays.
    matrix = 8 * size**2
    built = ordered + 2 * matrix if matrix < field_bytes(modes) * points else 0
    return max(applying, built, 16 * BLOCK**2) + vectors


def _points(bases: Sequence[BasisSpec]) -> int:
    return prod(b.points or b.primitives for b in bases)


def _functions(bases: Sequence[BasisSpec], truncation: Truncation) -> int | None:
    if truncation.energy is not None or truncation.groups:
        return None
    shape = [b.functions for b in bases]
    if truncation.quanta is None:
        return prod(shape)
    return len(within_quanta(shape, truncation.quanta, weights=truncation.weights))
