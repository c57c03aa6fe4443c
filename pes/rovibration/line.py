"""Linear molecules of any number of atoms: states of each projection K of J on the line.

Of 3N − 5 normal coordinates two belong to each bend. Turning the molecule about its line turns
them, so that the third angle of the body is theirs, and H of Watson's form has J_x and J_y alone,
among functions whose angular momentum k about the line is the projection of J:

  H = H_vib + ½ Σ_αβ G_αβ J_α J_β + ½ Σ_kα (p̃_k† G_kα + G_kα p̃_k) J_α,  α, β = x, y,  J_z = l_z

H_vib and both fields are those of the inverse metric of Q + 2 motions. States |v k⟩ of H_vib for
k > 0 come in pairs ±k; c is √2 times the real part of one. Of their products with the rotor the
two with J_z = l_z are (c C + s S)/√2 and (c S − s C)/√2, with C and S its real functions. Turning
all about the line makes the four terms of an element equal, so that elements among the functions
c, times `line_amount`, stand for whole elements among levels of either parity: from there on a
linear molecule of N atoms is treated as one of three (`pes.rovibration.axial`).

References:
    J. K. G. Watson, Mol. Phys. 19, 465 (1970), doi:10.1080/00268977000101491
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

import torch
from torch import Tensor

from pes.rovibration.axial import AxialStates
from pes.rovibration.fields import rotational_fields
from pes.rovibration.progress import PartDone, silent
from pes.rovibration.state_choice import with_states
from pes.rovibration.symmetry import permutation
from pes.vibration.eigensolvers.shared_elements import with_elements
from pes.vibration.levels.momentum import momentum_states
from pes.vibration.levels.result import Levels
from pes.vibration.symmetry.axial import AXIAL_SPECIES
from pes.vibration.symmetry.axial_functions import axial_functions
from pes.vibration.symmetry.operation import Operation
from pes.vibration.system.system import System

__all__ = ["line_sizes", "line_states", "line_symmetry"]

NEIGHBOURS = 2
"""K beyond the highest of a level asked for: rotation joins K to K ± 1 and K ± 2."""

STEP, SAME = 0.1, 1e-3
"""Step along all coordinates, and bohr up to which two geometries are one."""


def line_states(
    levels: Levels, count: int, highest: int, reference: Tensor, report: PartDone = silent
) -> AxialStates:
    """The lowest states for K = 0 … highest, as far as rotation can join them to levels asked for.

    Args:
        levels: J = 0 of a linear molecule in 3N − 5 normal coordinates.
        count: states of each K; more where more lie below the highest J = 0 level.
        highest: largest K.
        reference: the molecule on the z axis, (N, 3).
        report: called with the part that is done.
    """
    number, ks = line_sizes(levels, count, highest)
    h = with_elements(levels.hamiltonian, number)
    levels = replace(levels, system=_upright(levels.system), hamiltonian=h)
    states = [with_states(levels, number, report)]
    report(1 / ks)
    for one in momentum_states(levels, range(1, ks), number, float(levels.energies[-1])):
        states.append(one)
        report(len(states) / ks)
    fields = rotational_fields(levels.system, levels.points, "embedded", reference)
    return AxialStates(tuple(states), fields)


def line_sizes(levels: Levels, count: int, highest: int) -> tuple[int, int]:
    """Number of states of each K, and number of K, for the arguments of `line_states`."""
    below = _below(levels, highest)
    ks = min(len(below), max(k for k, n in enumerate(below) if n) + NEIGHBOURS + 1)
    return max(count, 2 * max(below)), ks


def _below(levels: Levels, highest: int) -> list[int]:
    """Functions of each K that has any whose reference energies lie below the highest level."""
    h = levels.hamiltonian
    energies = h.zero_order_energies - h.zero_order_energies.min()
    low = (energies <= levels.excitations[-1]).cpu()
    first = (axial_functions(h.basis, h.bends, k).first for k in range(highest + 1))
    return [int(low[one].sum()) for one in takewhile(len, first)]


def _upright(system: System) -> System:
    """The same molecule turned so that it bends along x and y."""
    assert system.positions is not None
    assert system.across is not None
    across, positions = system.across, system.positions
    axes = torch.cat((across, torch.linalg.cross(*across)[None])).mT
    return replace(
        system, positions=lambda q: positions(q) @ axes.to(q),
        across=torch.eye(3, dtype=across.dtype, device=across.device)[:2],
    )  # fmt: skip


def line_symmetry(
    states: Sequence[Levels],
) -> tuple[tuple[Operation, ...], tuple[int | None, ...], Tensor, tuple[str, ...]]:
    """Symmetry of states of each K: Σ⁺, Σ⁻, Π, …, and g and u where the molecule has a centre.

    E* reflects the bends in the plane of the functions c, and turns the body about y. The
    inversion in the centre is E* with a permutation, and turns nothing.

    Returns:
        Operations, the axis of the half turn that each is for the body, characters of the states
        (n, operations), and names of their species.
    """
    signs = [-1.0 if name.endswith("-") else 1.0 for one in states for name in _names(one)]
    mirror = torch.tensor(signs, dtype=torch.float64).to(states[0].energies)
    still = tuple(range(states[0].hamiltonian.modes))
    starred = Operation("E*", still, (False,) * len(still))
    exchange = _through_centre(states[0])
    if exchange is None:
        return (starred,), (1,), mirror[:, None], _species(states, mirror, None)
    even = torch.cat([_parity(one, exchange) for one in states])
    centre = replace(exchange, name=f"{exchange.name}*")
    values = torch.stack((mirror, even, mirror * even), 1)
    return (starred, centre, exchange), (1, None, 1), values, _species(states, mirror, even)


def _names(states: Levels) -> tuple[str, ...]:
    return states.eigenpairs.symmetry


def _species(states: Sequence[Levels], mirror: Tensor, even: Tensor | None) -> tuple[str, ...]:
    """Names of species such as Σu+ and Πg."""
    ks = [one.hamiltonian.momentum for one in states for _ in one.energies]
    centred = [""] * len(ks) if even is None else ["g" if v > 0 else "u" for v in even.tolist()]
    return tuple(
        AXIAL_SPECIES[min(k, len(AXIAL_SPECIES) - 1)] + g + ("" if k else "+" if sign > 0 else "-")
        for k, g, sign in zip(ks, centred, mirror.tolist(), strict=True)
    )


def _parity(states: Levels, operation: Operation) -> Tensor:
    """⟨ψ|Oψ⟩ of an operation that reverses some coordinates, (S,)."""
    basis = states.hamiltonian.basis
    odd = basis.quanta(torch.arange(basis.size))[:, list(operation.mirrored)].sum(1) % 2
    return states.eigenpairs.coefficients.square() @ (1.0 - 2.0 * odd).to(states.energies)


def _through_centre(states: Levels) -> Operation | None:
    """The operation that takes atoms through the centre to where others of their kind were.

    Its name is that of the permutation.
    """
    system, h = states.system, states.hamiltonian
    assert system.positions is not None
    q = STEP * torch.arange(1, h.modes + 1).double()[None] / h.modes
    for operation in h.operations:
        if operation.order != tuple(range(h.modes)):
            continue
        signs = 1.0 - 2.0 * torch.tensor(operation.mirrored).double()
        with torch.no_grad():
            here, there = system.positions(torch.cat((q, signs * q)).to(states.energies))
        image = -here[permutation(operation.name, len(here))]
        apart = (there - there.mean(0)) - (image - image.mean(0))
        if float(apart.abs().max()) < SAME:
            return replace(operation, name=operation.name.removesuffix("*"))
    return None
