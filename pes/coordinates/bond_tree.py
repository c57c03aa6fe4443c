"""Trees of bonds that join all atoms."""

from collections.abc import Sequence

from torch import Tensor

__all__ = ["Tree", "fragments", "nearest_tree"]

Tree = tuple[tuple[int, int], ...]
"""Pairs of atoms, each of which a bond joins."""


def nearest_tree(distances: Tensor) -> Tree:
    """The tree of the shortest pairs that joins all atoms, each pair in ascending order.

    Args:
        distances: distances between the atoms (N, N), in any measure.

    References:
        J. B. Kruskal, Proc. Am. Math. Soc. 7, 48 (1956), doi:10.1090/S0002-9939-1956-0078686-7

    Example:
        >>> import torch
        >>> nearest_tree(torch.tensor([[0.0, 1, 3], [1, 0, 2], [3, 2, 0]]))
        ((0, 1), (1, 2))
    """
    atoms = range(len(distances))
    pairs = sorted((round(float(distances[a, b]), 6), a, b) for a in atoms for b in atoms if a < b)
    tree: list[tuple[int, int]] = []
    for _, a, b in pairs:
        if len(fragments([*tree, (a, b)], atoms)) < len(fragments(tree, atoms)):
            tree.append((a, b))
    return tuple(sorted(tree))


def fragments(pairs: Sequence[tuple[int, int]], atoms: range) -> list[set[int]]:
    """Sets of atoms that bonds hold together."""
    parts = [{a} for a in atoms]
    for a, b in pairs:
        one, other = (next(p for p in parts if atom in p) for atom in (a, b))
        if one is not other:
            parts.remove(other)
            one |= other
    return parts
