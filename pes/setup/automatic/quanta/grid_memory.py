"""Memory of arrays that every grid of functions and points has.

Measured with H2CO, HFCO, H2SiO and PH3 (four atoms, 8 to 12 quanta) and CH4 (five, 6 and 8).
"""

__all__ = ["array_memory"]


def array_memory(modes: int, points: int, functions: int, count: int, *, copies: int) -> int:
    """Bytes of fields at the points and of vectors.

    Args:
        modes: number of coordinates.
        points: number of points of the grid.
        functions: number of functions of the basis.
        count: number of levels.
        copies: bytes for each number of a field; part of these are held more than once.
    """
    # V, G, s and q; then what is integrated over pairs of functions, or taken to the grid.
    fields, pairs = (modes + 1) ** 2, (modes + 1) * (modes + 2)
    return copies * points * (fields + pairs) + 16 * functions * (3 * count + 96)
