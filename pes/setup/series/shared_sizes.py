"""Levels of an isotopologue in the sizes that were chosen for another one.

Choosing ranges and functions takes several calculations; in coordinates of three atoms these
serve all isotopologues. Each then takes one, of these sizes but with more points, for what too
few of them do changes from one isotopologue to another. Its error is taken from the part
of each level in the outermost products of functions: how much that means is known from the first
isotopologue, whose errors were estimated in full. What the ends of the ranges do comes from the
probability there.
"""

from dataclasses import dataclass, replace
from time import perf_counter

import torch
from torch import Tensor

from pes.molecule import Molecule
from pes.setup.errors.uncertainty import spreads
from pes.setup.levels.level_result import LevelsResult
from pes.setup.machine.environment import threads, usual_threads
from pes.setup.minima.harmonic_levels import frequencies, harmonic_level
from pes.setup.problem.problem import Problem, with_isotopes
from pes.units import CM1
from pes.vibration.levels.levels import vibrational_levels
from pes.vibration.levels.result import Levels

__all__ = ["SharedSizes", "shared_sizes"]

LEAST = 0.3
"""Least part of the largest error of a level that every level has."""

ENDS = 10.0
"""Energy by which a wall lifts a level, in its probability in the outer 2 % of the range times the
height of the potential there: 2.6 where ψ falls by half in them, more where it falls less."""


@dataclass(frozen=True, eq=False)
class SharedSizes:
    """Sizes of a calculation that grew to an accuracy, and what they are worth.

    Attributes:
        first: its result.
        share: estimated errors over the rise of levels without the outermost products.
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
        with threads(usual_threads(len(molecule.symbols))):
            base = _solved(self.first.levels, task, count, by)
        rise = _rise(base)
        # Levels share their errors with neighbours: none is much better than the worst.
        estimate = self.share * rise.clamp(min=LEAST * float(rise.max()))
        ends = ENDS * base.cap * base.leak().flatten(1).sum(1)
        if float((estimate + ends).max()) > self.accuracy:
            return None
        none = torch.zeros_like(estimate)
        result = replace(
            base, estimated_changes=torch.stack([estimate, none, ends / 2]), compared_with="target"
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
    rise = float(_rise(first.levels).max())
    if not rise > 0:
        return None
    share = float(first.levels.convergence.max()) / rise
    top = harmonic_level(_modes(task), len(first.energies))
    limit = max(accuracy * CM1, float(first.levels.convergence.max()))
    return SharedSizes(first, share, top, limit)


def _modes(task: Problem) -> Tensor:
    return frequencies(task.system, task.wells[0], task.limits, task.internal.kinds)


def _solved(sizes: Levels, task: Problem, count: int, by: float) -> Levels:
    """Levels in given sizes, with more points.

    Args:
        sizes: result whose bases, truncation and cap are taken.
        task: task with the system.
        count: number of levels.
        by: factor of the limit on energies of products.
    """
    truncation = sizes.truncation
    if truncation.energy is not None:
        truncation = replace(truncation, energy=by * truncation.energy)
    bases = [b.more_points() for b in sizes.bases]
    return vibrational_levels(
        task.system, bases, count, cap=sizes.cap, convergence=False,
        truncation=truncation, reference=task.start,
    )  # fmt: skip


def _rise(levels: Levels) -> Tensor:
    """Energy by which each level would rise without the outermost products, (S,) in hartree.

    Σ_k c_k² (E_k − E) over these products, to second order in what couples them.
    """
    basis, limits = levels.hamiltonian.basis, levels.truncation
    limited = limits.quanta is not None or limits.energy is not None
    inner = limits.smaller().kept(basis.factors, fewer=0 if limited else 2)
    assert inner is not None
    weights = levels.eigenpairs.coefficients.square()
    energies = levels.hamiltonian.zero_order_energies
    above = energies - (weights @ energies)[:, None]
    outer = ~torch.isin(basis.numbers, inner.to(basis.numbers))
    return (weights * above.clamp(min=0))[:, outer].sum(1)
