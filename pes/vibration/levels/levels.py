"""The lowest vibrational levels of a system, each with an estimate of its convergence."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from torch import Tensor

from pes.units import CM1
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.basis.truncation import Truncation
from pes.vibration.eigensolvers.blockwise import fixed_count
from pes.vibration.eigensolvers.davidson import Progress
from pes.vibration.eigensolvers.requests import asked_for, first_solve
from pes.vibration.hamiltonian.build import build_hamiltonian
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.hamiltonian.sparse import SparseGrid
from pes.vibration.levels.convergence import ESTIMATORS, estimator_name
from pes.vibration.levels.diagnostics import level_warnings
from pes.vibration.levels.matching import EXTRA
from pes.vibration.levels.result import Levels
from pes.vibration.levels.sparse import sparse_levels
from pes.vibration.symmetry.invariance import invariant
from pes.vibration.symmetry.operation import Operation
from pes.vibration.symmetry.operations import commuting, hidden_symmetries, symmetry_operations
from pes.vibration.system.cuts import Cut
from pes.vibration.system.minimum import minimum
from pes.vibration.system.system import System

__all__ = ["CAP", "vibrational_levels"]

CAP = 60000 * CM1
"""Default ceiling of V above the minimum, hartree."""


def vibrational_levels(
    system: System,
    bases: Sequence[BasisSpec] | SparseGrid,
    count: int | None = None,
    *,
    energy: float | None = None,
    quanta: float | None = None,
    truncation: Truncation | None = None,
    cap: float = CAP,
    solver: str = "auto",
    convergence: bool | str = True,
    reference: Tensor | None = None,
    progress: Callable[[str], None] = lambda _: None,
    watch: Callable[[Progress], None] = lambda _: None,
    start: Tensor | None = None,
    symmetry: bool = True,
    cuts: Sequence[Cut] | None = None,
) -> Levels:
    """The lowest levels and the estimated convergence error of each.

    The convergence estimate is the sum of the absolute changes of a level with (a) more
    functions at fixed m/n, (b) more points at fixed n and (c) every range widened by 5 %
    where the surface rises there. The levels returned are those of (a), the largest run;
    since it keeps the ranges asked for, (c) counts twice. From five coordinates on the changes
    are those of smaller calculations, with (a) products left out, (b) fewer points, (c) every
    range narrowed by 5 %, and the levels are those of the run asked for.

    Args:
        system: V and G of a molecule or a model.
        bases: basis of each coordinate; or a `SparseGrid`, which limits quanta and points for
            itself and takes no cap, see `sparse_levels`.
        count: number of levels, the ground state included; give either this or `energy`.
        energy: energy above the ground state up to which all levels are computed, hartree;
            they are counted in the basis asked for.
        quanta: largest total number of quanta of a product of functions, a short form of
            `truncation`.
        truncation: limits on the products of functions; (a) then moves these limits too.
        cap: ceiling of V above its minimum, hartree.
        solver: a key of `SOLVERS`, or `auto`.
        convergence: `larger` or `smaller` runs to compare with, True for the choice by the
            number of coordinates; False makes one run only, of the sizes asked for.
        reference: start of the search for the minimum, (Q,).
        progress: called with the name of each step.
        watch: called after each step of the Davidson method.
        start: vectors to begin the first run with, (S, N), such as those `watch` was given.
        symmetry: solve each block of H by itself where exchanges and reflections of coordinates
            leave V and G as they are; what prevents it is among the warnings.
        cuts: what the functions of each coordinate are eigenfunctions of; default straight cuts
            through the minimum.

    Raises:
        TypeError: for anything but a `System`, such as a surface.
        ValueError: unless either `count` or `energy` is given; for a basis too small, a
            surface that is not a number or a range whose edge is lower than its inside.
        SolverError: if the eigensolver fails.

    Example:
        Two quanta of an oscillator with ω = 1 hartree:

        >>> import torch
        >>> from pes.vibration.system.system import model
        >>> oscillator = model(lambda q: q[:, 0] ** 2 / 2, torch.ones(1, 1).double())
        >>> x = BasisSpec("sinc", -8, 8, 12, primitives=40)
        >>> vibrational_levels(oscillator, [x], 3, cap=100.0).energies
        tensor([0.5000, 1.5000, 2.5000], dtype=torch.float64)
    """
    if not isinstance(system, System):
        raise TypeError(
            f"system must be a System, got {type(system).__name__}; pes.molecular(surface, "
            "to_positions, masses) makes one"
        )
    if isinstance(bases, SparseGrid):
        _refuse(quanta=quanta, truncation=truncation, cuts=cuts, cap=None if cap == CAP else cap)
        return sparse_levels(
            system, bases, count, energy=energy, solver=solver, convergence=bool(convergence),
            reference=reference, progress=progress, watch=watch, start=start, symmetry=symmetry,
        )  # fmt: skip
    if system.bends:
        raise ValueError(
            "a molecule that is linear at its minimum takes oscillator functions in normal "
            "coordinates: give a `SparseGrid`"
        )
    estimator = estimator_name(convergence, len(bases))
    truncation = Truncation(quanta=quanta) if truncation is None else truncation
    solve_count = partial(fixed_count, solver=solver, watch=watch)
    solve = first_solve(count, energy, solve_count, extra=EXTRA if estimator else 0)
    operations = commuting(symmetry_operations(system, bases)) if symmetry else []
    bottom, v_min = minimum(system, [(b.low, b.high) for b in bases], near=reference)
    run = partial(
        _checked_hamiltonian, system=system, reference=bottom, ceiling=v_min + cap,
        operations=operations, progress=progress, cuts=cuts,
    )  # fmt: skip
    h, broken = run("levels", bases, truncation)
    pairs = solve(h, start)
    # A model has no atoms that could be alike: no symmetry is expected of it.
    expected = symmetry and system.masses is not None
    levels = Levels(
        system, tuple(bases), truncation, cap, bottom.to(system.device), v_min, h, pairs,
        warnings=(*broken, *hidden_symmetries(system, bases)) if expected else (),
    )  # fmt: skip
    if estimator is not None:
        levels = ESTIMATORS[estimator](
            replace(levels, compared_with=estimator),
            lambda *sizes: run(*sizes)[0],
            lambda h, start: solve_count(h, min(len(pairs.energies), h.size), start=start),
            partial(asked_for, count=count, energy=energy),
        )
    return replace(levels, warnings=(*levels.warnings, *level_warnings(levels)))


def _refuse(**given: object) -> None:
    """Refuse what only a product grid has."""
    for name, value in given.items():
        if value is not None:
            raise ValueError(
                f"`{name}` belongs to a product grid; a sparse grid has its quanta and its level"
            )


def _checked_hamiltonian(
    name: str,
    bases: Sequence[BasisSpec],
    truncation: Truncation,
    *,
    system: System,
    reference: Tensor,
    ceiling: float,
    operations: Sequence[Operation],
    progress: Callable[[str], None],
    cuts: Sequence[Cut] | None,
) -> tuple[Hamiltonian, list[str]]:
    """The Hamiltonian of a run with the symmetries that hold on its grid; why others do not.

    A range that only one of two like coordinates could widen is seen on the grid.
    """
    progress(name)
    h = build_hamiltonian(
        system, bases, reference, ceiling=ceiling, truncation=truncation, operations=operations,
        cuts=cuts,
    )  # fmt: skip
    return invariant(h, system.places)
