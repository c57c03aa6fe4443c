"""Acetylene as a chain of springs: four atoms on a line, in any order."""

from collections.abc import Callable

from torch import Tensor

__all__ = ["springs_of"]


def springs_of(order: str) -> Callable[[Tensor], Tensor]:
    """Energies (B,) of springs along the bonds, stiffest when straight.

    Args:
        order: symbols of the atoms, `H C C H` or `C H C H`.
    """
    h1, c1, c2, h2 = {"H C C H": (0, 1, 2, 3), "C H C H": (1, 0, 2, 3)}[order]

    def surface(x: Tensor) -> Tensor:
        pairs = ((c1, c2, 2.27, 1.1), (c1, h1, 2.0, 0.4), (c2, h2, 2.0, 0.4))
        bonds = [x[:, b] - x[:, a] for a, b, *_ in pairs]
        stretch = sum(
            k / 2 * (b.norm(dim=-1) - r) ** 2 for b, (*_, r, k) in zip(bonds, pairs, strict=True)
        )
        u, one, other = (b / b.norm(dim=-1, keepdim=True) for b in bonds)
        bends = 2 + (u * (one - other)).sum(-1)
        return stretch + 0.12 * bends + 0.02 * (1 + (one * other).sum(-1))

    return surface
