"""Factors of a product basis: functions of single coordinates and of groups of them."""

from collections.abc import Sequence

import torch
from torch import Tensor

from pes.vibration.basis.basis import Basis
from pes.vibration.basis.factor import Factor, Group

__all__ = ["factors_of"]


def factors_of(bases: Sequence[Basis], groups: Sequence[Group]) -> tuple[Factor, ...]:
    """Factors of a product basis; a group stands where its first coordinate does."""
    first = {group.coordinates[0]: group for group in groups}
    grouped = {k for group in groups for k in group.coordinates[1:]}
    return tuple(
        _grouped(bases, first[k]) if k in first else _single(bases, k)
        for k in range(len(bases))
        if k not in grouped
    )


def _single(bases: Sequence[Basis], k: int) -> Factor:
    b = bases[k]
    return Factor((k,), b.scaled_values, b.scaled_derivatives[None], b.energies)


def _grouped(bases: Sequence[Basis], group: Group) -> Factor:
    picked = [bases[k] for k in group.coordinates]
    slopes = [
        _product(
            [b.scaled_derivatives if j == k else b.scaled_values for j, b in enumerate(picked)]
        )
        @ group.expansion
        for k in range(len(picked))
    ]
    values = _product([b.scaled_values for b in picked]) @ group.expansion
    return Factor(group.coordinates, values, torch.stack(slopes), group.energies)


def _product(tables: Sequence[Tensor]) -> Tensor:
    """Kronecker product of (m, n) tables."""
    whole = tables[0]
    for table in tables[1:]:
        whole = torch.kron(whole, table)
    return whole
