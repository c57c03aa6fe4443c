"""Line strengths between levels with rotation, Einstein coefficients and intensities.

    S(f ← i) = |Σ_α ⟨f| μ_α λ_α |i⟩|², summed over the orientations of both,

with μ_α the dipole moment along the axes of the body and λ_α the direction of those axes in space.

References:
    P. R. Bunker, P. Jensen, Molecular Symmetry and Spectroscopy, NRC Press (1998), chapter 14;
    I. E. Gordon et al. (HITRAN), J. Quant. Spectrosc. Radiat. Transf. 277, 107949 (2022),
    doi:10.1016/j.jqsrt.2021.107949, for intensities in cm/molecule
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import pi

import torch
from torch import Tensor

from pes.rovibration.levels import Rovibrational
from pes.rovibration.partition import SECOND
from pes.rovibration.rotor import directions, of_each_k
from pes.rovibration.solved import mean_of_members
from pes.units import CM1, PLANCK, SPEED_OF_LIGHT, VACUUM_PERMITTIVITY

__all__ = ["Lines", "Spectrum", "intensities", "lines", "strengths"]

EINSTEIN = (16 * pi**3 / (3 * PLANCK * VACUUM_PERMITTIVITY)) * (1e-21 / SPEED_OF_LIGHT) ** 2 * 1e6
"""16π³/(3hε₀): s⁻¹ per cm⁻³ and debye², for one orientation of the upper level."""

SPEED = 100 * SPEED_OF_LIGHT
"""Speed of light, cm/s."""


@dataclass(frozen=True, eq=False)
class Lines:
    """Lines between the levels of two J; levels are numbered within each J.

    Attributes:
        upper_j: J of the upper levels.
        lower_j: J of the lower levels.
        upper: numbers of the upper levels, (L,).
        lower: numbers of the lower levels, (L,).
        wavenumbers: (L,) in cm⁻¹, above zero.
        strengths: S (L,) in debye², without nuclear spin.
        einstein: A of spontaneous emission, (L,) in s⁻¹.
    """

    upper_j: int
    lower_j: int
    upper: Tensor
    lower: Tensor
    wavenumbers: Tensor
    strengths: Tensor
    einstein: Tensor


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Absorption lines by wavenumber.

    Attributes:
        wavenumbers: (L,) in cm⁻¹.
        intensities: (L,) in cm/molecule.
        einstein: A, (L,) in s⁻¹.
        lower: row of the lower level in the table of states, (L,).
        upper: row of the upper level, (L,).
        uncertainty: sum of the estimated errors of both levels, (L,) in cm⁻¹.
        position_spread: standard deviation of the wavenumbers over the members of an ensemble
            surface, (L,) in cm⁻¹; None without.
        intensity_spread: spread of the intensities over the members of an ensemble of dipole
            surfaces, (L,) in cm/molecule; None without.
    """

    wavenumbers: Tensor
    intensities: Tensor
    einstein: Tensor
    lower: Tensor
    upper: Tensor
    uncertainty: Tensor
    position_spread: Tensor | None = None
    intensity_spread: Tensor | None = None


def strengths(moments: Tensor, final: Rovibrational, initial: Rovibrational) -> Tensor:
    """S of all pairs of levels, (S_f, S_i), in the unit of the moments squared.

    Of degenerate levels it is that of one member, summed over those of the other level.

    Args:
        moments: ⟨a|μ_α|b⟩ of the J = 0 states along the axes of the body, (3, n, n).
        final: levels of one J.
        initial: levels of one J.
    """
    n = moments.shape[1]
    turned = directions(final.j, initial.j).to(moments)
    bra = final.vectors.reshape(n, 2 * final.j + 1, -1)
    ket = initial.vectors.reshape(n, 2 * initial.j + 1, -1)
    total = moments.new_zeros(bra.shape[2], ket.shape[2])
    pairs = product(of_each_k(final.axial, n, final.j), of_each_k(initial.axial, n, initial.j))
    for (rows, functions), (columns, others) in pairs:
        joining = moments[:, rows[:, None], columns]
        if not bool(joining.any()):
            continue
        left = bra[rows[:, None], functions].flatten(0, 1)
        right = ket[columns[:, None], others]
        for along, direction in zip(joining, turned[:, functions[:, None], others], strict=True):
            moved = torch.einsum("nm,mls->nls", along, right)
            moved = torch.einsum("kl,nls->nks", direction, moved)
            total += left.T @ moved.flatten(0, 1)
    # Each member of a degenerate level goes to one of the other's, which one depends on both.
    each = mean_of_members(total.square(), initial.members)
    if final.members is None:
        return each
    return mean_of_members(each.T, final.members).T * final.degeneracies[:, None]


def lines(
    moments: Tensor, levels: Sequence[Rovibrational], *, weakest: float = 1e-12
) -> Iterator[Lines]:
    """Lines between levels, two J at a time, so that memory holds one pair of them.

    Args:
        moments: ⟨a|μ_α|b⟩ in debye, (3, n, n).
        levels: levels of several J, each once.
        weakest: strengths in debye² from which a line counts.
    """
    by_j = {one.j: one for one in levels}
    for j in sorted(by_j):
        for other in (j, j + 1):
            if other not in by_j or j == other == 0:
                continue
            yield from _lines(moments, by_j[j], by_j[other], weakest)


def _lines(
    moments: Tensor, one: Rovibrational, other: Rovibrational, weakest: float
) -> Iterator[Lines]:
    """Lines up and down between two J."""
    values = strengths(moments, other, one)
    wavenumbers = (other.energies[:, None] - one.energies) / CM1
    pairs = [(other, one, values, wavenumbers)]
    if one is not other:
        pairs.append((one, other, values.T, -wavenumbers.T))
    for upper, lower, s, w in pairs:
        up, down = ((w > 0) & (s > weakest)).nonzero(as_tuple=True)
        s, w = s[up, down], w[up, down]
        yield Lines(upper.j, lower.j, up, down, w, s, EINSTEIN * w**3 * s / (2 * upper.j + 1))


def intensities(
    some: Lines, lower_energies: Tensor, weights: Tensor, temperature: float, partition: float
) -> Tensor:
    """Absorption lines' intensities, (L,) in cm/molecule.

        A g_ns (2J′ + 1) exp(−hcE″/kT) (1 − exp(−hcν̃/kT)) / (8π c ν̃² Q(T))

    Args:
        some: lines.
        lower_energies: E″ of each line above the ground state, (L,) in cm⁻¹.
        weights: nuclear-spin weight g_ns of each line, (L,).
        temperature: kelvin, above zero.
        partition: Q(T).
    """
    nu = some.wavenumbers
    boltzmann = torch.exp(-SECOND * lower_energies / temperature)
    emission = 1 - torch.exp(-SECOND * nu / temperature)
    upper = some.einstein * weights * (2 * some.upper_j + 1)
    return upper * boltzmann * emission / (8 * pi * SPEED * nu**2 * partition)
