"""A molecule as its isotopes: which atoms there are and what they weigh."""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from types import MappingProxyType

import torch
from torch import Tensor

from pes.elements import MASSES, RADII, atomic_number, element, mass_number, nuclide
from pes.units import AMU, ANGSTROM

__all__ = ["Molecule", "covalent_radii", "isotope_mass", "like_permutations"]

HEAVY = 1.06
"""Å. Covalent radius of the elements beyond curium, of which none is known."""


def isotope_mass(isotope: str, *, nuclear: bool = False) -> float:
    """Mass of an isotope in electron masses, of the atom or of its bare nucleus.

    A symbol without a mass number means the most abundant isotope. The nuclear mass
    leaves out the electrons but not their binding energy (1e-8 of the mass in H, 1e-7 in O).
    """
    electrons = atomic_number(isotope) if nuclear else 0
    return MASSES[nuclide(isotope)] * AMU - electrons


def covalent_radii(symbols: Sequence[str]) -> Tensor:
    """Covalent radii of isotopes, (N,) in bohr; two of them make a usual bond length.

    References:
        B. Cordero et al., Dalton Trans., 2832 (2008), doi:10.1039/b801115j

    Example:
        >>> (covalent_radii(["O", "D"]) / ANGSTROM).tolist()
        [0.66, 0.31]
    """
    radii = [RADII.get(element(s), HEAVY) for s in symbols]
    return torch.tensor(radii, dtype=torch.float64) * ANGSTROM


def like_permutations(kinds: Sequence[Hashable]) -> Iterator[list[int]]:
    """Permutations of like atoms; the identity comes first.

    Args:
        kinds: what like atoms share, for each of N atoms: their elements, or their masses.

    Yields:
        N numbers: for each atom the one whose place it takes.

    Example:
        >>> list(like_permutations(("O", "H", "H")))
        [[0, 1, 2], [0, 2, 1]]
    """
    groups = [[a for a, k in enumerate(kinds) if k == kind] for kind in dict.fromkeys(kinds)]
    for choice in product(*(permutations(group) for group in groups)):
        order = list(range(len(kinds)))
        for group, image in zip(groups, choice, strict=True):
            for atom, target in zip(group, image, strict=True):
                order[atom] = target
        yield order


@dataclass(frozen=True)
class Molecule:
    """Atoms in the order of the positions, each an isotope.

    Args:
        symbols: isotope symbols, such as `"O H D"` or `("18O", "H", "H")`.
        nuclear_masses: bare nuclei instead of whole atoms.
        other_masses: atom → mass in u that replaces that of its isotope.

    Raises:
        ValueError: for an unknown isotope, fewer than two atoms, or a mass that is not above zero.

    Example:
        >>> Molecule("O H D").elements
        ('O', 'H', 'H')
    """

    symbols: tuple[str, ...]
    nuclear_masses: bool = False
    other_masses: tuple[tuple[int, float], ...] = ()

    def __init__(
        self,
        symbols: str | Sequence[str],
        nuclear_masses: bool = False,
        other_masses: Mapping[int, float] = MappingProxyType({}),
    ) -> None:
        if isinstance(symbols, str):
            symbols = symbols.split()
        if len(symbols) < 2:
            raise ValueError(
                f"a molecule needs at least two atoms, got {list(symbols)}; name each of them, in "
                "the order of the positions, such as O H D"
            )
        for symbol in symbols:
            element(symbol)
        object.__setattr__(self, "symbols", tuple(symbols))
        for atom, mass in other_masses.items():
            if not mass > 0:
                raise ValueError(f"the mass of atom {atom} must be above 0 u, got {mass}")
        object.__setattr__(self, "nuclear_masses", nuclear_masses)
        object.__setattr__(self, "other_masses", tuple(sorted(other_masses.items())))

    @property
    def elements(self) -> tuple[str, ...]:
        """Element of each atom, without its isotope."""
        return tuple(element(symbol) for symbol in self.symbols)

    @property
    def nuclei(self) -> tuple[str, ...]:
        """Each atom with its mass number, such as `16O`."""
        return tuple(f"{mass_number(s)}{element(s)}" for s in self.symbols)

    @property
    def masses(self) -> Tensor:
        """Masses (N,) in electron masses, float64."""
        masses = [isotope_mass(s, nuclear=self.nuclear_masses) for s in self.symbols]
        for atom, mass in self.other_masses:
            masses[atom] = mass * AMU
        return torch.tensor(masses, dtype=torch.float64)

    @property
    def formula(self) -> str:
        """Hill formula of the elements, such as `H2O`."""
        counts = Counter(self.elements)
        order = sorted(counts, key=lambda e: (e not in "CH" if "C" in counts else False, e))
        return "".join(e + (str(counts[e]) if counts[e] > 1 else "") for e in order)
