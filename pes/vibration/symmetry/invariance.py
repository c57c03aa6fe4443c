"""Whether a Hamiltonian on its grid has a symmetry, and what this does to its basis functions.

An operation O is a symmetry of the discrete problem if it maps grid points to grid points,
functions to functions up to signs, and

    V(Oq) = V(q),  G_kl(Oq) = ε_k ε_l G_o(k)o(l)(q),  s_k(Oq) = ε_k s_o(k)(q)

with o the order and ε = −1 for what is mirrored.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from pes.units import CM1
from pes.vibration.basis.contraction import Basis
from pes.vibration.basis.factor import Factor
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.symmetry.operations import Operation

__all__ = ["NotInvariantError", "action", "images", "invariant", "shared"]

V_SAME = 1e-9
"""Hartree; by Weyl's inequality no level is farther off."""

G_SAME = 1e-7
"""Relative to √(G_kk G_ll), and of s_k to its own size: rounding near linearity, where both are
large, stays below. The kinetic energy, at most some 0.05 hartree, changes by as little."""

SIGN = 1e-12
"""Of ⟨φ|Oφ⟩ from ±1: twice the square of what has the other sign."""

TABLES = 1e-8
"""Of functions of exchanged coordinates and their derivatives, in atomic units."""

POINTS = 1e-8
"""Bohr or radians: grid points and their images."""


class NotInvariantError(ValueError):
    """An operation is no symmetry of the Hamiltonian; the message says of what not."""


def shared(bases: Sequence[Basis], operations: Sequence[Operation]) -> tuple[Basis, ...]:
    """The basis of the first for all coordinates that operations exchange."""
    first = [min((o.order[k] for o in operations), default=k) for k in range(len(bases))]
    return tuple(bases[min(k, j)] for k, j in enumerate(first))


def invariant(hamiltonian: Hamiltonian) -> tuple[Hamiltonian, list[str]]:
    """With those operations only that hold on the grid and in the basis; why others do not."""
    kept, told = [], []
    for operation in hamiltonian.operations:
        try:
            _check_grid(hamiltonian, operation)
            action(hamiltonian, operation)
        except NotInvariantError as reason:
            told.append(f"no blocks by the symmetry {operation.name}: {reason}")
        else:
            kept.append(operation)
    return replace(hamiltonian, operations=tuple(kept)), told


def action(hamiltonian: Hamiltonian, operation: Operation) -> tuple[Tensor, Tensor]:
    """Images of the products kept, by their places, and signs: (N,) and (N,).

    Raises:
        NotInvariantError: if functions are not mapped to functions that are kept.
    """
    h, factors = hamiltonian, hamiltonian.factors
    places = torch.unravel_index(h.numbers, h.shape)
    moved, signs = list(places), torch.ones(h.size, dtype=h.potential.dtype)
    for f, place in zip(factors, places, strict=True):
        target = {operation.order[k] for k in f.coordinates}
        image = next((n for n, g in enumerate(factors) if set(g.coordinates) == target), None)
        if image is None or factors[image].size != f.size:
            raise NotInvariantError("the groups of coordinates are not those of its image")
        moved[image] = place
        signs = signs * _signs(h, f, factors[image], operation)[place]
    numbers = torch.zeros_like(h.numbers)
    for n, place in zip(h.shape, moved, strict=True):
        numbers = numbers * n + place
    images = torch.searchsorted(h.numbers, numbers).clamp(max=h.size - 1)
    if not torch.equal(h.numbers[images], numbers):
        raise NotInvariantError("the limit on products keeps some and not their images (weights?)")
    return images, signs


def _signs(h: Hamiltonian, f: Factor, image: Factor, operation: Operation) -> Tensor:
    """±1 for each function of a factor, (n,)."""
    turned = _moved_tables(h, f, image, operation)
    signs = (image.values * turned).sum(0).cpu()
    if bool(((signs.abs() - 1).abs() > SIGN).any()):
        names = ", ".join(str(k + 1) for k in f.coordinates)
        raise NotInvariantError(f"the functions of coordinate {names} are neither even nor odd")
    return signs.round()


def _moved_tables(h: Hamiltonian, f: Factor, image: Factor, operation: Operation) -> Tensor:
    """Functions of a factor at the images of the points of another, (m, n)."""
    table = f.values.reshape(*[h.grid_shape[k] for k in f.coordinates], f.size)
    for axis, k in enumerate(f.coordinates):
        if operation.mirrored[k]:
            table = table.index_select(axis, _mirror_points(h.bases[k], k))
    # Axis of coordinate k becomes that of order[k].
    order = [f.coordinates.index(operation.order[j]) for j in image.coordinates]
    return table.permute(*order, -1).reshape(-1, f.size)


def _check_grid(h: Hamiltonian, operation: Operation) -> None:
    for k, j in enumerate(operation.order):
        one, other = h.bases[k], h.bases[j]
        if one is not other and not (
            one.values.shape == other.values.shape
            and torch.allclose(one.points, other.points, rtol=0, atol=POINTS)
            and torch.allclose(one.scaled_values, other.scaled_values, rtol=0, atol=TABLES)
            and torch.allclose(one.derivatives, other.derivatives, rtol=TABLES, atol=TABLES)
        ):
            raise NotInvariantError(f"the bases of coordinates {k + 1} and {j + 1} differ")
        if operation.mirrored[k]:
            mirror = _mirror_points(one, k)
            parity = (one.scaled_values * one.scaled_values[mirror]).sum(0).round()
            slopes = one.scaled_derivatives
            if not torch.allclose(slopes[mirror], -parity * slopes, rtol=TABLES, atol=TABLES):
                raise NotInvariantError(f"the slopes of the functions of coordinate {k + 1} differ")
    image = images(h.bases, operation)
    apart = (image(h.potential) - h.potential).abs()
    if float(apart.max()) > V_SAME:
        raise NotInvariantError(_where(h, apart))
    _check_kinetic(h, operation, image)


def images(bases: Sequence[Basis], operation: Operation) -> Callable[[Tensor], Tensor]:
    """F(q) on the grid (P,) to F(Oq).

    Raises:
        NotInvariantError: if grid points are not mapped to grid points.
    """
    mirrors = [
        _mirror_points(b, k) if m else None
        for k, (b, m) in enumerate(zip(bases, operation.mirrored, strict=True))
    ]
    shape = [len(b.points) for b in bases]

    def image(field: Tensor) -> Tensor:
        field = field.reshape(shape)
        for k, mirror in enumerate(mirrors):
            field = field if mirror is None else field.index_select(k, mirror)
        return field.permute(operation.order).flatten()

    return image


def _check_kinetic(h: Hamiltonian, operation: Operation, image: Callable[[Tensor], Tensor]) -> None:
    order = operation.order
    sign = [-1.0 if m else 1.0 for m in operation.mirrored]
    roots = [h.g_matrix[:, k, k].sqrt() for k in range(len(order))]
    for k, j in enumerate(order):
        for m in range(k, len(order)):
            there = image(h.g_matrix[:, k, m])
            here = sign[k] * sign[m] * h.g_matrix[:, j, order[m]]
            apart = (there - here).abs() > G_SAME * roots[j] * roots[order[m]]
            if bool(apart.any()):
                raise NotInvariantError(
                    f"G of coordinates {k + 1} and {m + 1} is not that of its image"
                )
        here = sign[k] * h.s[:, j]
        apart = (image(h.s[:, k]) - here).abs() > G_SAME * (here.abs() + 1)
        if bool(apart.any()):
            raise NotInvariantError(f"the volume element along coordinate {k + 1} is not symmetric")


def _where(h: Hamiltonian, apart: Tensor) -> str:
    worst = torch.unravel_index(apart.argmax().cpu(), h.grid_shape)
    q = ", ".join(f"{float(b.points[i]):.4f}" for b, i in zip(h.bases, worst, strict=True))
    return (
        f"the surface changes by up to {float(apart.max()) / CM1:.2g} cm-1, at q = ({q}) (bohr, "
        "radians)"
    )


def _mirror_points(basis: Basis, number: int) -> Tensor:
    """Place of the image of each point, (m,).

    Raises:
        NotInvariantError: if an image is no point.
    """
    low, high = basis.range
    images = (low + high) - basis.points
    apart = (images[:, None] - basis.points).abs()
    if basis.open_ends == (True, True):
        # A full turn further.
        apart = torch.minimum(apart, (apart - (high - low)).abs())
    least, places = apart.min(1)
    if float(least.max()) > POINTS:
        raise NotInvariantError(f"the points of coordinate {number + 1} are not symmetric")
    return places
