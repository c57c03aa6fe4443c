"""Levels of an isotopologue in the sizes that were chosen for another one.

Choosing ranges and functions takes several calculations; in coordinates of three atoms these
serve all isotopologues. Each then takes two: one of the same sizes, and one smaller in functions,
points and ranges. What their difference means is known from the first isotopologue, whose errors
were estimated in full.
"""

from dataclasses import dataclass, replace
from time import perf_counter

import torch
from torch import Tensor

from pes.molecule import Molecule
from pes.setup.errors.uncertainty import spreads
from pes.setup.levels.level_result import LevelsResult
from pes.setup.minima.harmonic_levels import frequencies, harmonic_level
from pes.setup.problem.problem import Problem, with_isotopes
from pes.units import CM1
from pes.vibration.levels.levels import vibrational_levels
from pes.vibration.levels.matching import EXTRA, matching
from pes.vibration.levels.result import Levels

__all__ = ["SharedSizes", "shared_sizes"]

LEAST = 0.1
"""Least share of the difference of the two calculations that is taken for the error."""


@dataclass(frozen=True, eq=False)
class SharedSizes:
    """Sizes of a calculation that grew to an accuracy, and what they are worth.

    Attributes:
        first: its result.
        share: estimated errors over the difference of the two calculations of these sizes.
        top: harmonic energy of the highest level above the ground state, hartree.
        accuracy: largest estimated error that another isotopologue may have, hartree.
    """

    first: LevelsResult
    share: float
    top: float
    accuracy: float

    def levels(self, molecule: Molecule, ensemble: str = "first_order") -> LevelsResult | None:
        """Levels of another isotopologue; None if these sizes do not do for it.

        Args:
            molecule: isotopes in the order of the surface's atoms.
            ensemble: `first_order` or `full` spread of an ensemble surface.
        """
        begun = perf_counter()
        task = with_isotopes(self.first.task, molecule)
        count = len(self.first.energies)
        by = harmonic_level(_modes(task), count) / self.top
        base, difference = _pair(self.first.levels, task, count, by)
        if not bool(difference.isfinite().all()):
            return None
        # Levels share their errors with neighbours: none is better than a tenth of the worst.
        estimate = self.share * difference.clamp(min=LEAST * float(difference.max()))
        if float(estimate.max()) > self.accuracy:
            return None
        none = torch.zeros_like(estimate)
        result = replace(
            base, estimated_changes=torch.stack([estimate, none, none]), compared_with="target"
        )
        return LevelsResult(
            replace(task, coordinates=result.bases, surveyed=self.first.task.surveyed), result,
            spreads(result, task, ensemble), self.first.labels, perf_counter() - begun,
        )  # fmt: skip


def shared_sizes(first: LevelsResult, accuracy: float) -> SharedSizes | None:
    """Sizes of a result for other isotopologues; None where each needs sizes of its own.

    Args:
        first: levels of three atoms that grew to an accuracy, of the lightest isotopologue.
        accuracy: what was asked for, cm⁻¹; where it was not reached, no more is asked of others.
    """
    task, kinds = first.task, set(first.task.internal.kinds)
    grown = first.levels.compared_with == "target" and len(task.internal.names) == 3
    alone = len(task.wells) == 1 and not task.perturbations
    if not grown or not alone or not kinds <= {"length", "angle"}:
        return None
    count = len(first.energies)
    _, difference = _pair(first.levels, task, count, 1.0)
    if not bool(difference.isfinite().all()):
        return None
    share = float(first.levels.convergence.max() / difference.max())
    top = harmonic_level(_modes(task), count)
    limit = max(accuracy * CM1, float(first.levels.convergence.max()))
    return SharedSizes(first, share, top, limit)


def _modes(task: Problem) -> Tensor:
    return frequencies(task.system, task.wells[0], task.limits, task.internal.kinds)


def _pair(sizes: Levels, task: Problem, count: int, by: float) -> tuple[Levels, Tensor]:
    """Levels in given sizes, and how far they are from those of a smaller calculation, (S,).

    Args:
        sizes: result whose bases, truncation and cap are taken.
        task: task with the system.
        count: number of levels.
        by: factor of the limit on energies of products.
    """
    truncation = sizes.truncation
    if truncation.energy is not None:
        truncation = replace(truncation, energy=by * truncation.energy)

    def solved(smaller: bool) -> Levels:
        bases = sizes.bases
        if smaller:
            bases = tuple(b.fewer_points().narrowed() for b in bases)
        return vibrational_levels(
            task.system, bases, count + EXTRA, cap=sizes.cap, convergence=False,
            truncation=truncation.smaller() if smaller else truncation, reference=task.start,
        )  # fmt: skip

    base, less = solved(False), solved(True)
    change = matching(
        (base.hamiltonian, base.eigenpairs), (less.hamiltonian, less.eigenpairs), count
    ).changes
    few = replace(base, eigenpairs=base.eigenpairs.first(count))
    return few, change
