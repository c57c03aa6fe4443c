"""Levels of a molecule on a surface, with every choice that is not made by the user."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import overload

import torch
from torch import Tensor

from pes.coordinates import Internal
from pes.coordinates.internal import zero_at_minimum
from pes.force_fields import ForceField
from pes.molecule import Molecule
from pes.setup.automatic.cuts_below import cuts_below
from pes.setup.automatic.grid_of_stage import Grid
from pes.setup.automatic.growing_grids import first_grid
from pes.setup.automatic.growing_quanta import levels_by_quanta
from pes.setup.automatic.missing_wells import LargeAmplitudes, in_all_wells
from pes.setup.automatic.stage import Target
from pes.setup.automatic.target import Budget, levels_to_target
from pes.setup.automatic.wide_grid import wide_grid
from pes.setup.basis import BasisSize
from pes.setup.coordinates import CoordinateRequest
from pes.setup.folds import check_domain, folds
from pes.setup.force_field import force_field_levels
from pes.setup.force_field_result import ForceFieldResult
from pes.setup.level_result import LevelsResult
from pes.setup.problem import Bump, Problem, problem
from pes.setup.surfaces import SurfaceLike, as_surface
from pes.setup.truncation import TruncationRequest, products, sparse_grid
from pes.setup.uncertainty import SPREADS, spreads
from pes.units import CM1
from pes.vibration.eigensolvers.davidson import Progress
from pes.vibration.eigensolvers.eigenpairs import SolverError
from pes.vibration.hamiltonian.adapted import adapted
from pes.vibration.levels.levels import vibrational_levels
from pes.vibration.system.cuts import Cut

__all__ = ["ACCURACY", "COUNT", "accuracy_goal", "growing_minutes", "levels", "solved"]

COUNT = 20
"""Levels where neither a number nor an energy is given."""

ACCURACY = {3: 0.01, 4: 0.1}
"""Largest estimated error of a level by the number of atoms, cm⁻¹, where nothing else is asked for;
1 for more atoms."""

MINUTES = {3: 5.0, 4: 5.0}
"""CPU time after which a calculation no longer grows, by the number of atoms; 20 for more."""


@overload
def levels(  # pyright: ignore[reportOverlappingOverload]  # a surface may be any function
    surface: ForceField,
    *,
    count: int | None = None,
    energy: float | None = None,
    accuracy: float | None = None,
    minutes: float | None = None,
    memory: float | None = None,
) -> ForceFieldResult: ...


@overload
def levels(
    surface: SurfaceLike,
    molecule: Molecule | Sequence[str] | None = None,
    *,
    count: int | None = None,
    energy: float | None = None,
    coordinates: str | CoordinateRequest | Internal | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    reference: Sequence[Sequence[float]] | None = None,
    basis: Mapping[str, BasisSize | int] | None = None,
    quanta: float | None = None,
    truncation: TruncationRequest | None = None,
    cap: float = 60000.0,
    solver: str = "auto",
    symmetry: bool = True,
    convergence: bool | str = True,
    accuracy: float | None = None,
    minutes: float | None = None,
    memory: float | None = None,
    perturbations: Mapping[str, Bump] | None = None,
    ensemble: str = "first_order",
    labels: str = "normal",
    device: str | torch.device = "cpu",
) -> LevelsResult: ...


def levels(
    surface: SurfaceLike | ForceField,
    molecule: Molecule | Sequence[str] | None = None,
    *,
    count: int | None = None,
    energy: float | None = None,
    coordinates: str | CoordinateRequest | Internal | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    reference: Sequence[Sequence[float]] | None = None,
    basis: Mapping[str, BasisSize | int] | None = None,
    quanta: float | None = None,
    truncation: TruncationRequest | None = None,
    cap: float = 60000.0,
    solver: str = "auto",
    symmetry: bool = True,
    convergence: bool | str = True,
    accuracy: float | None = None,
    minutes: float | None = None,
    memory: float | None = None,
    perturbations: Mapping[str, Bump] | None = None,
    ensemble: str = "first_order",
    labels: str = "normal",
    device: str | torch.device = "cpu",
) -> LevelsResult | ForceFieldResult:
    """Vibrational levels of a molecule on a surface: what `pes-levels` does, in one call.

    Args:
        surface: a torch module or a function in torch or NumPy, of positions (B, N, 3) in bohr to
            energies (B,) in hartree; a run folder, a surface file, `module:function`,
            `file.py:function` or the name of an analytic surface; or what `pes.load` returned. A
            force field, what `pes.read_force_field` returned, takes `count` or `energy`,
            `accuracy`, `minutes` and `memory` alone.
        molecule: isotopes in the order of the surface's atoms, such as `"O H D"`, or a
            `Molecule`; default those of the surface.
        count: number of levels, the ground state included; 20 unless
        energy: all levels up to so much above the ground state instead, cm⁻¹.
        coordinates: a kind such as `radau`, a `CoordinateRequest`, or coordinates themselves;
            default those usual for so many atoms.
        ranges: ends of each coordinate by its name, Å and degrees; default by the surface.
        reference: positions (N, 3) near the minimum, Å, for a surface that does not know them.
        basis: sizes by the name of a coordinate, `all` for the others; a number of functions or
            a `BasisSize`.
        quanta: most quanta of a product function; short for
        truncation: all limits on product functions.
        cap: ceiling of V above its minimum, cm⁻¹.
        solver: of the eigenvalue problem, `auto` by its size.
        symmetry: solve each block of H by itself where the coordinates show symmetry.
        convergence: compare with `larger` or `smaller` calculations; True chooses.
        accuracy: largest estimated error of a level, cm⁻¹. The program then chooses ranges and
            sizes and lets them grow. Default without sizes: 0.01 for three atoms, 0.1 for four,
            1 for more.
        minutes: CPU time that growing may take; default 5, from five atoms on 20.
        memory: GiB that the process may take in all, Python and its libraries (0.35) included;
            default what is free.
        perturbations: terms added to the surface, by a name.
        ensemble: `first_order` or `full` spread of an ensemble surface.
        labels: `normal` or `local` quanta.
        device: of the calculation.

    Raises:
        ValueError: for settings that do not fit the molecule or the surface, or one another.

    Example:
        Two levels of water, in a basis far too small:

        >>> water = levels("water_pjt1996", count=2, basis={"all": 4}, convergence=False)
        >>> water.table[1]["v1 v2 v3"]
        '0 1 0'
    """
    if isinstance(surface, ForceField):
        _refuse(molecule, coordinates, ranges, reference, basis, quanta, truncation, perturbations)
        return force_field_levels(
            surface, count=count, energy=energy, accuracy=accuracy, minutes=minutes, memory=memory
        )
    place = torch.device(device)
    loaded = as_surface(surface).to(place)
    if quanta is not None and truncation is not None:
        raise ValueError("give `quanta` or `truncation`, not both")
    task = problem(
        loaded, molecule, coordinates=_request(coordinates, ranges, reference), basis=basis,
        perturbations=perturbations, device=place,
    )  # fmt: skip
    return solved(
        task, count=count, energy=energy, truncation=truncation or TruncationRequest(quanta=quanta),
        cap=cap, solver=solver, symmetry=symmetry, convergence=convergence, ensemble=ensemble,
        labels=labels, accuracy=accuracy, minutes=minutes, memory=memory,
    )  # fmt: skip


def _refuse(*given: object) -> None:
    """Refuse what says something about a surface of positions.

    Raises:
        ValueError: if there is anything.
    """
    if any(one is not None for one in given):
        raise ValueError(
            "a force field has its own coordinates and functions; give `count` or `energy`, "
            "`accuracy`, `minutes` and `memory` alone"
        )


def _request(
    coordinates: str | CoordinateRequest | Internal | None,
    ranges: Mapping[str, tuple[float, float]] | None,
    reference: Sequence[Sequence[float]] | None,
) -> CoordinateRequest:
    """The three arguments combined into one request."""
    if coordinates is None or isinstance(coordinates, str):
        request = CoordinateRequest(kind=coordinates)
    elif isinstance(coordinates, CoordinateRequest):
        request = coordinates
    else:
        request = CoordinateRequest(system=coordinates)
    if ranges is not None:
        request = replace(request, ranges=ranges)
    return request if reference is None else replace(request, reference=reference)


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
) -> LevelsResult:
    """Levels of a problem already set up; arguments as those of `levels`.

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

    Raises:
        ValueError: for settings that do not fit one another, or if the eigensolver fails.
    """
    if count is not None and energy is not None:
        raise ValueError("give `count` or `energy`, not both")
    if ensemble not in SPREADS:
        raise ValueError(f"`ensemble` must be one of {', '.join(SPREADS)}, got {ensemble!r}")
    wanted = count or (COUNT if energy is None else None)
    begun = time.perf_counter()
    limits = truncation or TruncationRequest()
    goal = accuracy_goal(accuracy, task, limits, convergence)
    try:
        if goal is not None:
            time_limit = growing_minutes(minutes, task)
            functions = max(Budget.functions, round(2400 * time_limit))
            most = None if memory is None else memory * 2**30
            budget = Budget(60 * time_limit, functions, most)
            if len(task.internal.names) > 3:
                task = in_all_wells(task, wanted, energy, progress)
            target = Target(
                task.system, task.internal.kinds, task.internal.names, task.wells, task.limits,
                goal * CM1, wanted, None if energy is None else energy * CM1, task.given, cap * CM1,
                solver, symmetry,
            )  # fmt: skip
            if len(task.internal.names) > 3:
                result = levels_by_quanta(
                    target, _smallest(task, target), budget=budget, report=progress,
                    check=lambda grid: check_domain(task.internal, grid),
                )  # fmt: skip
                surveyed = task.surveyed
            else:
                result, surveyed = levels_to_target(target, budget=budget, report=progress)
            task = replace(task, coordinates=result.bases, surveyed=surveyed)
        else:
            grid = sparse_grid(limits, task.internal)
            if grid is not None and task.sized:
                raise ValueError("a sparse grid takes `grid_level` and `quanta`; leave out `basis`")
            if grid is not None:
                grid = adapted(task.system, grid)
                check_domain(task.internal, grid)
            result = vibrational_levels(
                task.system, grid or task.coordinates, wanted,
                energy=None if energy is None else energy * CM1,
                truncation=None if grid else products(limits, task.internal), cap=cap * CM1,
                solver=solver, convergence=convergence, reference=task.start, progress=progress,
                watch=watch, start=start, symmetry=symmetry, cuts=_cuts(task, limits),
            )  # fmt: skip
    except SolverError as failure:
        raise ValueError(f"no levels: {failure}") from failure
    reached = result.zero_point_energy + float(result.excitations[-1])
    missing = LargeAmplitudes(task).sentences(reached)
    result = replace(result, warnings=(*missing, *result.warnings, *folds(task.internal, result)))
    seconds = time.perf_counter() - begun
    return LevelsResult(task, result, spreads(result, task, ensemble), labels, seconds)


def _smallest(task: Problem, target: Target) -> Grid:
    """Functions and points that a calculation of four atoms and more grows from."""
    if zero_at_minimum(task.internal.kinds):
        return first_grid(target.names, tuple((b.low, b.high) for b in task.coordinates))
    energy = None if target.energy is None else target.energy / CM1
    return wide_grid(target, LargeAmplitudes(task).highest(target.count, energy) or target.cap)


def _cuts(task: Problem, truncation: TruncationRequest) -> tuple[Cut, ...] | None:
    """Cuts with mean potentials where they are asked for."""
    if truncation.reference != "mean":
        return None
    if len(task.internal.names) != 3:
        raise ValueError(
            f"`reference: mean` is for three coordinates, there are {len(task.internal.names)}"
        )
    return cuts_below(
        task.system, task.wells, task.surveyed, task.limits, task.internal.names, given=task.given
    )


def growing_minutes(minutes: float | None, task: Problem) -> float:
    """CPU time that growing may take, in minutes."""
    return minutes or MINUTES.get(len(task.molecule.symbols), 20.0)


def accuracy_goal(
    accuracy: float | None, task: Problem, truncation: TruncationRequest, convergence: bool | str
) -> float | None:
    """The accuracy to grow to, cm⁻¹; None where the sizes are the user's."""
    fixed = task.sized or truncation != TruncationRequest() or convergence is not True
    atoms = len(task.molecule.symbols)
    three = len(task.internal.names) == 3 and set(task.internal.kinds) <= {"length", "angle"}
    # A sparse grid has no ranges that could be given.
    whole = zero_at_minimum(task.internal.kinds) or "azimuth" in task.internal.kinds
    more = atoms > 3 and whole and task.given is None
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
