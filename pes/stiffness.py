"""Stiffness of a minimum: its highest harmonic frequency against that of bonds of its lengths."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Self

import torch
from torch import Tensor

from pes.bonds import has_firm_bond
from pes.elements import atomic_number
from pes.geometry import atom_pairs, distances
from pes.molecule import Molecule
from pes.units import ANGSTROM, CM1

__all__ = ["Stiffness", "bond_force_constants"]

STRENGTH = 0.806
"""Hartree bohr; Badger's 1.86e5 dyn/cm Å³."""

NOBLE_GASES = (2, 10, 18, 36, 54)
"""Atomic numbers at which periods end."""

CORES = (0.02, 0.335, 0.58, 0.69, 0.80, 0.90)
"""Å; what an atom of each period takes off a bond length, from the vibrations of diatomic
molecules: K. P. Huber, G. Herzberg, Constants of Diatomic Molecules (1979)."""

NEAREST = 0.2 * ANGSTROM
"""Shortest rest of a bond length; that of H2 is 0.7 Å, that of N2 0.43 Å."""

SOFTEST, STIFFEST = 0.3, 1.7
"""Highest harmonic frequency over that of bonds of the same lengths. Molecules with all kinds of
bonds have 0.6 to 1.2 (see tests/test_stiffness.py), FHF⁻ 0.4; hartree called eV make it 5.2 times
smaller."""


@dataclass(frozen=True)
class Stiffness:
    """Highest harmonic frequency at a minimum, and the one that bonds of these lengths give.

    Attributes:
        wavenumber: of the surface, cm⁻¹.
        usual: that of covalent bonds as long as the distances there, cm⁻¹.
        bonded: two atoms are near enough for a covalent bond; what holds others together is
            softer.
    """

    wavenumber: float
    usual: float
    bonded: bool

    def ratio(self, factor: float = 1.0) -> float:
        """Wavenumber of energies divided by a factor, over the usual one."""
        return self.wavenumber / factor**0.5 / self.usual

    def plausible(self, factor: float = 1.0) -> bool:
        """Whether energies divided by a factor can be those of a molecule."""
        return (self.ratio(factor) > SOFTEST or not self.bonded) and self.ratio(factor) < STIFFEST

    def nearest(self, factors: Mapping[str, float]) -> str | None:
        """Name of the factor that makes energies divided by it those of a molecule."""
        possible = [name for name, factor in factors.items() if self.plausible(factor)]
        return min(possible, key=lambda name: abs(log(self.ratio(factors[name]))), default=None)

    def __str__(self) -> str:
        return (
            f"{self.wavenumber:.0f} cm-1, where bonds of these lengths have about {self.usual:.0f}"
        )

    @classmethod
    def of(cls, frequency: float, molecule: Molecule, positions: Tensor) -> Self:
        """Compare a highest harmonic frequency with that of bonds of the same lengths.

        Args:
            frequency: hartree.
            molecule: its masses.
            positions: minimum (N, 3) in bohr.
        """
        elements = molecule.elements
        usual = _highest(bond_force_constants(elements, positions), molecule.masses, positions)
        bonded = has_firm_bond(distances(positions), elements)
        return cls(frequency / CM1, usual / CM1, bonded)


def bond_force_constants(elements: Sequence[str], positions: Tensor) -> Tensor:
    """Force constants of all pairs of atoms by their distance, as if each were a covalent bond.

    k = 0.806/(r − d_a − d_b)³, within a factor of two for most.

    Args:
        elements: of N atoms.
        positions: (N, 3) in bohr.

    Returns:
        (N(N−1)/2,) in hartree/bohr², in the order of `pes.geometry.atom_pairs`.

    References:
        R. M. Badger, J. Chem. Phys. 2, 128 (1934), doi:10.1063/1.1749433
    """
    periods = [bisect_left(NOBLE_GASES, atomic_number(name)) for name in elements]
    cores = positions.new_tensor([CORES[k] * ANGSTROM for k in periods])
    first, second = atom_pairs(len(elements))
    rest = (distances(positions) - cores[first] - cores[second]).clamp(min=NEAREST)
    return STRENGTH / rest**3


def _highest(constants: Tensor, masses: Tensor, positions: Tensor) -> float:
    """Highest harmonic frequency (hartree) of stretches of all pairs of atoms."""
    first, second = atom_pairs(len(positions))
    between = positions[first] - positions[second]
    along = between / between.norm(dim=1, keepdim=True)
    stretches = positions.new_zeros(len(along), *positions.shape)
    pairs = torch.arange(len(along))
    stretches[pairs, first], stretches[pairs, second] = along, -along
    weighted = (stretches / masses.sqrt()[:, None]).flatten(1) * constants.sqrt()[:, None]
    return float(torch.linalg.matrix_norm(weighted, 2))
