"""How large a calculation of levels will be, told before it starts."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from pes.vibration.basis.product_tree import within_quanta
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.basis.truncation import Products
from pes.vibration.eigensolvers.select import DENSE_LIMIT
from pes.vibration.hamiltonian.operator import MOST_BYTES

__all__ = ["Expected", "expected"]

VECTORS = 16
"""That H is applied to at once, at most; as many residuals the Davidson method follows."""


@dataclass(frozen=True)
class Expected:
    """Of the largest run.

    Attributes:
        functions: basis functions; None where only the energies of the bases will tell.
        points: of the grid.
        memory: bytes of all arrays alive at the peak, within a factor of two.
    """

    functions: int | None
    points: int
    memory: int

    def __str__(self) -> str:
        size = "as many functions as the limits leave"
        if self.functions is not None:
            size = f"{self.functions} functions"
        return f"{size} on {self.points} grid points, about {self.memory / 2**30:.2g} GiB"


def expected(
    coordinates: Sequence[BasisSpec], products: Products, count: int, *, convergence: bool | str
) -> Expected:
    """What the largest run takes: the run asked for, or that with more functions or points.

    Arguments as those of `levels`, `count` a guess where an energy is given.
    """
    modes = len(coordinates)
    if convergence == "larger" or (convergence is True and modes < 5):
        more = [c.more_functions() for c in coordinates]
        points = max(_points(more), _points([c.more_points() for c in coordinates]))
        functions = _functions(more, products.larger())
    else:
        points, functions = _points(coordinates), _functions(coordinates, products)
    # The run it is compared with stays: its V, G and s.
    before = _points(coordinates) if convergence else 0
    fields = 8 * points * (1 + modes + modes * (modes + 1) // 2)
    each = 8 * points * (2 * modes + 4)
    applying = each * max(1, min(VECTORS, MOST_BYTES // each))
    memory = 8 * (points + before) * (modes**2 + 2 * modes + 1)
    return Expected(functions, points, memory + _solving(functions or 0, count, fields, applying))


def _solving(functions: int, count: int, fields: int, applying: int) -> int:
    """Bytes of the solver: a matrix while it is small, else vectors and products with them."""
    matrix = 8 * functions**2
    if functions <= DENSE_LIMIT:
        return fields + 4 * matrix
    vectors = 16 * functions * (3 * count + 6 * VECTORS)
    # Built if that pays, which it hardly ever does beyond the size of the grid.
    return max(applying, fields + matrix if matrix < fields else 0) + vectors


def _points(coordinates: Sequence[BasisSpec]) -> int:
    return prod(c.points or c.primitives for c in coordinates)


def _functions(coordinates: Sequence[BasisSpec], products: Products) -> int | None:
    if products.energy is not None or products.groups:
        return None
    shape = [c.functions for c in coordinates]
    if products.quanta is None:
        return prod(shape)
    return len(within_quanta(shape, products.quanta, weights=products.weights))
