"""Bond lengths: which atoms are bound, and whether the elements stand in the right order."""

from collections.abc import Sequence
from itertools import permutations

import torch
from torch import Tensor

from pes.geometry import atom_pairs, distances
from pes.molecule import covalent_radii
from pes.units import ANGSTROM

__all__ = ["bond_sums", "has_firm_bond", "in_another_order", "likely_order", "other_orders"]

MARGIN = 0.03
"""Strain by which another order must be better: a bond too long by 20 %."""

SHARE = 0.7
"""Largest strain of the better order in units of that of the order given."""

SHORTEST = 0.75
"""Length of the shortest multiple bonds in units of the sum of the covalent radii."""

MOST_ATOMS = 6
"""Atoms whose orders are tried."""

SOFTNESS = 0.37 * ANGSTROM
"""Length over which the order of a bond falls by e."""

UNSHARED = 0.55
"""Difference of the bonds of a hydrogen atom from one, up to which it is bound as usual: strong
hydrogen bonds have 0.5."""

LONGEST = (1.35, 1.1, 1.5)
"""Distance in sums of covalent radii up to which two atoms are bound of which none, one or both
are hydrogen; H2 has 1.2, H3+ 1.4."""

SHARED = 0.25
"""Order of the second bond of a hydrogen atom from which two atoms share it, as in ClHCl⁻: it is
held more softly than its distances say."""


def bond_sums(elements: Sequence[str]) -> Tensor:
    """Sums (N(N−1)/2,) of the covalent radii of all pairs of atoms, bohr."""
    first, second = atom_pairs(len(elements))
    radii = covalent_radii(elements)
    return radii[first] + radii[second]


def in_another_order(positions: Tensor, elements: tuple[str, ...]) -> Tensor:
    """Mask (B,) of the geometries that another order of the elements explains far better.

    The strain is Σ_a ln²(r_a), r_a the distance of an atom to its nearest neighbour in units of the
    sum of the covalent radii, where r_a is not that of a multiple bond. Molecules of more than six
    atoms or of one element are not judged.

    Args:
        positions: (B, N, 3) in bohr.
        elements: of N atoms.
    """
    if len(set(elements)) == 1 or len(elements) > MOST_ATOMS:
        return torch.zeros(len(positions), dtype=torch.bool)
    r = distances(positions)
    own = _strain(r, elements)
    best = torch.stack([_strain(r, order) for order in other_orders(elements)]).amin(0)
    return (own > best + MARGIN) & (best < SHARE * own)


def likely_order(positions: Tensor, elements: tuple[str, ...]) -> tuple[str, ...]:
    """The other order of the elements that explains a geometry (N, 3), bohr, best."""
    r = distances(positions)[None]
    return min(other_orders(elements), key=lambda order: float(_strain(r, order)))


def other_orders(elements: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Every other order of the elements.

    Example:
        >>> other_orders(("H", "O", "H"))
        [('H', 'H', 'O'), ('O', 'H', 'H')]
    """
    return sorted(set(permutations(elements)) - {elements})


def _strain(r: Tensor, elements: tuple[str, ...]) -> Tensor:
    """Strain (B,) of distances (B, P), see `in_another_order`."""
    first, second = atom_pairs(len(elements))
    sums = bond_sums(elements)
    ratios = r.new_full((len(r), len(elements), len(elements)), torch.inf)
    ratios[:, first, second] = ratios[:, second, first] = r / sums
    nearest, neighbour = ratios.min(2)
    # A multiple bond is no strain.
    short = (nearest / SHORTEST).clamp(max=1)
    strain = torch.where(nearest > 1, nearest, short).log().square()
    bound = _bound_hydrogen(r - sums, elements)
    heavy = torch.tensor([name != "H" for name in elements])
    return strain.where(~(bound | (heavy & bound.gather(1, neighbour))), 0.0).sum(1)


def _bound_hydrogen(excess: Tensor, elements: tuple[str, ...]) -> Tensor:
    """Mask (B, N) of the hydrogen atoms with one bond, or with two that share it as in FHF⁻."""
    hydrogen = torch.tensor([name == "H" for name in elements])
    to_others = _bond_orders(excess, len(elements))[:, :, ~hydrogen].sum(2)
    return hydrogen & ((to_others - 1).abs() < UNSHARED)


def has_firm_bond(r: Tensor, elements: tuple[str, ...]) -> bool:
    """Whether two atoms at distances (P,), bohr, are covalently bound and neither is shared."""
    hydrogen = torch.tensor([name == "H" for name in elements])
    first, second = atom_pairs(len(elements))
    sums = bond_sums(elements)
    orders = _bond_orders((r - sums)[None], len(elements))[0]
    shared = hydrogen & ((orders > SHARED) & ~hydrogen).sum(1).gt(1)
    near = r < torch.tensor(LONGEST)[hydrogen[first].long() + hydrogen[second]] * sums
    return bool((near & ~(shared[first] | shared[second])).any())


def _bond_orders(excess: Tensor, atoms: int) -> Tensor:
    """Orders (B, N, N) of bonds that are longer than the sum of the radii by (B, P), bohr.

    References:
        I. D. Brown, D. Altermatt, Acta Cryst. B 41, 244 (1985), doi:10.1107/S0108768185002063
    """
    orders = excess.new_zeros(len(excess), atoms, atoms)
    first, second = atom_pairs(atoms)
    orders[:, first, second] = orders[:, second, first] = torch.exp(-excess / SOFTNESS)
    return orders
