"""Numbers of the normal modes of bent molecules of three atoms: which one is ν1, ν2 and ν3.

Modes are numbered as by Herzberg: species one after the other, each from the highest frequency
down. So the bend is ν2 of H2O (A1: ν1, ν2; B2: ν3), of HOCl and of HO2, but ν3 of HNO and of HCO,
where its frequency is the lowest. Isotopologues keep the numbers of the molecule that has the main
isotope of each element, as is the custom: ν1 of HOD is the OD stretch and ν3 the OH stretch, ν2 of
DO2 is the bend, although its frequency is the lowest.

References:
    G. Herzberg, Infrared and Raman Spectra of Polyatomic Molecules, Van Nostrand (1945);
    G. Fogarasi, P. Pulay, Annu. Rev. Phys. Chem. 35, 191 (1984),
    doi:10.1146/annurev.pc.35.100184.001203, for the part of a coordinate in the energy of a mode
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from pes.coordinates import Valence
from pes.molecule import Molecule
from pes.setup.labels.curvature import surface_hessian
from pes.setup.problem.problem import Problem
from pes.units import CM1

__all__ = ["BentModes", "bent_modes"]

DEGENERATE = 1e-5
"""Relative distance of frequencies below which modes have no numbers of their own."""

ALIKE = 0.02
"""Bohr by which two like bonds may differ."""

BEND = 2
"""Place of the angle among two lengths and an angle."""

BENDING = "the bend"

DISTINCT = 0.6
"""Part of the angle in a mode from which it is the bend."""


@dataclass(frozen=True)
class BentModes:
    """Normal modes of a bent triatomic, from the lowest frequency up.

    Attributes:
        numbers: place of each mode among ν1, ν2, ν3, from 0.
        motions: motion of each mode in words, such as `the bend`.
        frequencies: harmonic frequencies, (3,) in hartree.
        inherited: whether other isotopes, the main ones, decide on the numbers.
    """

    numbers: tuple[int, int, int]
    motions: tuple[str, ...]
    frequencies: Tensor
    inherited: bool

    def sentence(self) -> str:
        """The convention, with the motion and the harmonic frequency of each mode."""
        modes = [self.numbers.index(n) for n in range(3)]
        named = [
            f"v{n + 1} {self.motions[k]} ({float(self.frequencies[k]) / CM1:.0f} cm-1)"
            for n, k in enumerate(modes)
        ]
        main = ", numbered as in the molecule of the main isotopes" if self.inherited else ""
        return (
            f"v1 v2 v3 are the quanta of the normal modes in Herzberg's order{main}: "
            f"{', '.join(named)}; these frequencies are harmonic"
        )


@dataclass(frozen=True)
class _Modes:
    """Modes in some coordinates: ω² ascending, displacements and shares, (Q, modes)."""

    squares: Tensor
    displacements: Tensor
    shares: Tensor


def bent_modes(task: Problem) -> BentModes | None:
    """Numbers of the normal modes; None for other molecules, and where modes are degenerate.

    Args:
        task: levels of three atoms in three coordinates; its minimum is not linear.
    """
    if len(task.molecule.symbols) != 3 or len(task.internal.names) != 3:
        return None
    x, molecule, curvature = task.minimum, task.molecule, surface_hessian(task)
    main = Molecule(molecule.elements, molecule.nuclear_masses).masses
    valence = _valence(x, molecule)
    own, parent = (_modes(valence.from_positions, x, curvature, m) for m in (molecule.masses, main))
    if own is None:
        return None
    bonds = valence.from_positions(x)
    equal = bool((bonds[0] - bonds[1]).abs() < ALIKE)
    # Masses may be other ones than those of the isotopes.
    symmetric, alike = (
        equal and kinds[valence.ends[0]] == kinds[valence.ends[1]]
        for kinds in (molecule.masses.tolist(), molecule.elements)
    )
    # H3+ has no numbers to inherit.
    numbers = (
        _numbers(own, own, alike=symmetric)
        if parent is None
        else _numbers(own, parent, alike=alike)
    )
    motions = tuple(_motion(own, k, molecule, valence, symmetric=symmetric) for k in range(3))
    inherited = parent is not None and not torch.equal(main, molecule.masses)
    return BentModes(numbers, motions, own.squares.sqrt(), inherited)


def _motion(
    modes: _Modes, mode: int, molecule: Molecule, bonds: Valence, *, symmetric: bool
) -> str:
    """Motion of a mode in words."""
    if symmetric:
        one, other = modes.displacements[:2, mode]
        if float(one * other) < 0:
            return "the antisymmetric stretch"
        return BENDING if mode == _bend(modes) else "the symmetric stretch"
    shares = modes.shares[:, mode].tolist()
    largest = shares.index(max(shares))
    if largest == BEND:
        return BENDING if shares[BEND] > DISTINCT else "a mixture of bend and stretch"
    if shares[BEND] > 1 - DISTINCT:
        return "a mixture of bend and stretch"
    if shares[largest] < DISTINCT:
        return "a stretch of both bonds"
    return f"the {molecule.symbols[bonds.centre]}-{molecule.symbols[bonds.ends[largest]]} stretch"


def _valence(x: Tensor, molecule: Molecule) -> Valence:
    """Bonds of the middle atom; in an equilateral triangle, of the atom without a like one."""
    sums, symbols = torch.cdist(x, x).sum(1).tolist(), molecule.symbols
    centre = min(range(3), key=lambda k: (round(sums[k], 3), symbols.count(symbols[k])))
    first, second = (k for k in range(3) if k != centre)
    return Valence(centre, (first, second))


def _numbers(own: _Modes, parent: _Modes, *, alike: bool) -> tuple[int, int, int]:
    """Place of each mode among ν1, ν2, ν3 as in the parent.

    The bend has the number of the bend, if it can be told from the stretches; these go by frequency
    in both.

    Args:
        own: modes of the molecule.
        parent: modes with the main isotopes.
        alike: whether the parent is of C2v.
    """
    bends = _bend(own), _bend(parent)
    mixed = min(float(m.shares[BEND, k]) for m, k in zip((own, parent), bends, strict=True))
    if not alike and mixed < DISTINCT:
        return 2, 1, 0
    order = _in_order(parent, alike=alike)
    matching = [(bends[0], bends[1]), *zip(*(_others(k) for k in bends), strict=True)]
    places = {mode: order.index(of_parent) for mode, of_parent in matching}
    return places[0], places[1], places[2]


def _modes(
    coordinates: Callable[[Tensor], Tensor], x: Tensor, curvature: Tensor, masses: Tensor
) -> _Modes | None:
    """Modes by Wilson's G and F; None where one is no vibration, or two are degenerate.

    Args:
        coordinates: positions (N, 3) to (Q,).
        x: positions (N, 3) at the minimum.
        curvature: second derivatives of V, (3N, 3N).
        masses: (N,).
    """
    b = torch.autograd.functional.jacobian(coordinates, x).flatten(1)
    inverse = torch.linalg.pinv(b)
    f = inverse.mT @ curvature @ inverse
    root = torch.linalg.cholesky(b / masses.repeat_interleave(3) @ b.mT)
    squares, vectors = torch.linalg.eigh(root.mT @ f @ root)
    if not bool((squares > 1e-10 * squares.abs().max()).all()):
        return None
    ratios = squares[:-1] / squares[1:]
    if bool((ratios > 1 - 2 * DEGENERATE).any()):
        return None
    moved = root @ vectors
    shares = f.diagonal()[:, None] * moved.square() / squares
    return _Modes(squares, moved, shares / shares.sum(0))


def _in_order(modes: _Modes, *, alike: bool) -> list[int]:
    """Modes in the order of ν1, ν2, ν3, in a molecule whose like bonds are equal if `alike`."""
    falling = [2, 1, 0]
    if not alike:
        return falling
    first, second = modes.displacements[:2]
    symmetric = (first * second > 0).tolist()
    # The species A1 with ν1 and ν2, then B2.
    return sorted(falling, key=lambda k: not symmetric[k])


def _bend(modes: _Modes) -> int:
    return int(modes.shares[BEND].argmax())


def _others(bend: int) -> list[int]:
    return [k for k in range(3) if k != bend]
