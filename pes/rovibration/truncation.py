"""Second-order effect of the J = 0 states that are not contracted.

Rotation couples a state |a⟩ to all functions of the J = 0 basis through nine operators O_γ: six
G_αβ and three of Coriolis. Of O_γ|a⟩ the contracted states hold a part; of the rest, P⊥ O_γ|a⟩,

  M_γδ,ab = Σ_i ⟨i|P⊥ O_γ|a⟩ ⟨i|P⊥ O_δ|b⟩ / √(D_ia D_ib),   D_ia = max(ε_i, E_n) − E_a,

with the zero-order energies ε_i of the functions and the energy E_n of the highest state: nothing
that was left out lies below it. Σ_γδ M_γδ T_γᵀ T_δ, with the matrices T_γ of the rotor, is taken
from the Hamiltonian of the contracted states. Which states matter does not go by their order, and
in a frame that suits a molecule badly those that do come late: for hydrogen peroxide half of the
states change Ka = 1 by 0.3 cm⁻¹, and those left out by 4.

References:
    P.-O. Löwdin, J. Chem. Phys. 19, 1396 (1951), doi:10.1063/1.1748067
"""

from itertools import combinations_with_replacement

import torch
from torch import Tensor

from pes.rovibration.coupling import RotationalFields
from pes.rovibration.rotor import angular_momentum
from pes.vibration.levels.result import Levels

__all__ = ["left_out", "outside", "second_order"]

PAIRS = tuple(combinations_with_replacement(range(3), 2))
"""Axes α ≤ β of G_αβ."""


def outside(states: Levels, fields: RotationalFields, count: int) -> Tensor:
    """⟨i|O_γ|a⟩ of all functions i and the lowest states a, (9, N, count).

    Args:
        states: whose lowest are coupled.
        fields: of rotation on their grid.
        count: how many.
    """
    return torch.stack([_outside(states, fields, a) for a in range(count)], -1)


def left_out(operators: Tensor, states: Levels) -> Tensor:
    """M of the lowest states, (9, 9, count, count) in hartree.

    Args:
        operators: ⟨i|O_γ|a⟩, (9, N, count).
        states: contracted, the lowest of which are |a⟩.
    """
    c, energies = states.eigenpairs.coefficients, states.energies
    # Sums of reference energies tell differences; self-consistent ones count the others as well.
    order = states.hamiltonian.zero_order_energies.to(energies)
    lowest = (order - order.min() + energies[0]).clamp(min=float(energies[-1]))
    gaps = (lowest[:, None] - energies[: operators.shape[-1]]).clamp(min=SMALLEST)
    scaled = (operators - c.T @ (c @ operators)) / gaps.sqrt()
    return torch.einsum("gia,hib->ghab", scaled, scaled)


SMALLEST = 1e-5
"""Hartree: the gap of the highest states, were they all that is left, would be zero."""


def _outside(states: Levels, fields: RotationalFields, a: int) -> Tensor:
    """⟨i|O_γ|a⟩ of all functions i, (9, N)."""
    h = states.hamiltonian
    one = states.eigenpairs.coefficients[a : a + 1]
    psi, slopes = h.basis.on_grid(one)[0], h.slopes_on_grid(one)[0]
    rows = [h.basis.from_grid((fields.inner[:, j, k] * psi)[None])[0] for j, k in PAIRS]
    for axis in range(3):
        mixed = fields.mixed[:, :, axis] / 2
        flux = mixed * psi[:, None]
        value = (h.s * flux).sum(1) - (mixed * slopes).sum(1)
        rows.append(h.basis.from_grid(value[None], flux.T[:, None].contiguous())[0])
    return torch.stack(rows)


def second_order(missing: Tensor, j: int) -> Tensor:
    """Σ_γδ M_γδ T_γᵀ T_δ, (count, 2J + 1, count, 2J + 1) in hartree: positive.

    Args:
        missing: what `left_out` returned.
        j: J.
    """
    turns = angular_momentum(j).to(missing)
    # ½ Σ_αβ G_αβ J_α J_β and i Σ_α A^α J_α with J = i L, both with the sign reversed.
    inner = [(turns[a] @ turns[b] + turns[b] @ turns[a]) / (4 if a == b else 2) for a, b in PAIRS]
    rotor = torch.stack([*inner, *turns])
    return torch.einsum("ghab,gki,hkj->aibj", missing, rotor, rotor)
