"""Whether the units of what was read are those of a molecule."""

from itertools import combinations

import torch

from pes.data.dataset import Dataset
from pes.molecule import covalent_radii
from pes.units import ANGSTROM, CM1

__all__ = ["doubts"]

SHORT, LONG = 0.65, 1.6
"""Nearest neighbours in sums of covalent radii; beyond, the unit of lengths is doubtful."""
LOW, HIGH = 10.0, 1e6
"""cm⁻¹; energies that span less or more are in another unit."""


def doubts(part: Dataset) -> list[str]:
    """Sentences about implausible lengths and energies.

    Lengths are judged by the pair of atoms that is nearest in units of its covalent bond length,
    in the middle one of all points.

    Example:
        >>> h2 = torch.tensor([[[0.0, 0, 0], [0, 0, 0.74]]], dtype=torch.float64)
        >>> doubts(Dataset(("H", "H"), h2, torch.zeros(1, dtype=torch.float64)))[0][:54]
        'the nearest atoms (H-H) are 0.392 angstrom apart, 0.63'
    """
    first, second = torch.triu_indices(len(part.symbols), len(part.symbols), offset=1)
    r = (part.positions[:, first] - part.positions[:, second]).norm(dim=-1)
    radii = covalent_radii(part.elements).tolist()
    sums = torch.tensor([a + b for a, b in combinations(radii, 2)], dtype=r.dtype)
    nearest, pairs = (r / sums).min(dim=1)
    # The row in the middle of the order, so that a few odd points decide nothing.
    row = int(nearest.argsort()[len(nearest) // 2])
    ratio, pair = float(nearest[row]), int(pairs[row])
    said = []
    if not SHORT < ratio < LONG:
        names = f"{part.elements[int(first[pair])]}-{part.elements[int(second[pair])]}"
        other = "bohr is called angstrom" if ratio > 1 else "angstrom is called bohr"
        meant = f"; perhaps {other}" if SHORT < ratio * (ANGSTROM if ratio < 1 else 1 / ANGSTROM) \
            < LONG else ""  # fmt: skip
        said.append(
            f"the nearest atoms ({names}) are {float(r[row, pair]) / ANGSTROM:.3g} angstrom apart, "
            f"{ratio:.2f} times their covalent bond length{meant}: check the unit of lengths "
            "and the order of the atoms"
        )
    span = float(part.energies.max() - part.energies.min()) / CM1
    if len(part) > 1 and not LOW < span < HIGH:
        said.append(f"the energies span {span:.3g} cm-1: check the unit of energies")
    return said
