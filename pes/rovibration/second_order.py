"""Sums over J = 0 states that are left out, for any J."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pes.rovibration.operators import rotor_operators
from pes.rovibration.rotor import of_each_k

__all__ = ["LeftOut", "second_order"]


@dataclass(frozen=True, eq=False)
class LeftOut:
    """Second-order effect on some states of the functions that one calculation leaves out.

    Attributes:
        products: M_γδ,ab of `pes.rovibration.truncation`, (O, O, m, m) in hartree.
        operators: numbers of the operators γ, see `pes.rovibration.operators`, (O,).
        states: numbers of the states a among all that are contracted, ascending, (m,).
        axial: K of the functions, where each K has its own; None for others.
    """

    products: Tensor
    operators: Tensor
    states: Tensor
    axial: int | None = None


def second_order(missing: Sequence[LeftOut], axial: Tensor | None, j: int) -> tuple[Tensor, Tensor]:
    """Σ_γδ M_γδ T_γᵀ T_δ, which is positive.

    Args:
        missing: what each calculation leaves out.
        axial: K of each state where each K has its own, (n,); None for others.
        j: J.

    Returns:
        Numbers of the products of a state and a function of the rotor that it belongs to, (p,),
        each 2J + 1 times that of the state plus that of the function; the sum, (p, p) in hartree.
    """
    size = 2 * j + 1
    states = torch.cat([one.states for one in missing]).unique()
    k = (torch.arange(size) + 1) // 2
    own = torch.ones(len(states), size, dtype=torch.bool)
    own = own if axial is None else axial[states][:, None] == k
    place = torch.full((int(states.max()) + 1, size), -1)
    place[states] = torch.where(own, own.flatten().cumsum(0).reshape(own.shape) - 1, -1)
    total = missing[0].products.new_zeros(int(own.sum()), int(own.sum()))
    for one in missing:
        rotor = rotor_operators(j).to(total)[one.operators]
        rotor = rotor if one.axial is None else rotor[:, k == one.axial]
        groups = of_each_k(None if axial is None else axial[one.states], len(one.states), j)
        for n, (mine, functions) in enumerate(groups):
            rows = place[one.states[mine]][:, functions].flatten()
            for others, more in groups[n:]:
                columns = place[one.states[others]][:, more].flatten()
                turned = torch.einsum("gki,hkj->ghij", rotor[..., functions], rotor[..., more])
                products = one.products[:, :, mine][..., others]
                block = torch.einsum("ghab,ghij->aibj", products, turned)
                block = block.reshape(len(rows), len(columns))
                total[rows[:, None], columns] += block
                if mine is not others:
                    total[columns[:, None], rows] += block.T
    return (states[:, None] * size + torch.arange(size))[own], total
