"""Polynomials that a form of a surface tries."""

from itertools import product

__all__ = ["shapes"]


def shapes(
    degree: int | tuple[int, ...], length: float | tuple[float, ...]
) -> list[tuple[int, float]]:
    """Every degree with every length in Å.

    Args:
        degree: one, or several.
        length: one, or several.

    Example:
        >>> shapes((3, 4), 1.0)
        [(3, 1.0), (4, 1.0)]
    """
    degrees = degree if isinstance(degree, tuple) else (degree,)
    lengths = length if isinstance(length, tuple) else (length,)
    return list(product(degrees, lengths))
