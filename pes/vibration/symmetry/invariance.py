"""Test of the symmetries of a Hamiltonian on its grid.

An operation O is a symmetry of the discrete problem if it maps grid points to grid points,
functions to functions up to signs, and

    V(Oq) = V(q),  G_kl(Oq) = ε_k ε_l G_o(k)o(l)(q),  s_k(Oq) = ε_k s_o(k)(q)

with o the order and ε = −1 for what is mirrored.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from pes.places import Places
from pes.units import CM1
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.symmetry.action import (
    POINTS_SAME,
    NotInvariantError,
    action,
    images,
    mirrored_points,
)
from pes.vibration.symmetry.grid_symmetry import G_SAME, energies_differ
from pes.vibration.symmetry.operation import Operation, closed

__all__ = ["invariant"]

TABLES = 1e-8
"""Tolerance on functions of exchanged coordinates and their derivatives, atomic units."""


def invariant(
    hamiltonian: Hamiltonian, places: Places | None = None
) -> tuple[Hamiltonian, list[str]]:
    """The Hamiltonian with the operations that hold on its grid; why the others do not.

    Args:
        hamiltonian: V and G on a grid, and operations that may be symmetries.
        places: names and units of the coordinates for the reasons.
    """
    kept, reasons = [], []
    for operation in hamiltonian.operations:
        try:
            _check_grid(hamiltonian, operation, places or Places())
            action(hamiltonian.basis, operation)
        except NotInvariantError as error:
            reasons.append(f"no blocks by the symmetry {operation.name}: {error}")
        else:
            kept.append(operation)
    group = closed(kept)
    reasons += [
        f"no blocks by the symmetry {o.name}: its product with another is not a symmetry"
        for o in kept
        if o not in group
    ]
    return replace(hamiltonian, operations=tuple(group)), reasons


def _check_grid(h: Hamiltonian, operation: Operation, places: Places) -> None:
    for k, j in enumerate(operation.order):
        one, other = h.basis.bases[k], h.basis.bases[j]
        if one is not other and not (
            one.values.shape == other.values.shape
            and torch.allclose(one.points, other.points, rtol=0, atol=POINTS_SAME)
            and torch.allclose(one.weights, other.weights, rtol=TABLES, atol=0)
            and torch.allclose(one.values, other.values, rtol=TABLES, atol=TABLES)
            and torch.allclose(one.derivatives, other.derivatives, rtol=TABLES, atol=TABLES)
        ):
            raise NotInvariantError(f"the bases of coordinates {k + 1} and {j + 1} differ")
        if operation.mirrored[k]:
            mirror = mirrored_points(one, k)
            parity = (one.values * one.values[mirror]).sum(0).sign()
            slopes = one.derivatives
            if not torch.allclose(slopes[mirror], -parity * slopes, rtol=TABLES, atol=TABLES):
                raise NotInvariantError(f"the slopes of the functions of coordinate {k + 1} differ")
    image = images(h.basis, operation)
    moved = image(h.potential)
    apart = energies_differ(h.potential, moved, float(h.potential.min()))
    if bool(apart.any()):
        raise NotInvariantError(_where(h, (moved - h.potential).abs() * apart, places))
    _check_kinetic(h, operation, image)


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


def _where(h: Hamiltonian, apart: Tensor, places: Places) -> str:
    place = places.text(h.basis.points[int(apart.argmax())])
    return f"the surface changes by up to {float(apart.max()) / CM1:.2g} cm-1, at {place}"
