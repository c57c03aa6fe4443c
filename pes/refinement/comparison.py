"""Calculated beside observed levels of one isotopologue."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pes.data.observed import Observed
from pes.refinement.rotation import Rotating, rotating
from pes.units import CM1
from pes.vibration.analysis.assignment import Assignment, Label, assigned
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.basis.truncation import Truncation
from pes.vibration.hamiltonian.sparse import SparseGrid
from pes.vibration.levels.levels import CAP, vibrational_levels
from pes.vibration.levels.result import Levels
from pes.vibration.system.system import System

__all__ = ["Comparison", "Isotopologue", "compared"]

MARGIN = 800 * CM1
"""Height above the highest observed level up to which levels are computed."""

FLOOR = 0.1 * CM1
"""Accuracy a surface can hope to reach: levels known better than that weigh no more."""


@dataclass(frozen=True)
class Isotopologue:
    """One molecule with observed levels.

    Attributes:
        name: name for tables.
        system: system on the surface that is refined, in its own masses.
        coordinates: basis, or a sparse grid, which has no cap.
        start: near the bottom of the well, (Q,).
        observed: its levels.
        fitted: whether each is fitted, (O,); the others are held out as validation.
        symmetric: whether quanta are v1 v2 v3 of XY₂.
        cap: ceiling of V above the minimum, hartree.
        floor: uncertainties below this count as this, hartree.
        truncation: limits on the products of functions of a basis.
        labels: labels of levels, by which they are assigned; default those of the coordinates, or
            of XY₂.
    """

    name: str
    system: System
    coordinates: tuple[BasisSpec, ...] | SparseGrid
    start: Tensor
    observed: Observed
    fitted: Tensor
    symmetric: bool
    cap: float
    floor: float = FLOOR
    truncation: Truncation | None = None
    labels: Callable[[Levels], Sequence[Label]] | None = None

    @property
    def weights(self) -> Tensor:
        """u of each level, (O,), in units of 1/floor²."""
        return (self.floor / self.observed.uncertainties.clamp(min=self.floor)) ** 2


@dataclass(frozen=True)
class Comparison:
    """Calculated beside observed levels of one isotopologue.

    Attributes:
        calculated: (O,) in hartree, NaN where the assignment was refused.
        assignment: numbers and refusals.
        levels: all calculated levels without rotation.
        rotating: those with rotation, where such were observed.
    """

    calculated: Tensor
    assignment: Assignment
    levels: Levels
    rotating: Rotating | None = None

    def residuals(self, isotopologue: Isotopologue) -> Tensor:
        """Calculated − observed, (O,) in hartree."""
        return self.calculated - isotopologue.observed.energies


def compared(isotopologue: Isotopologue, *, convergence: bool = False) -> Comparison:
    """Levels of an isotopologue on the surface as it is now."""
    observed = isotopologue.observed
    sparse = isinstance(isotopologue.coordinates, SparseGrid)
    levels = vibrational_levels(
        isotopologue.system, isotopologue.coordinates,
        energy=float(observed.energies.max()) + MARGIN, cap=CAP if sparse else isotopologue.cap,
        truncation=isotopologue.truncation, convergence=convergence, reference=isotopologue.start,
    )  # fmt: skip
    labels = None if isotopologue.labels is None else isotopologue.labels(levels.cpu())
    if observed.rotors:
        turning = rotating(levels.cpu(), observed, symmetric=isotopologue.symmetric, labels=labels)
        numbers = [None if place is None else place[0][1] for place in turning.places]
        return Comparison(turning.calculated, Assignment(numbers, turning.reasons), levels, turning)
    assignment = assigned(
        levels.cpu(),
        observed.kinds,
        observed.energies,
        symmetric=isotopologue.symmetric,
        labels=labels,
    )
    calculated = torch.full_like(observed.energies, torch.nan)
    for i, n in enumerate(assignment.numbers):
        if n is not None:
            calculated[i] = levels.excitations[n]
    return Comparison(calculated, assignment, levels)
