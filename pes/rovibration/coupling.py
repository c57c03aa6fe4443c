"""Integrals over vibrational states that couple them to the rotation of the body.

H = H_vib + ½ Σ_αβ G_αβ J_α J_β + ½ Σ_kα (p̃_k† G_kα + G_kα p̃_k) J_α,  p̃_k = −i D̃_k
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pes.chunks import in_chunks
from pes.rovibration.fields import CHUNK, RotationalFields
from pes.rovibration.group import Multiplets
from pes.rovibration.operators import CHANGES, PAIRS, line_amount, of_line
from pes.rovibration.progress import PartDone, silent
from pes.rovibration.second_order import LeftOut
from pes.vibration.grid.grid_basis import GridBasis
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.levels.result import Levels

__all__ = [
    "Coupling",
    "coupled_calculations",
    "coupling",
    "integrals",
    "joining",
    "portions",
    "rotated",
]

MOST_NUMBERS = 10_000_000
"""Numbers held at once for ψ, its slopes and what is made of them."""


@dataclass(frozen=True)
class Coupling:
    """Vibrational states and what couples them to rotation.

    Attributes:
        energies: energies of the J = 0 states, (n,) in hartree.
        rotation: ⟨a|G_αβ|b⟩, (3, 3, n, n) in hartree; symmetric.
        coriolis: A^α_ab = ½ Σ_k (⟨D̃_k a|G_kα|b⟩ − ⟨a|G_kα|D̃_k b⟩), (3, n, n) in hartree; real and
            antisymmetric in a and b.
        near_jumps: probability of each state near places where the axes jump, (n,); these places
            are left out of the integrals.
        missing: coupling of the lowest states to all that is not among the states, by
            calculation, see `pes.rovibration.truncation`; empty without.
        axial: K of each state of a linear molecule, (n,); then G_zz is part of the energies.
        multiplets: what the elements of a group with degenerate species make of the states.
    """

    energies: Tensor
    rotation: Tensor
    coriolis: Tensor
    near_jumps: Tensor
    missing: tuple[LeftOut, ...] = ()
    axial: Tensor | None = None
    multiplets: Multiplets | None = None

    def first(self, count: int) -> "Coupling":
        """The same among the lowest states, which are whole sets of a group."""
        own = None if self.multiplets is None else self.multiplets.first(count)
        return replace(self.only(slice(count)), multiplets=own)

    def only(self, states: Tensor | slice) -> "Coupling":
        """The same among some of the states, by their numbers, ascending; nothing is missing."""
        return Coupling(
            self.energies[states], self.rotation[..., states, :][..., states],
            self.coriolis[..., states, :][..., states], self.near_jumps[states],
            axial=None if self.axial is None else self.axial[states],
        )  # fmt: skip


def coupling(
    levels: Sequence[Levels], fields: RotationalFields, report: PartDone = silent
) -> Coupling:
    """Integrals over the states of a calculation.

    Args:
        levels: levels of a molecule, J = 0; of a linear one those of K = 0, 1, …, on one grid.
        fields: fields on the grid.
        report: called with the part that is done.
    """
    energies = torch.cat([one.energies for one in levels])
    n, axial = len(energies), _axial(levels)
    total = energies.new_zeros(len(PAIRS) + 3, n, n)
    jumps = energies.new_zeros(n)
    for here, h, vectors in portions(levels, len(PAIRS) + 3):
        report(int(here[0]) / n)
        k = int(axial[here[0]])
        # Both directions are one number.
        near = {other: own for other, own in coupled_calculations(levels, k).items() if other >= k}
        rows = torch.isin(axial, torch.tensor([*near])).nonzero()
        psi, images = joining(levels, near, h, vectors, fields)
        density = h.basis.signs * psi.square()
        jumps[here] = density[:, fields.near_jump].sum(1)
        blocks = [
            levels[other].eigenpairs.coefficients @ image.mT
            for other, image in zip(near, images, strict=True)
        ]
        total[:, rows, here] = torch.cat(blocks, 1)
    share = torch.where(axial[:, None] == axial, 0.5, 1.0)
    rotation = energies.new_zeros(3, 3, n, n)
    for (j, k), one in zip(PAIRS, total, strict=False):
        rotation[j, k] = rotation[k, j] = share * (one + one.T)
    coriolis = total[len(PAIRS) :]
    coriolis = share * (coriolis - coriolis.mT)
    if len(levels) == 1:
        return Coupling(energies, rotation, coriolis, jumps)
    return Coupling(energies, rotation, coriolis, jumps, axial=axial)


def coupled_calculations(levels: Sequence[Levels], k: int) -> dict[int, Sequence[int]]:
    """Calculations whose states rotation joins to those of one, with the operators that do.

    Args:
        levels: levels of K = 0, 1, …, or a single calculation, which all operators join to itself.
        k: number of the one.
    """
    if len(levels) == 1:
        return {0: range(len(PAIRS) + 3)}
    near = range(max(0, k - 2), min(len(levels), k + 3))
    return {other: CHANGES[abs(other - k)] for other in near}


def joining(
    levels: Sequence[Levels],
    near: Mapping[int, Sequence[int]],
    h: Hamiltonian,
    vectors: Tensor,
    fields: RotationalFields,
) -> tuple[Tensor, list[Tensor]]:
    """ψ of some states on the grid, and ⟨i|O|ψ⟩ (9, S, N) of each calculation that is near.

    Args:
        levels: levels of K = 0, 1, …, or a single calculation.
        near: numbers of some of them, with the operators that join their states to ψ.
        h: Hamiltonian of the states.
        vectors: their coefficients, (S, N).
        fields: fields of rotation on the grid.
    """
    bras = [(levels[k].hamiltonian.basis, operators) for k, operators in near.items()]
    psi, images = rotated(h, vectors, fields, bras)
    if h.bends:
        images = [of_line(x, h.momentum, k) for k, x in zip(near, images, strict=True)]
    return psi, images


def _axial(levels: Sequence[Levels]) -> Tensor:
    """Number of the calculation that each state comes from: K of a linear molecule."""
    return torch.cat([torch.full((len(one.energies),), k) for k, one in enumerate(levels)])


def portions(levels: Sequence[Levels], fields: int) -> Iterator[tuple[Tensor, Hamiltonian, Tensor]]:
    """Numbers of some states (S,) of one calculation, its Hamiltonian, coefficients (S, N).

    Args:
        levels: calculations one after the other.
        fields: numbers that are held at each point for a state, beside ψ and its slopes.
    """
    start = 0
    for one in levels:
        h, vectors = one.hamiltonian, one.eigenpairs.coefficients
        each = len(h.potential) * (2 * h.modes + 2 + fields)
        # Of no states there would be one empty portion.
        parts = torch.arange(len(vectors)).split(max(1, MOST_NUMBERS // each))
        for part in parts if len(vectors) else ():
            yield start + part, h, vectors[part]
        start += len(vectors)


def rotated(
    h: Hamiltonian,
    vectors: Tensor,
    fields: RotationalFields,
    bras: Sequence[tuple[GridBasis, Sequence[int]]],
) -> tuple[Tensor, list[Tensor]]:
    """ψ of some states on the grid, and the nine operators of rotation applied to them.

    Args:
        h: Hamiltonian of the states.
        vectors: their coefficients, (S, N).
        fields: fields of rotation on the grid.
        bras: functions on that grid, with the numbers of the operators that join them to ψ.

    Returns:
        ψ times √weight, (S, P); of each basis ⟨i|G_αβ|ψ⟩ for `PAIRS`, then ⟨i|A^α|ψ⟩, (9, S, N);
        zero for all other operators.
    """
    psi, slopes = h.basis.on_grid_with_slopes(vectors)
    for k, slope in enumerate(slopes):
        slope += h.s[:, k] * psi
    images = [psi.new_zeros(len(PAIRS) + 3, len(psi), basis.size) for basis, _ in bras]
    joining = {number for _, operators in bras for number in operators}
    for number in joining & fields.present:
        if number < len(PAIRS):
            j, k = PAIRS[number]
            value, flux = fields.inner[:, j, k] * psi, None
        else:
            mixed = fields.mixed[:, :, number - len(PAIRS)].T[:, None] / 2
            value = -(mixed * slopes).sum(0) + (h.s.T[:, None] * mixed).sum(0) * psi
            flux = mixed * psi
        for image, (basis, operators) in zip(images, bras, strict=True):
            if number in operators:
                image[number] = basis.from_grid(value, flux)
    return psi, images


def integrals(
    levels: Sequence[Levels],
    function: Callable[[Tensor], Tensor],
    change: int = 0,
    report: PartDone = silent,
) -> Tensor:
    """⟨a|f_k|b⟩ (K, n, n) of a function of coordinates (P, Q) with values (P, K).

    Args:
        levels: levels of a molecule, J = 0; of a linear one those of K = 0, 1, …, on one grid.
        function: function of coordinates.
        change: largest change of K that the function brings: 0 for a scalar, 1 for a vector; others
            are zero.
        report: called with the part that is done.
    """
    points, axial = levels[0].hamiltonian.basis.points, _axial(levels)
    values = in_chunks(function, points, CHUNK).T.contiguous()
    total = values.new_zeros(len(values), len(axial), len(axial))
    for here, h, vectors in portions(levels, 0):
        report(int(here[0]) / len(axial))
        k = int(axial[here[0]])
        near = levels[max(0, k - change) : k + change + 1]
        amounts = [line_amount(k, one.hamiltonian.momentum) if h.bends else 1.0 for one in near]
        rows = ((axial - k).abs() <= change).nonzero()
        psi = h.basis.on_grid(vectors)
        for row, value in enumerate(values):
            images = [
                amount * one.hamiltonian.basis.from_grid(value * psi)
                for one, amount in zip(near, amounts, strict=True)
            ]
            blocks = [
                one.eigenpairs.coefficients @ image.T
                for one, image in zip(near, images, strict=True)
            ]
            total[row, rows, here] = torch.cat(blocks)
    return (total + total.mT) / 2
