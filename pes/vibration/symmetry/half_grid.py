"""Integrals of symmetric integrands over one half of each coordinate that a reflection mirrors."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from pes.vibration.basis.basis import Basis
from pes.vibration.grid.product_basis import ProductBasis
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.symmetry.action import mirrored_points
from pes.vibration.symmetry.operation import Operation

__all__ = ["half_grid"]


def half_grid(hamiltonian: Hamiltonian, reflections: Sequence[Operation]) -> Hamiltonian:
    """The same on the points that no reflection has an image of, with the weights of both.

    Its elements between functions of the same signs under each reflection are those of the whole,
    for their integrands are symmetric; others it does not know. A sparse grid stays as it is.

    Args:
        hamiltonian: V, G and s with the symmetry.
        reflections: operations that mirror coordinates and exchange none.
    """
    basis = hamiltonian.basis
    if not isinstance(basis, ProductBasis) or not reflections:
        return hamiltonian
    bases, kept = list(basis.bases), [torch.arange(m) for m in basis.grid_shape]
    left = list(reflections)
    for k, one in enumerate(basis.bases):
        if any(o.mirrored[k] for o in left):
            # Those that leave this coordinate alone map the half to itself.
            left = [o for o in left if not o.mirrored[k]]
            bases[k], kept[k] = _half(one, mirrored_points(one, k).cpu())
    at = _places(kept, basis.grid_shape).to(basis.device)
    g = hamiltonian.g_matrix.permute(1, 2, 0)[..., at].permute(2, 0, 1)
    return replace(
        hamiltonian, basis=replace(basis, bases=tuple(bases)), g_matrix=g,
        potential=hamiltonian.potential[at], s=hamiltonian.s.T[:, at].T,
    )  # fmt: skip


def _half(basis: Basis, mirror: Tensor) -> tuple[Basis, Tensor]:
    """Points up to the middle, which counts once and the others twice, and their places."""
    places = torch.arange(len(mirror))
    kept = (places <= mirror).nonzero().flatten()
    at = kept.to(basis.points.device)
    times = torch.where(mirror == places, 1.0, 2.0)[kept].to(basis.weights)
    half = replace(
        basis, points=basis.points[at], weights=basis.weights[at] * times,
        values=basis.values[at], derivatives=basis.derivatives[at],
        log_density_slope=basis.log_density_slope[at],
    )  # fmt: skip
    return half, kept


def _places(kept: Sequence[Tensor], shape: Sequence[int]) -> Tensor:
    """Numbers of the grid points with these numbers along each coordinate, last fastest."""
    numbers = torch.zeros(1, dtype=torch.long)
    for places, size in zip(kept, shape, strict=True):
        numbers = (numbers[:, None] * size + places).flatten()
    return numbers
