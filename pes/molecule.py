"""A molecule as its isotopes: which atoms there are and what they weigh."""

import re
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations, product

import torch
from qcelemental import covalentradii, periodictable
from qcelemental.exceptions import NotAnElementError
from torch import Tensor

from pes.units import AMU, ANGSTROM

__all__ = ["Molecule", "covalent_radii", "element", "isotope_mass", "like_permutations"]

_SYMBOL = re.compile(r"(\d*)([A-Z][a-z]?)")


def _qcelemental_name(symbol: str) -> str:
    """`18O` as QCElemental spells it, `O18`."""
    match = _SYMBOL.fullmatch(symbol)
    if match is None:
        raise ValueError(f"{symbol!r} is not an isotope symbol; write H, D, O or 18O")
    return match[2] + match[1]


def element(symbol: str) -> str:
    """Element of an isotope symbol.

    Raises:
        ValueError: if no such isotope is known.

    Example:
        >>> element("D"), element("18O")
        ('H', 'O')
    """
    try:
        found = periodictable.to_E(_qcelemental_name(symbol))
    except NotAnElementError:
        found = "X"
    # QCElemental also knows the ghost atom X, whose mass is zero.
    if found == "X":
        raise ValueError(f"{symbol!r} is no known isotope; write H, D, O or 18O")
    return found


def isotope_mass(symbol: str, *, nuclear: bool = False) -> float:
    """Mass of an isotope in electron masses, of the atom or of its bare nucleus.

    A symbol without a mass number means the most abundant isotope. The nuclear mass
    leaves out the electrons but not their binding energy (1e-8 of the mass in H, 1e-7 in O).
    """
    element(symbol)
    name = _qcelemental_name(symbol)
    electrons = periodictable.to_Z(name) if nuclear else 0
    return periodictable.to_mass(name) * AMU - electrons


def covalent_radii(symbols: Sequence[str]) -> Tensor:
    """Covalent radii of isotopes, (N,) in bohr; two of them make a usual bond length.

    References:
        B. Cordero et al., Dalton Trans., 2832 (2008), doi:10.1039/b801115j

    Example:
        >>> (covalent_radii(["O", "D"]) / ANGSTROM).tolist()
        [0.66, 0.31]
    """
    # The tuple is in Å: a conversion by QCElemental would build a registry of units, 0.6 s long.
    radii = [covalentradii.get(element(s), return_tuple=True).data for s in symbols]
    return torch.tensor([float(r) for r in radii], dtype=torch.float64) * ANGSTROM


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
        symbols: isotope symbols, such as `("O", "H", "D")` or `("18O", "H", "H")`.
        nuclear_masses: bare nuclei instead of whole atoms.

    Raises:
        ValueError: for an unknown isotope or fewer than two atoms.

    Example:
        >>> Molecule(("O", "H", "D")).elements
        ('O', 'H', 'H')
    """

    symbols: tuple[str, ...]
    nuclear_masses: bool = False

    def __init__(self, symbols: Sequence[str], nuclear_masses: bool = False) -> None:
        if len(symbols) < 2:
            raise ValueError(f"a molecule needs at least two atoms, got {list(symbols)}")
        for symbol in symbols:
            element(symbol)
        object.__setattr__(self, "symbols", tuple(symbols))
        object.__setattr__(self, "nuclear_masses", nuclear_masses)

    @property
    def elements(self) -> tuple[str, ...]:
        """Element of each atom, isotopes forgotten."""
        return tuple(element(symbol) for symbol in self.symbols)

    @property
    def nuclei(self) -> tuple[str, ...]:
        """Each atom with its mass number, such as `16O`."""
        names = map(_qcelemental_name, self.symbols)
        return tuple(f"{periodictable.to_A(n)}{periodictable.to_E(n)}" for n in names)

    @property
    def masses(self) -> Tensor:
        """Masses (N,) in electron masses, float64."""
        masses = [isotope_mass(s, nuclear=self.nuclear_masses) for s in self.symbols]
        return torch.tensor(masses, dtype=torch.float64)

    @property
    def formula(self) -> str:
        """Hill formula of the elements, such as `H2O`."""
        counts = Counter(self.elements)
        order = sorted(counts, key=lambda e: (e not in "CH" if "C" in counts else False, e))
        return "".join(e + (str(counts[e]) if counts[e] > 1 else "") for e in order)
