"""Action of a symmetry operation on grid points and on the functions of a product basis."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from pes.vibration.basis.basis import Basis
from pes.vibration.basis.factor import Factor
from pes.vibration.basis.product_tree import unraveled
from pes.vibration.grid.grid_basis import GridBasis
from pes.vibration.symmetry.operation import Operation

__all__ = [
    "POINTS_SAME",
    "NotInvariantError",
    "action",
    "images",
    "mirrored_points",
    "odd_functions",
    "shared_bases",
]

SIGN = 1e-12
"""Tolerance on ⟨φ|Oφ⟩ = ±1: twice the square of what has the other sign."""

POINTS_SAME = 1e-8
"""Tolerance on grid points and their images, bohr or radians."""


class NotInvariantError(ValueError):
    """Error: an operation is not a symmetry of the potential or the kinetic energy."""


def shared_bases(bases: Sequence[Basis], operations: Sequence[Operation]) -> tuple[Basis, ...]:
    """Bases with that of the first coordinate for all that operations exchange with it."""
    first = [min((o.order[k] for o in operations), default=k) for k in range(len(bases))]
    return tuple(bases[min(k, j)] for k, j in enumerate(first))


def action(basis: GridBasis, operation: Operation) -> tuple[Tensor, Tensor]:
    """Images of the products kept, by their places, and signs: (N,) and (N,).

    Raises:
        NotInvariantError: if functions are not mapped to functions that are kept.
    """
    factors, ours = basis.factors, basis.numbers
    places = unraveled(ours, basis.shape)
    moved, signs = list(places), torch.ones(len(ours), dtype=factors[0].values.dtype)
    for f, place in zip(factors, places, strict=True):
        target = {operation.order[k] for k in f.coordinates}
        image = next((n for n, g in enumerate(factors) if set(g.coordinates) == target), None)
        if image is None or factors[image].size != f.size:
            raise NotInvariantError("the groups of coordinates are not those of its image")
        moved[image] = place
        signs = signs * _signs(basis.bases, f, factors[image], operation)[place]
    numbers = torch.zeros_like(ours)
    for n, place in zip(basis.shape, moved, strict=True):
        numbers = numbers * n + place
    images = torch.searchsorted(ours, numbers).clamp(max=len(ours) - 1)
    if not torch.equal(ours[images], numbers):
        raise NotInvariantError("the limit on products keeps some and not their images (weights?)")
    return images, signs


def _signs(bases: Sequence[Basis], f: Factor, image: Factor, operation: Operation) -> Tensor:
    """±1 for each function of a factor, (n,)."""
    turned = _moved_tables(bases, f, image, operation)
    signs = ((image.values * turned).sum(0) / image.values.square().sum(0)).cpu()
    if bool(((signs.abs() - 1).abs() > SIGN).any()):
        names = ", ".join(str(k + 1) for k in f.coordinates)
        raise NotInvariantError(f"the functions of coordinate {names} are neither even nor odd")
    return signs.round()


def _moved_tables(bases: Sequence[Basis], f: Factor, image: Factor, operation: Operation) -> Tensor:
    """Functions of a factor at the images of the points of another, (m, n)."""
    table = f.values.reshape(*[len(bases[k].points) for k in f.coordinates], f.size)
    for axis, k in enumerate(f.coordinates):
        if operation.mirrored[k]:
            table = table.index_select(axis, mirrored_points(bases[k], k))
    # Axis of coordinate k becomes that of order[k].
    order = [f.coordinates.index(operation.order[j]) for j in image.coordinates]
    return table.permute(*order, -1).reshape(-1, f.size)


def images(basis: GridBasis, operation: Operation) -> Callable[[Tensor], Tensor]:
    """F(q) on the grid (P,) to F(Oq).

    Raises:
        NotInvariantError: if grid points are not mapped to grid points.
    """
    mirrors = [
        mirrored_points(b, k) if m else None
        for k, (b, m) in enumerate(zip(basis.bases, operation.mirrored, strict=True))
    ]
    image = basis.image(operation.order, mirrors)
    if image is None:
        raise NotInvariantError("the points of the sparse grid are not symmetric (weights?)")
    return image


def odd_functions(basis: Basis, number: int, operations: Sequence[Operation]) -> Tensor | None:
    """Mask (n,) of functions of a coordinate that change their sign under its reflection.

    None where no operation reflects it alone, or where a function is neither even nor odd.
    """
    if not any(o.mirrored[number] and o.order[number] == number for o in operations):
        return None
    try:
        mirror = mirrored_points(basis, number)
    except NotInvariantError:
        return None
    table = basis.scaled_values
    signs = (table * table[mirror]).sum(0)
    return signs < 0 if bool(((signs.abs() - 1).abs() < SIGN).all()) else None


def mirrored_points(basis: Basis, number: int) -> Tensor:
    """Place of the image of each point, (m,).

    Raises:
        NotInvariantError: if an image is not a point of the grid.
    """
    low, high = basis.range
    images = (low + high) - basis.points
    apart = (images[:, None] - basis.points).abs()
    if basis.open_ends == (True, True):
        # A full turn further.
        apart = torch.minimum(apart, (apart - (high - low)).abs())
    least, places = apart.min(1)
    if float(least.max()) > POINTS_SAME:
        raise NotInvariantError(f"the points of coordinate {number + 1} are not symmetric")
    return places
