"""Lengths and energies of a size that no molecule has."""

import re
from collections.abc import Iterator
from itertools import permutations
from math import log

import torch
from torch import Tensor

from pes.bonds import bond_sums
from pes.data.dataset import Dataset
from pes.elements import atomic_number
from pes.findings.curvature import curvature
from pes.findings.evidence import Evidence
from pes.findings.finding import Finding
from pes.geometry import distances
from pes.units import ANGSTROM, ENERGY_UNITS

__all__ = ["energy_unit", "length_unit"]

SHORT, LONG = 0.68, 1.35
"""Geometric mean over the atoms of the distance to the nearest neighbour, lowest geometries, in
sums of covalent radii: N2 0.77, most molecules 0.9 to 1.1; 1.89 times that in bohr."""

LONG_HYDROGEN = 1.75
"""Ratio for hydrogen alone, whose bonds are longer than its radius says: H2 1.2, H3+ 1.4."""

RIGHT, MOST_ATOMS = 1.15, 6
"""Ratio up to which another order of the symbols explains bonds that are too long, for so many
atoms at most; HCN in bohr has 1.5 in its best order."""

WEAK = {"He", "Ne", "Ar", "Kr", "Xe", "Rn"}
"""Elements whose distances in a complex are no bond lengths."""

PER_BOND = 150_000.0
"""cm⁻¹ for each atom but one; 90 % of the labels of any molecule are lower."""

BOUND = 0.03
"""Energy of atomisation over the total energy of the atoms: CH4 0.017, H2O 0.005."""

FLAT = 10.0
"""cm⁻¹; a set that spans less is in another unit, or of one geometry."""


def length_unit(evidence: Evidence) -> list[Finding]:
    """Bonds of the lowest geometries twice or half as long as they can be."""
    dataset, rows = evidence.dataset, evidence.low
    if WEAK & set(dataset.elements):
        return []
    r = distances(dataset.positions[rows])
    ratio = _bond_ratio(r, dataset.elements)
    longest = LONG_HYDROGEN if set(dataset.elements) == {"H"} else LONG
    if SHORT < ratio < longest:
        return []
    orders = set(permutations(dataset.elements)) if len(dataset.symbols) <= MOST_ATOMS else ()
    if ratio > longest and any(_bond_ratio(r, order) < RIGHT for order in orders):
        return []  # the atoms stand in another order
    mended = ratio * (ANGSTROM if ratio < 1 else 1 / ANGSTROM)
    meant = ""
    if SHORT < mended < longest:
        meant = (
            ", as if bohr were called angstrom"
            if ratio > 1
            else ", as if angstrom were called bohr"
        )
    return [
        Finding(
            "length unit", "error", len(dataset), (),
            f"nearest atoms of the lowest geometries are {ratio:.2f} covalent bond lengths "
            f"apart{meant}",
            "state the unit of lengths, such as `--units length=bohr`",
        )
    ]  # fmt: skip


def _bond_ratio(r: Tensor, elements: tuple[str, ...]) -> float:
    """Median over geometries of the mean distance to the nearest neighbour, in bond lengths."""
    nearest = _nearest(r / bond_sums(elements), len(elements))
    return float(nearest.log().mean(1).exp().median())


def _nearest(bonds: Tensor, atoms: int) -> Tensor:
    """Distance (B, N) of each atom to its nearest neighbour from the distances (B, P) of pairs."""
    first, second = torch.triu_indices(atoms, atoms, 1)
    square = bonds.new_full((len(bonds), atoms, atoms), torch.inf)
    square[:, first, second] = square[:, second, first] = bonds
    return square.amin(2)


def energy_unit(evidence: Evidence) -> list[Finding]:
    """Labels whose size or curvature no molecule has in the unit they are called."""
    dataset = evidence.dataset
    ratio = float(dataset.energies.min()) / _atoms_energy(dataset.elements)
    called = _called(dataset)
    pairs = sorted(_mistakes(), key=lambda pair: pair[2] != called)
    if abs(ratio - 1) < 0.1:
        return []
    total = [pair for pair in pairs if _tells(pair[0], dataset) and abs(ratio / pair[0] - 1) < 0.1]
    if total:
        _, meant, taken = total[0]
        return [
            _wrong_energies(
                evidence, f"the lowest label is {ratio:.3g} times the total energy of the atoms",
                meant, taken,
            )
        ]  # fmt: skip
    known = curvature(evidence)
    if known is not None and not known.plausible():
        fitting = [pair for pair in pairs if known.plausible(pair[0])]
        fitting.sort(key=lambda pair: (pair[2] != called, abs(log(known.ratio(pair[0])))))
        why = f"the curvature at the minimum gives {known}"
        return [_wrong_energies(evidence, why, *(fitting[0][1:] if fitting else ("", "")))]
    high = float(evidence.heights.quantile(0.9)) / max(len(dataset.symbols) - 1, 1)
    if high > PER_BOND:
        return [
            _wrong_energies(evidence, f"a tenth of the labels is {high:.3g} cm-1 per bond", "", "")
        ]
    span = float(evidence.heights.max())
    if len(dataset) > 1 and span < FLAT:
        return [_wrong_energies(evidence, f"the labels span {span:.3g} cm-1", "", "")]
    return []


def _tells(factor: float, dataset: Dataset) -> bool:
    """Whether labels this many times the total energy of the atoms are in another unit.

    Labels may be counted from separate atoms: that is up to 0.02 of the total energy, of
    hydrogen alone a fifth.
    """
    return factor > 5 or (factor > BOUND and set(dataset.elements) != {"H"})


def _mistakes() -> Iterator[tuple[float, str, str]]:
    """Factor by which labels are too large, the unit they are in and the one they are called."""
    for meant, taken in permutations(ENERGY_UNITS, 2):
        yield ENERGY_UNITS[taken] / ENERGY_UNITS[meant], meant, taken


def _called(dataset: Dataset) -> str:
    """Unit in which the energies were read, hartree if it is not known."""
    words = re.search(r"energy in ([^\s,]+)", str(dataset.provenance.get("units", "")))
    return words[1] if words else "hartree"


def _wrong_energies(evidence: Evidence, why: str, meant: str, taken: str) -> Finding:
    looks = f"; they look like {meant} called {taken}" if meant else ""
    return Finding(
        "energy unit", "error", len(evidence.dataset), (), f"{why}{looks}",
        f"state the unit of energies: `--units energy={meant or 'hartree'}`",
    )  # fmt: skip


def _atoms_energy(elements: tuple[str, ...]) -> float:
    """Total energy of neutral atoms in hartree, to a few per cent.

    E(Z) = −0.7687 Z^{7/3} + Z²/2 − 0.2699 Z^{5/3}: Thomas–Fermi, Scott and Schwinger terms.

    References:
        B.-G. Englert, J. Schwinger, Phys. Rev. A 32, 26 (1985), doi:10.1103/PhysRevA.32.26

    Example:
        >>> round(_atoms_energy(("O", "H", "H")))  # oxygen −74.8, hydrogen −0.5
        -76
    """
    charges = [atomic_number(name) for name in elements]
    return sum(-0.7687 * z ** (7 / 3) + z**2 / 2 - 0.2699 * z ** (5 / 3) for z in charges)
