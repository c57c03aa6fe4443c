"""Lengths and energies of a size that no molecule has."""

import re
from collections.abc import Iterator
from itertools import permutations
from math import log

import torch
from torch import Tensor

from pes.data.dataset import Dataset
from pes.elements import atomic_number
from pes.findings.evidence import Evidence, bond_sums
from pes.findings.finding import Finding
from pes.geometry import distances
from pes.molecule import Molecule
from pes.units import ANGSTROM, CM1, ENERGY_UNITS

__all__ = [
    "USUAL",
    "USUAL_H",
    "energy_unit",
    "implausible_stiffness",
    "implausible_wavenumber",
    "length_unit",
    "stiffness",
]

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

WITH_H, WITHOUT_H = (850.0, 5600.0), (25.0, 3300.0)
"""cm⁻¹; highest harmonic wavenumbers of molecules: CsH 891, H2 4401, N2 2359, with a margin for
a reference that is only a linear surface."""

USUAL_H, USUAL = 3000.0, 1300.0

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
    if odd := implausible_stiffness(evidence, 1.0):
        omega = stiffness(evidence)
        assert omega is not None
        usual = USUAL_H if "H" in dataset.elements else USUAL
        fitting = [p for p in pairs if not implausible_wavenumber(evidence, omega / p[0] ** 0.5)]
        fitting.sort(key=lambda p: (p[2] != called, abs(log(omega / p[0] ** 0.5 / usual))))
        return [_wrong_energies(evidence, odd, *(fitting[0][1:] if fitting else ("", "")))]
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


def stiffness(evidence: Evidence, elements: tuple[str, ...] | None = None) -> float | None:
    """Highest harmonic wavenumber of the reference at its lowest sound point, cm⁻¹.

    None without a reference, or where it curves down.

    Args:
        evidence: points and their reference.
        elements: element of each atom; by default that of the points.
    """
    known = evidence.reference
    if known is None:
        return None
    energies = evidence.dataset.energies[known.rows] + 1e3 * known.standardised[
        known.rows
    ].abs().gt(6)
    x = evidence.dataset.positions[known.rows[energies.argmin()]]
    root = Molecule(elements or evidence.dataset.elements).masses.repeat_interleave(3).sqrt()
    hessian = torch.autograd.functional.hessian(
        lambda q: known.surface((q / root).reshape(1, -1, 3))[0], x.flatten() * root
    )
    assert isinstance(hessian, Tensor)
    largest = float(torch.linalg.eigvalsh(0.5 * (hessian + hessian.mT))[-1])
    return largest**0.5 / CM1 if largest > 0 else None


def implausible_stiffness(evidence: Evidence, factor: float) -> str | None:
    """Why labels divided by a factor cannot be those of a molecule; None where they can."""
    omega = stiffness(evidence)
    if omega is None or not implausible_wavenumber(evidence, omega / factor**0.5):
        return None
    formula = Molecule(evidence.dataset.symbols).formula
    figure = f"{omega / factor**0.5:.3g} cm-1"
    return f"their curvature at the minimum gives {figure}, impossible for {formula}"


def implausible_wavenumber(evidence: Evidence, omega: float) -> bool:
    """Whether no molecule with or without bonded hydrogen has this highest wavenumber (cm⁻¹)."""
    low, high = WITH_H if _bonded_hydrogen(evidence) else WITHOUT_H
    return not low < omega < high


def _bonded_hydrogen(evidence: Evidence) -> bool:
    elements = evidence.dataset.elements
    first, second = torch.triu_indices(len(elements), len(elements), 1).tolist()
    pairs = [
        k
        for k, ab in enumerate(zip(first, second, strict=True))
        if "H" in (elements[ab[0]], elements[ab[1]])
    ]
    if not pairs:
        return False
    return float(evidence.bonds[evidence.low][:, pairs].amin(1).median()) < 1.4


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
