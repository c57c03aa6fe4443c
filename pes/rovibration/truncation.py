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

import torch
from torch import Tensor

from pes.rovibration.coupling import PAIRS, RotationalFields, rotated
from pes.rovibration.progress import PartDone, silent
from pes.rovibration.rotor import angular_momentum
from pes.vibration.levels.result import Levels

__all__ = ["left_out", "outside", "second_order"]


def outside(
    states: Levels, fields: RotationalFields, count: int, report: PartDone = silent
) -> Tensor:
    """⟨i|O_γ|a⟩ of all functions i and the lowest states a, (9, N, count).

    Args:
        states: whose lowest are coupled.
        fields: of rotation on their grid.
        count: how many.
        report: called with the part that is done.
    """
    h, rows = states.hamiltonian, []
    for a in range(count):
        report(a / count)
        vector = states.eigenpairs.coefficients[a : a + 1]
        rows.append(rotated(h, vector, fields, [h.basis])[1][0][:, 0])
    return torch.stack(rows, -1)


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
