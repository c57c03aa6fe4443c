"""Warnings about wells, torsions and linear bends that the coordinates of a molecule leave out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from pes.coordinates import hessian, normal_modes, optimum
from pes.geometry import is_straight
from pes.molecule import Molecule
from pes.potential.holes.coverage import Coverage
from pes.setup.automatic.motions.holding import held, holding
from pes.setup.minima.geometry import Minimum
from pes.setup.minima.harmonic_levels import harmonic_level
from pes.setup.minima.tunnelling import largest_splitting, way_across
from pes.setup.minima.wells import WELLS, LargeAmplitude, large_amplitudes
from pes.setup.problem.chosen import description
from pes.setup.problem.problem import Problem
from pes.units import CM1

__all__ = ["LargeAmplitudes", "in_all_wells", "is_known", "sentence"]

KINDS = (*WELLS, "bend", "linear bend")
"""Motions of large amplitude."""

SLIM = 0.1
"""Width over length up to which all atoms lie near a line: one angle in a chain of 160° or more."""

FAR = 2.0
"""Distance to the nearest training point, in the largest spacing of these, from which a fitted
surface says nothing about a barrier."""

UNSEEN = 0.01 * CM1
"""Splitting of a level that is not looked for, hartree."""


@dataclass(frozen=True, eq=False)
class LargeAmplitudes:
    """Wells that the coordinates of a problem leave out, before and after the levels are known.

    Attributes:
        task: surface, molecule and coordinates.
    """

    task: Problem

    @cached_property
    def minimum(self) -> Tensor | None:
        """Positions (N, 3) in bohr; None for three atoms and where no minimum is at hand."""
        if len(self.task.molecule.symbols) < 4:
            return None
        masses = self.task.masses.detach().cpu()
        with torch.no_grad():
            x = self.task.internal.to_positions(self.task.start.cpu()[None], masses)[0]
        try:
            return optimum(self._potential, x)
        except ValueError:
            return None

    def expected(
        self, count: int | None, energy: float | None, kinds: Sequence[str] = KINDS
    ) -> list[str]:
        """Sentences for so many levels, or for those up to an energy in cm⁻¹, harmonically."""
        top = self.highest(count, energy)
        return [] if top is None else self.sentences(top, kinds)

    def highest(self, count: int | None, energy: float | None) -> float | None:
        """Highest of so many levels, or of those up to an energy in cm⁻¹, above the minimum.

        Harmonically, in hartree; None where there is no minimum, or none that is bent.
        """
        w = self.frequencies
        if w is None:
            return None
        above = harmonic_level(w, count) if energy is None and count else (energy or 0) * CM1
        return float(w.sum()) / 2 + above

    @cached_property
    def frequencies(self) -> Tensor | None:
        """Harmonic ω (Q,) in hartree; None where there is no minimum, or none that is bent."""
        return None if self.minimum is None else self._frequencies_at(self.minimum)

    def _frequencies_at(self, x: Tensor) -> Tensor | None:
        try:
            return normal_modes(
                x, hessian(self._potential, x), self.task.molecule.masses
            ).frequencies
        except ValueError:
            return None

    def sentences(self, top: float, kinds: Sequence[str] = KINDS) -> list[str]:
        """Wells that are missing if the highest level lies so far above the minimum, hartree."""
        return [self.sentence(one, top) for one in self.leaving(top, kinds)]

    def leaving(self, top: float, kinds: Sequence[str] = KINDS) -> list[LargeAmplitude]:
        """Motions out of the ranges that levels can follow up to an energy, hartree."""
        if self.minimum is None:
            return []
        ranges = [(basis.low, basis.high) for basis in self.task.coordinates]
        masses = self.task.masses.detach().cpu()
        return [
            one
            for one in large_amplitudes(self._potential, self.task.molecule, self.minimum, top)
            if one.what in kinds
            and not held(one, self.task.internal, ranges, masses)
            and is_known(self.task, one.geometries)
            and self._seen(one, top)
        ]

    def sentence(self, one: LargeAmplitude, top: float) -> str:
        """Message about the wells that a motion leads to."""
        return sentence(one, self.task.molecule, top, self.holding(one) is not None)

    def holding(self, one: LargeAmplitude) -> Problem | None:
        """The problem in coordinates that hold a motion; None if there are none."""
        return None if self.minimum is None else holding(one, self.task, self.minimum)

    def refuse_quasilinear(self, leaving: Sequence[LargeAmplitude]) -> None:
        """Refuse a molecule that is bent by less than its lowest vibration.

        All of its levels, the ground state too, cross the line, where coordinates about the bent
        minimum are singular.

        Raises:
            ValueError: for such a molecule; the message names the angle.
        """
        if self.frequencies is None:
            return
        lowest = float(self.frequencies.min())
        for one in leaving:
            straight = one.what == "bend" and is_straight(one.crest, SLIM)
            if straight and one.barrier < lowest:
                raise ValueError(
                    f"the angle {_names(one, self.task.molecule)} opens to 180 degrees at "
                    f"{one.barrier / CM1:.2g} cm-1 above the minimum, below the lowest vibration "
                    f"({lowest / CM1:.0f} cm-1): already the ground state is bent and linear at "
                    "once. No coordinates describe this for four atoms and more so far, and levels "
                    "about the bent minimum would have errors of hundreds of cm-1"
                )

    def _seen(self, one: LargeAmplitude, top: float) -> bool:
        """Whether levels are in another well or split; a bend up to linearity is no tunnelling.

        Some coordinates bend through 180°, unless all atoms are on a line there.
        """
        if one.what == "bend" and self.task.internal.bend_through_line:
            return is_straight(one.crest, SLIM)
        if one.what.endswith("bend") or self.minimum is None or self._populated(one.other, top):
            return True
        if one.barrier >= top:
            return False
        zero_point = 0.0 if self.frequencies is None else float(self.frequencies.sum()) / 2
        way = way_across(self.minimum, one.crest, self.task.molecule.masses)
        return largest_splitting(one.barrier, way, max(top - zero_point, 0.0)) > UNSEEN

    def _populated(self, other: Minimum | None, top: float) -> bool:
        """Whether another well has a level below an energy above this minimum, harmonically."""
        if other is None:
            return False
        w = self._frequencies_at(other.positions)
        return other.energy + (0.0 if w is None else float(w.sum()) / 2) < top

    def _potential(self, x: Tensor) -> Tensor:
        device = self.task.masses.device
        return self.task.surface.potential(x.to(device)).to(x.device)


def is_known(task: Problem, geometries: Tensor) -> bool:
    """Whether a fit has points near geometries (B, N, 3); True for surfaces without points."""
    record = task.surface.record
    if record is None:
        return True
    coverage = Coverage(task.molecule.elements, record.training_positions)
    with torch.no_grad():
        return bool((coverage(geometries.to(record.training_positions)) < FAR).all())


def in_all_wells(
    task: Problem,
    count: int | None,
    energy: float | None,
    report: Callable[[str], None] = lambda _: None,
) -> Problem:
    """The problem in coordinates that hold every well and turn that the levels can pass to.

    Args:
        task: task in coordinates that may hold one well.
        count: number of levels; or else
        energy: energy of the highest level, cm⁻¹.
        report: called with a sentence if the coordinates change.

    Raises:
        ValueError: if there are no such coordinates, or the user asked for others; or if the
            ground state is bent and linear at once.
    """
    motions = LargeAmplitudes(task)
    top = motions.highest(count, energy)
    leaving = [] if top is None else motions.leaving(top, (*WELLS, "bend"))
    motions.refuse_quasilinear(leaving)
    leaving = [one for one in leaving if one.what in WELLS]
    if top is None or not leaving:
        return task
    other = motions.holding(leaving[0]) if task.free else None
    if other is None or LargeAmplitudes(other).leaving(top, WELLS):
        raise ValueError(
            f"{motions.sentence(leaving[0], top)}; for the levels of one well alone, without "
            "tunnelling, give `quanta: 6`"
        )
    report(f"levels can pass to other wells ({leaving[0].what}): coordinates {description(other)}")
    return other


def sentence(one: LargeAmplitude, molecule: Molecule, top: float, holds: bool) -> str:
    """Message about missing wells, and what to do about them.

    Args:
        one: motion that coordinates leave out.
        molecule: its atoms.
        top: highest level above the minimum, hartree.
        holds: whether there are coordinates for it.
    """
    advice = "no coordinates describe it so far"
    if holds:
        advice = (
            "leave out the keys for coordinates, sizes and limits, and the program chooses "
            "coordinates that describe it"
        )
    height = f"{one.barrier / CM1:.0f} cm-1"
    reach = f"the highest level reaches {top / CM1:.0f} cm-1 above the minimum"
    names = _names(one, molecule)
    if one.what == "inversion":
        return (
            f"the molecule has a second well, its mirror image, across a barrier of about "
            f"{height}, and {reach}: levels, means and rotational constants are those of one well, "
            f"tunnelling splittings are missing; {advice}"
        )
    if one.what == "exchange":
        first, second = (f"{molecule.elements[a]}{a + 1}" for a in one.atoms)
        return (
            f"the molecule has equivalent wells in which like atoms, such as {first} and {second}, "
            f"have changed places, across a barrier of about {height}, and {reach}: levels, means "
            "and rotational constants are those of one well, splittings by tunnelling are missing, "
            f"and levels above the barrier are wrong; {advice}"
        )
    if one.what == "bend":
        return (
            f"the angle {names} opens to 180 degrees at about {height}, and {reach}: coordinates "
            "are singular there, so levels that reach it and their rotational constants are "
            "unreliable; no coordinates for it are chosen so far"
        )
    if one.other is not None:
        side = "above" if one.other.energy > 0 else "below"
        return (
            f"the torsion about {names} leads to another well {abs(one.other.energy) / CM1:.0f} "
            f"cm-1 {side} this one, across a barrier of about {height}, and {reach}: levels of "
            f"that well are missing; {advice}"
        )
    if one.what == "linear bend":
        return (
            f"the linear angle {names} can close to 90 degrees at about {height}, and {reach}: "
            "functions stand about the linear molecule, so levels that reach it are unreliable, "
            "and those of other isomers are missing"
        )
    return (
        f"the torsion about {names} is of large amplitude: its lowest barrier is about {height}, "
        f"the highest point of a turn {one.highest / CM1:.0f} cm-1, and {reach}: wells and "
        "tunnelling splittings are missing, and rotational constants hold for one well only; "
        f"{advice}"
    )


def _names(one: LargeAmplitude, molecule: Molecule) -> str:
    """Atoms that name a motion, such as H1-C2-N3."""
    return "-".join(f"{molecule.elements[a]}{a + 1}" for a in one.atoms)
