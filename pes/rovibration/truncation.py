"""Second-order effect of the J = 0 states that are not contracted.

Rotation couples a state |a⟩ to all functions of the J = 0 basis through nine operators O_γ: six
G_αβ and three of Coriolis. Of O_γ|a⟩ the contracted states hold a part; of the rest, P⊥ O_γ|a⟩,

  M_γδ,ab = Σ_i ⟨i|P⊥ O_γ|a⟩ ⟨i|P⊥ O_δ|b⟩ / √(D_ia D_ib),   D_ia = max(ε_i, E_n) − E_a,

with the zero-order energies ε_i of the functions and the energy E_n of the highest state: nothing
that was left out lies below it, but for states that are set aside because the axes jump where they
are: these have their own energies. Σ_γδ M_γδ T_γᵀ T_δ, with the matrices T_γ of the rotor, is taken
from the Hamiltonian of the contracted states. Where each K has states of its own, i runs over the
functions of those K that the operators join to that of a. Which states matter does not go by their
order, and in a frame that suits a molecule badly those that do come late: for hydrogen peroxide
half of the states change Ka = 1 by 0.3 cm⁻¹, and those left out by 4.

References:
    P.-O. Löwdin, J. Chem. Phys. 19, 1396 (1951), doi:10.1063/1.1748067
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pes.rovibration.coupling import coupled_calculations, joining, portions
from pes.rovibration.fields import RotationalFields
from pes.rovibration.operators import PAIRS
from pes.rovibration.progress import PartDone, silent
from pes.rovibration.second_order import LeftOut
from pes.rovibration.state_choice import only
from pes.vibration.levels.result import Levels
from pes.vibration.symmetry.axial import axial_part, reference_energies

__all__ = ["Images", "left_out", "rotational_images"]

SMALLEST = 1e-5
"""Hartree: the gap of the highest states, were they all that is left, would be zero."""


@dataclass(frozen=True, eq=False)
class Images:
    """⟨i|O_γ|a⟩ of all functions i of one calculation.

    Attributes:
        values: (O, N, m).
        operators: numbers of the operators γ, (O,).
        states: number of the calculation that each a belongs to and its number there, (2, m).
    """

    values: Tensor
    operators: Tensor
    states: Tensor


def rotational_images(
    levels: Sequence[Levels],
    fields: RotationalFields,
    coupled: Sequence[Tensor],
    report: PartDone = silent,
) -> list[Images]:
    """Images of some states under the operators of rotation, in the functions of each calculation.

    Args:
        levels: calculations on one grid; of K = 0, 1, … if several.
        fields: fields of rotation on the grid.
        coupled: numbers of the states of each calculation.
        report: called with the part that is done.
    """
    operators = torch.tensor(sorted(fields.present))
    of = torch.repeat_interleave(torch.tensor([len(numbers) for numbers in coupled]))
    states = torch.stack((of, torch.cat(list(coupled))))
    # No state of a high K may be among those that are coupled.
    sizes = [one.eigenpairs.coefficients.shape[1] for one in levels]
    values = [[fields.inner.new_zeros(len(operators), size, 0)] for size in sizes]
    owners = [[states[:, :0]] for _ in levels]
    some = [only(one, numbers) for one, numbers in zip(levels, coupled, strict=True)]
    for here, h, vectors in portions(some, len(PAIRS) + 3):
        report(int(here[0]) / len(of))
        near = coupled_calculations(levels, int(of[here[0]]))
        for other, image in zip(near, joining(levels, near, h, vectors, fields)[1], strict=True):
            if h.bends:
                image = axial_part(levels[other].hamiltonian, image)
            values[other].append(image[operators].mT)
            owners[other].append(states[:, here])
    return [
        Images(torch.cat(value, -1), operators, torch.cat(own, 1))
        for value, own in zip(values, owners, strict=True)
    ]


def left_out(
    every: Sequence[Images], levels: Sequence[Levels], aside: Levels | None = None
) -> tuple[LeftOut, ...]:
    """M of each calculation among its states and those of its neighbours.

    Args:
        every: images of each calculation; states beyond those that are contracted are ignored.
        levels: states that are contracted, of each calculation.
        aside: states of a single calculation that are not contracted though others above them are.
    """
    counts = torch.tensor([len(one.energies) for one in levels])
    first = counts.cumsum(0) - counts
    energies = torch.cat([one.energies for one in levels])
    made = []
    for k, (one, states) in enumerate(zip(every, levels, strict=True)):
        of, number = one.states
        there = number < counts[of]
        if not bool(there.any()):
            continue
        places = (first[of] + number)[there]
        products = _products(one.values[..., there], energies[places], states, aside)
        made.append(LeftOut(products, one.operators, places, k if len(levels) > 1 else None))
    return tuple(made)


def _products(values: Tensor, energies: Tensor, states: Levels, aside: Levels | None) -> Tensor:
    """M_γδ,ab (O, O, m, m) of ⟨i|O_γ|a⟩ (O, N, m), with the energies of a (m,) and states of i."""
    c, own = states.eigenpairs.coefficients, states.energies
    # Sums of reference energies tell differences; self-consistent ones count the others as well.
    order = states.hamiltonian.zero_order_energies.to(own)
    lowest = (order - reference_energies(states.hamiltonian).min() + own[0]).clamp(
        min=float(own[-1])
    )
    rest = values - c.T @ (c @ values)
    if aside is not None:
        known = aside.eigenpairs.coefficients
        among = known @ values
        rest = torch.cat((rest - known.T @ among, among), 1)
        lowest = torch.cat((lowest, aside.energies))
    gaps = (lowest[:, None] - energies).clamp(min=SMALLEST)
    scaled = (rest / gaps.sqrt()).permute(0, 2, 1).flatten(0, 1)
    products = (scaled @ scaled.T).reshape(len(values), len(energies), len(values), len(energies))
    return products.transpose(1, 2)
