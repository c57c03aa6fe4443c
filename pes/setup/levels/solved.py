"""Levels of a problem: sizes given by the user, or sizes that grow to an accuracy."""

import time
from collections.abc import Callable
from dataclasses import replace

from torch import Tensor

from pes.coordinates.internal import zero_at_minimum
from pes.setup.automatic.cuts.cuts_below import cuts_below
from pes.setup.automatic.cuts.target import levels_to_target
from pes.setup.automatic.motions.migration import around_the_pair
from pes.setup.automatic.motions.missing_wells import LargeAmplitudes, in_all_wells
from pes.setup.automatic.motions.stiff_minimum import (
    refuse_stiff_minimum,
    stiffness_at_minimum,
    unusual_stiffness,
)
from pes.setup.automatic.quanta.grid_of_stage import Grid
from pes.setup.automatic.quanta.growing_grids import first_grids
from pes.setup.automatic.quanta.growing_quanta import levels_by_quanta
from pes.setup.automatic.quanta.kept_stages import Store
from pes.setup.automatic.quanta.wide_grid import wide_grid
from pes.setup.automatic.request import Budget, Target
from pes.setup.errors.uncertainty import SPREADS, spreads
from pes.setup.inputs.positive import check_positive
from pes.setup.levels.level_result import LevelsResult
from pes.setup.problem.bond_lengths import strange_bonds
from pes.setup.problem.fit_holes import without_holes
from pes.setup.problem.folds import check_domain, folds
from pes.setup.problem.problem import Problem
from pes.setup.problem.ranges import sampled
from pes.setup.problem.truncation import TruncationRequest, products, sparse_grid
from pes.units import CM1
from pes.vibration.eigensolvers.davidson import Progress
from pes.vibration.eigensolvers.eigenpairs import SolverError
from pes.vibration.hamiltonian.adapted import adapted
from pes.vibration.hamiltonian.sparse import SparseGrid
from pes.vibration.levels.levels import vibrational_levels
from pes.vibration.levels.result import Levels
from pes.vibration.system.continuation import Continuation, reliable_energy
from pes.vibration.system.cuts import Cut
from pes.vibration.system.minimum import OuterSurfaceError
from pes.vibration.system.system import System, harmonic_frequencies

__all__ = ["ACCURACY", "COUNT", "accuracy_goal", "growing_minutes", "solved"]

COUNT = 20
"""Levels where neither a number nor an energy is given."""

ACCURACY = {3: 0.01, 4: 0.1}
"""Largest estimated error of a level by the number of atoms, cm⁻¹, where nothing else is asked for;
1 for more atoms."""

MINUTES = {3: 5.0, 4: 5.0}
"""CPU time after which a calculation no longer grows, by the number of atoms; 20 for more."""

UNCHECKED = (
    "the default sizes were taken and compared with no others: levels may be far off; leave "
    "out `convergence`, and the program chooses sizes and estimates errors"
)
"""Warning where nothing was chosen, given or compared."""


def solved(
    task: Problem,
    *,
    count: int | None = None,
    energy: float | None = None,
    truncation: TruncationRequest | None = None,
    cap: float = 60000.0,
    solver: str = "auto",
    symmetry: bool = True,
    convergence: bool | str = True,
    ensemble: str = "first_order",
    labels: str = "normal",
    accuracy: float | None = None,
    minutes: float | None = None,
    memory: float | None = None,
    progress: Callable[[str], None] = lambda _: None,
    watch: Callable[[Progress], None] = lambda _: None,
    start: Tensor | None = None,
    stopped: Callable[[], object] = lambda: False,
    store: Store | None = None,
) -> LevelsResult:
    """Levels of a problem already set up; arguments as those of `pes.levels`.

    Args:
        task: surface, coordinates and bases.
        count: number of levels.
        energy: all levels up to here instead, cm⁻¹.
        truncation: limits on product functions.
        cap: ceiling of V above its minimum, cm⁻¹.
        solver: a key of `pes.vibration.SOLVERS`, or `auto`.
        symmetry: solve each block by itself.
        convergence: see `levels`.
        ensemble: see `levels`.
        labels: see `levels`.
        accuracy: see `levels`.
        minutes: see `levels`.
        memory: see `levels`.
        progress: called with the name of each step.
        watch: called after each step of the Davidson method.
        start: vectors to begin the first calculation with, (S, N).
        stopped: whether sizes that grow by quanta shall grow no further.
        store: calculations of an earlier run of the program whose sizes grow by quanta.

    Raises:
        ValueError: for settings that do not fit one another, or if the eigensolver fails.
    """
    if count is not None and energy is not None:
        raise ValueError("give `count` or `energy`, not both")
    check_positive(count=count, energy=energy, cap=cap, minutes=minutes, memory=memory)
    if ensemble not in SPREADS:
        raise ValueError(f"`ensemble` must be one of {', '.join(SPREADS)}, got {ensemble!r}")
    wanted = count or (COUNT if energy is None else None)
    highest = None if energy is None else energy * CM1
    begun = time.perf_counter()
    limits = truncation or TruncationRequest()
    goal = accuracy_goal(accuracy, task, limits, convergence)
    known = stiffness_at_minimum(task)
    try:
        if goal is not None:
            refuse_stiff_minimum(task, known)
            three = len(task.molecule.symbols) == 3
            hold = around_the_pair if three else in_all_wells
            task = hold(task, wanted, energy, progress)
            target = Target(
                task.system, task.internal.kinds, task.internal.names, task.wells, task.limits,
                goal * CM1, wanted, highest, task.given, cap * CM1, solver, symmetry, task.sampled,
                task.images if three else None,
            )  # fmt: skip
            budget = _budget(minutes, memory, task, stopped)
            task, result = _grown(task, target, budget, progress, store)
        else:
            grid = _sparse_grid(task, limits)
            result = vibrational_levels(
                task.system, grid or task.coordinates, wanted, energy=highest,
                truncation=None if grid else products(limits, task.internal), cap=cap * CM1,
                solver=solver, convergence=convergence, reference=task.start, progress=progress,
                watch=watch, start=start, symmetry=symmetry, cuts=_cuts(task, limits),
            )  # fmt: skip
    except SolverError as failure:
        raise ValueError(f"no levels: {failure}") from failure
    except OuterSurfaceError as hole:
        # Bohr taken for angstrom is a likelier cause than a hole.
        raise OuterSurfaceError("; ".join((str(hole), *strange_bonds(task)))) from hole
    reached = result.zero_point_energy + float(result.excitations[-1])
    missing = (*unusual_stiffness(known), *LargeAmplitudes(task).sentences(reached))
    if convergence is False and not task.sized and limits == TruncationRequest():
        missing = (*missing, UNCHECKED)
    result = replace(result, warnings=(*missing, *result.warnings, *folds(task.internal, result)))
    seconds = time.perf_counter() - begun
    return LevelsResult(task, result, spreads(result, task, ensemble), labels, seconds)


def _grown(
    task: Problem,
    target: Target,
    budget: Budget,
    progress: Callable[[str], None],
    store: Store | None,
) -> tuple[Problem, Levels]:
    """Levels of sizes that grow to an accuracy, and the problem with the last bases."""
    if len(target.names) > 3:
        smallest, instead = _grids(task, target)
        result = levels_by_quanta(
            target, smallest, continued=lambda: _continued(task), instead=instead, budget=budget,
            report=progress, store=store,
        )  # fmt: skip
        return replace(task, coordinates=result.bases, system=result.system), result
    result, surveyed = levels_to_target(
        target, filled=lambda: _filled(task), budget=budget, report=progress
    )
    task = replace(task, coordinates=result.bases, system=result.system, surveyed=surveyed)
    return task, result


def _filled(task: Problem) -> System | None:
    """The system with a wall in each hole beyond the points of a fit; None if nothing is known."""
    return without_holes(
        task.surface.record, task.internal, task.molecule.masses, task.system, task.wells,
        task.limits,
    )  # fmt: skip


def _continued(task: Problem) -> System | None:
    """The system with V continued beyond where the fit is believed; None for no fit."""
    record, system = task.surface.record, task.system
    if record is None or not len(record.training_positions) or system.continuation is not None:
        return None
    frequencies = harmonic_frequencies(system, len(task.internal.names))
    points = sampled(record, task.internal, task.molecule.masses).to(frequencies)
    energy = reliable_energy(system.potential, frequencies, points)
    return None if energy is None else system.continued(Continuation(frequencies, energy))


def _budget(
    minutes: float | None, memory: float | None, task: Problem, stopped: Callable[[], object]
) -> Budget:
    """Limits of CPU time (minutes), functions and memory (GiB)."""
    limit = growing_minutes(minutes, task)
    functions = max(Budget.functions, round(2400 * limit))
    return Budget(60 * limit, functions, None if memory is None else memory * 2**30, stopped)


def _sparse_grid(task: Problem, limits: TruncationRequest) -> SparseGrid | None:
    """The sparse grid of given sizes; None for a product grid.

    Raises:
        ValueError: if a basis is given as well, or the grid leaves the domain of the coordinates.
    """
    grid = sparse_grid(limits, task.internal, sized=task.has_own_sizes)
    if grid is None:
        if task.system.bends:
            raise ValueError(
                f"{task.molecule.formula} is linear at its minimum: normal coordinates take a "
                "sparse grid there; give `quanta: 8` and `grid_level: 10`, or leave out all sizes"
            )
        return None
    if task.sized:
        raise ValueError("a sparse grid takes `grid_level` and `quanta`; leave out `basis`")
    grid = adapted(task.system, grid)
    check_domain(task.internal, grid)
    return grid


def _grids(task: Problem, target: Target) -> tuple[Grid, Grid | None]:
    """Functions and points that a calculation of four atoms and more grows from, and others."""
    if not zero_at_minimum(task.internal.kinds):
        energy = None if target.energy is None else target.energy / CM1
        top = LargeAmplitudes(task).highest(target.count, energy) or target.cap
        return wide_grid(target, top), None
    ranges = tuple((b.low, b.high) for b in task.coordinates)
    return first_grids(
        target.names, ranges, linear=bool(task.system.bends),
        check=lambda grid: check_domain(task.internal, grid),
    )  # fmt: skip


def _cuts(task: Problem, truncation: TruncationRequest) -> tuple[Cut, ...] | None:
    """Cuts with mean potentials where they are asked for."""
    if truncation.reference != "mean":
        return None
    if len(task.internal.names) != 3:
        raise ValueError(
            f"`reference: mean` is for three coordinates, there are {len(task.internal.names)}"
        )
    return cuts_below(
        task.system, task.wells, task.surveyed, task.limits,
        task.internal.kinds, given=task.given, sampled=task.sampled,
    )  # fmt: skip


def growing_minutes(minutes: float | None, task: Problem) -> float:
    """CPU time that growing may take, in minutes."""
    return minutes or MINUTES.get(len(task.molecule.symbols), 20.0)


def accuracy_goal(
    accuracy: float | None, task: Problem, truncation: TruncationRequest, convergence: bool | str
) -> float | None:
    """The accuracy to grow to, cm⁻¹; None where the sizes are the user's.

    Raises:
        ValueError: for an accuracy that is not positive, or one beside given sizes.
    """
    fixed = task.sized or truncation != TruncationRequest() or convergence is not True
    atoms = len(task.molecule.symbols)
    three = len(task.internal.names) == 3 and set(task.internal.kinds) <= {"length", "angle"}
    # A sparse grid has no ranges that could be given.
    whole = zero_at_minimum(task.internal.kinds) or "azimuth" in task.internal.kinds
    more = (atoms > 3 or bool(task.system.bends)) and whole and task.given is None
    if accuracy is None:
        return ACCURACY.get(atoms, 1.0) if (three or more) and not fixed else None
    if not accuracy > 0:
        raise ValueError(f"`accuracy` must be positive, got {accuracy} cm-1")
    if fixed:
        raise ValueError(
            "`accuracy` lets the program choose the sizes; leave out `basis`, `maps`, `quanta`, "
            "`product_energy`, `groups`, `reference` and `convergence`, or `accuracy`"
        )
    if not (three or more):
        raise ValueError(
            "`accuracy` is for three atoms in lengths and angles, and for more in normal or "
            "umbrella coordinates without `ranges`; give `basis` and `quanta`"
        )
    return accuracy
