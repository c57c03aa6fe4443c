"""Geometry of a set of atoms: distances, their sorted fingerprint, the nearest rotation, lines."""

from collections.abc import Sequence
from itertools import combinations

import torch
from torch import Tensor

__all__ = [
    "atom_pairs",
    "distances",
    "first_largest",
    "is_straight",
    "nearest_orthogonal",
    "nearest_rotation",
    "principal_axes",
    "sorted_distances",
]

STRAIGHT = 1e-3
"""Extent of a molecule across its longest axis, relative to that along it, up to which it is
linear."""

TIE = 1e-3
"""Relative difference below which two sizes are equal, and the first of them is taken."""


def atom_pairs(atoms: int) -> Tensor:
    """Indices (2, N(N−1)/2) of the atoms of each pair, first index slowest.

    Example:
        >>> atom_pairs(3).tolist()
        [[0, 0, 1], [1, 2, 2]]
    """
    return torch.tensor(list(combinations(range(atoms), 2))).T


def check_tensor(positions: object) -> None:
    """Refuse anything but a tensor, such as a NumPy array.

    Raises:
        TypeError: naming what it is instead.
    """
    if not isinstance(positions, Tensor):
        raise TypeError(
            f"positions must be a torch tensor, got {type(positions).__name__}; torch.tensor(..., "
            "dtype=torch.float64) makes one"
        )


def distances(positions: Tensor) -> Tensor:
    """Interatomic distances; where two atoms coincide the gradient is zero, not NaN.

    Args:
        positions: (..., N, 3) in bohr.

    Returns:
        (..., N(N−1)/2) in bohr, in the order of `atom_pairs`.

    Raises:
        TypeError: for anything but a tensor, such as an array.
    """
    check_tensor(positions)
    first, second = atom_pairs(positions.shape[-2]).to(positions.device)
    squares = (positions[..., first, :] - positions[..., second, :]).square().sum(-1)
    apart = squares > 0
    # The square root must not see the zero: inf · 0 would be NaN in the backward pass.
    return torch.where(apart, torch.where(apart, squares, 1.0).sqrt(), 0.0)


def sorted_distances(positions: Tensor, kinds: Sequence[str | float]) -> Tensor:
    """Distances sorted among the pairs of the same two kinds of atoms.

    They are the same for every permutation of like atoms, rotation and reflection. From four atoms
    on, two different geometries may rarely share them.

    Args:
        positions: (..., N, 3) in bohr.
        kinds: what like atoms share: elements, or masses.

    Returns:
        (..., N(N−1)/2) in bohr; each pair holds one of the distances of its kind.

    Example:
        >>> x = torch.tensor([[0.0, 0, 0], [3, 0, 0], [1, 0, 0]])
        >>> sorted_distances(x, ("O", "H", "H"))
        tensor([1., 3., 2.])
    """
    pairs = [tuple(sorted(pair)) for pair in combinations(kinds, 2)]  # type: ignore[type-var]
    values = distances(positions)
    result = values.clone()
    for kind in dict.fromkeys(pairs):
        columns = [k for k, pair in enumerate(pairs) if pair == kind]
        result[..., columns] = values[..., columns].sort(-1).values
    return result


def nearest_orthogonal(matrices: Tensor) -> Tensor:
    """Orthogonal matrices (..., n, n) nearest to matrices, turns or reflections: U Vᵀ of U S Vᵀ.

    Example:
        >>> nearest_orthogonal(torch.tensor([[2.0, 0.0], [0.0, -0.5]])).abs()
        tensor([[1., 0.],
                [0., 1.]])
    """
    u, _, vh = torch.linalg.svd(matrices)
    return u @ vh


def nearest_rotation(correlation: Tensor) -> Tensor:
    """Rotation R (..., 3, 3) for which the positions x R are nearest to a reference c.

    The condition of Eckart, Σ_a m_a c_a × (x_a R) = 0, holds with it.

    Args:
        correlation: Σ_a m_a x_aᵀ c_a (..., 3, 3), both from their centres of mass.

    References:
        W. Kabsch, Acta Cryst. A 32, 922 (1976), doi:10.1107/S0567739476001873;
        K. N. Kudin, A. Y. Dymarsky, J. Chem. Phys. 122, 224105 (2005), doi:10.1063/1.1929739

    Example:
        >>> x = torch.tensor([[1.0, 0, 0], [0, 2, 0], [-1, -2, 0]])
        >>> quarter = torch.tensor([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]])
        >>> torch.allclose(nearest_rotation(x.mT @ (x @ quarter)), quarter, atol=1e-6)
        True
    """
    u, _, vh = torch.linalg.svd(correlation)
    # A proper rotation: the least important direction is reversed if need be.
    sign = torch.linalg.det(u @ vh).sign().detach()
    flip = torch.stack((torch.ones_like(sign), torch.ones_like(sign), sign), -1)
    return (u * flip[..., None, :]) @ vh


def principal_axes(positions: Tensor, masses: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Positions from their centre of mass, and how far the masses spread along which axes.

    These are eigenvalues and vectors of Σ_a m_a x_a x_aᵀ, rising: the axes of inertia c, b and a,
    but for their signs and for mixtures of axes of equal moments.

    Args:
        positions: (..., N, 3) in bohr.
        masses: (N,) in electron masses.

    Returns:
        Centred positions (..., N, 3), spreads (..., 3) and axes (..., 3, 3), one a column.

    Example:
        >>> x = torch.tensor([[0.0, 0.0, 1.0], [0.0, 0.0, 3.0]])
        >>> centred, spreads, axes = principal_axes(x, torch.ones(2))
        >>> centred[:, 2].tolist(), spreads.tolist(), axes[:, 2].abs().tolist()
        ([-1.0, 1.0], [0.0, 0.0, 2.0], [0.0, 0.0, 1.0])
    """
    centre = (masses[:, None] * positions).sum(-2, keepdim=True) / masses.sum()
    x = positions - centre
    return x, *torch.linalg.eigh(x.mT @ (masses[:, None] * x))


def is_straight(positions: Tensor, width: float = STRAIGHT) -> bool:
    """Whether all atoms lie on a line.

    Args:
        positions: (N, 3) of two atoms or more.
        width: extent across the longest axis, relative to that along it, up to which they do.

    Example:
        >>> is_straight(torch.tensor([[0.0, 0, 0], [0, 0, 1], [0, 0, 3]]))
        True
    """
    extents = torch.linalg.svdvals(positions - positions.mean(0))
    return bool(extents[1] < width * extents[0])


def first_largest(sizes: Tensor) -> int:
    """Index of the first of the sizes (P,) that tie for the largest.

    Example:
        >>> first_largest(torch.tensor([1.0, 1.9999, 2.0]))
        1
    """
    return int((sizes >= (1 - TIE) * sizes.max()).nonzero()[0])
