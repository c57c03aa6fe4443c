"""Check that a function counts its atoms in the order of the molecule."""

from collections.abc import Callable, Sequence
from itertools import combinations, permutations
from typing import Any

import torch
from torch import Tensor

__all__ = ["check_atom_order"]

SHIFT = 0.2
"""Bohr: exchanged atoms lie in different places, and no atoms meet."""
GEOMETRIES = 4
SAME = 1e-6
"""Change of the energy by an exchange in units of its changes between the geometries."""
LARGEST = 1000.0
"""Hartree: energies above it are walls, which say nothing about the atoms."""
MOST_ATOMS = 6
SHOWN = 3


def check_atom_order(
    potential: Callable[[Tensor], Any], start: Tensor, elements: Sequence[str], name: str
) -> None:
    """Refuse a molecule whose like atoms are not those that the surface takes for alike.

    Energies that stay the same when two atoms change places show that these are alike. Where they
    are two elements of the molecule, and another order of its atoms has no such pair, the surface
    counts its atoms in that order.

    Args:
        potential: positions (B, N, 3) in bohr to energies (B,) in hartree.
        start: a sensible geometry (N, 3) in bohr.
        elements: of the N atoms.
        name: name of the surface, for messages.

    Raises:
        ValueError: if the atoms stand in another order than those of the surface.

    Example:
        >>> def ends(x):  # the second atom is the middle one
        ...     return (x[:, 1] - x[:, 0]).norm(dim=1) * (x[:, 1] - x[:, 2]).norm(dim=1)
        >>> start = torch.tensor([[0.0, 0, 0], [2, 0, 0], [3, 2, 0]], dtype=torch.float64)
        >>> check_atom_order(ends, start, ["O", "C", "O"], "ends")
        >>> check_atom_order(ends, start, ["C", "O", "O"], "ends")
        Traceback (most recent call last):
        ValueError: ends gives the same energies when atoms 0 (C) and 2 (O) change places, ...
    """
    if not 2 < len(elements) <= MOST_ATOMS or len(set(elements)) == 1:
        return
    alike = _alike(potential, start)
    unlike = next(((a, b) for a, b in alike if elements[a] != elements[b]), None)
    if unlike is None:
        return
    orders = [
        order
        for order in dict.fromkeys(permutations(elements))
        if all(order[a] == order[b] for a, b in alike)
    ]
    if not orders:  # a model surface that takes different elements for alike in any order
        return
    a, b = unlike
    shown = " or ".join(" ".join(order) for order in orders[:SHOWN])
    raise ValueError(
        f"{name} gives the same energies when atoms {a} ({elements[a]}) and {b} ({elements[b]}) "
        f"change places, so its atoms stand in another order than {' '.join(elements)}: write "
        f"`molecule: {shown}`, or give the function its own atoms as the attribute `symbols`"
    )


def _alike(potential: Callable[[Tensor], Any], start: Tensor) -> list[tuple[int, int]]:
    """Pairs of atoms whose exchange leaves the energies of a few geometries the same."""
    pairs = list(combinations(range(start.shape[0]), 2))
    generator = torch.Generator().manual_seed(0)
    moves = torch.randn(GEOMETRIES, *start.shape, generator=generator, dtype=torch.float64)
    x = start.detach() + SHIFT * moves.to(start.device)
    exchanged = [x]
    for a, b in pairs:
        order = list(range(start.shape[0]))
        order[a], order[b] = b, a
        exchanged.append(x[:, order])
    with torch.no_grad():
        energies = torch.as_tensor(potential(torch.cat(exchanged))).reshape(-1, GEOMETRIES)
    own = energies[0]
    if not bool((own.isfinite() & (own.abs() < LARGEST)).all()):
        return []
    same = SAME * float(own.max() - own.min())
    return [
        pair
        for pair, there in zip(pairs, energies[1:], strict=True)
        if bool(((there - own).abs() <= same).all())
    ]
