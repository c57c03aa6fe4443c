"""A Z-matrix for a molecule nobody has written one for."""

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["automatic_rows"]

BENT = 0.3
"""Least sine of an angle between references: 17° from straight."""


def automatic_rows(symbols: Sequence[str], positions: Tensor) -> tuple[tuple[str | int, ...], ...]:
    """Rows of a `ZMatrix` in the order of the atoms, with no angle near 0 or 180°.

    Each atom has its length to the nearest of those before it. Angle and dihedral go on from there
    along such bonds, by the first atom that fits, so that like atoms have like coordinates.

    Args:
        symbols: symbols of N atoms.
        positions: at the minimum (N, 3), bohr.

    Raises:
        ValueError: if an atom has only collinear atoms before it.

    Example:
        Formaldehyde:

        >>> x = torch.tensor([[0.0, 0, 0], [2.3, 0, 0], [-1.1, 1.8, 0], [-1.1, -1.8, 0]])
        >>> automatic_rows(("C", "O", "H", "H"), x)
        (('C',), ('O', 0), ('H', 0, 1), ('H', 0, 1, 2))
    """
    rows: list[tuple[str | int, ...]] = []
    bonds: list[set[int]] = []
    for k, symbol in enumerate(symbols):
        chain = [k]
        while len(chain) <= min(k, 3):
            left = [a for a in range(k) if a not in chain]
            if len(chain) == 1:
                left.sort(key=lambda a: float((positions[a] - positions[k]).norm()))
            else:
                left = [a for a in left if _sine(positions[[*chain[-2:], a]]) > BENT]
                left.sort(key=lambda a: {a, chain[-1]} not in bonds)
            if not left:
                raise ValueError(
                    f"no Z-matrix can be made: atom {k} ({symbol}) is collinear with the atoms "
                    "before it; give `coordinates.rows`, with dummies (X) to keep angles away "
                    "from 180 degrees, or another order of the atoms"
                )
            chain.append(left[0])
        rows.append((symbol, *chain[1:]))
        bonds.append({*chain[:2]})
    return tuple(rows)


def _sine(points: Tensor) -> float:
    """Cosine of the angle at the second of three points (3, 3)."""
    a, b = points[0] - points[1], points[2] - points[1]
    return float(torch.linalg.cross(a, b).norm() / (a.norm() * b.norm()))
