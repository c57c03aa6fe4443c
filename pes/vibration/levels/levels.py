"""The lowest vibrational levels of a system, each with an estimate of its convergence."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from torch import Tensor

from pes.units import CM1
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.basis.truncation import Truncation
from pes.vibration.eigensolvers.blockwise import lowest_blockwise
from pes.vibration.eigensolvers.davidson import Progress
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs
from pes.vibration.hamiltonian.build import build_hamiltonian
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.levels.convergence import ESTIMATORS, Solve, estimator_name
from pes.vibration.levels.diagnostics import level_warnings
from pes.vibration.levels.result import Levels
from pes.vibration.symmetry.invariance import invariant
from pes.vibration.symmetry.operation import Operation
from pes.vibration.symmetry.operations import commuting, hidden_symmetries, symmetry_operations
from pes.vibration.system.cuts import Cut
from pes.vibration.system.minimum import minimum
from pes.vibration.system.system import System

__all__ = ["CAP", "vibrational_levels"]

CAP = 60000 * CM1
"""Default ceiling of V above the minimum, hartree."""

FixedCount = Callable[..., Eigenpairs]
"""`_fixed_count` with its solver."""


def vibrational_levels(
    system: System,
    bases: Sequence[BasisSpec],
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
    """The lowest levels and how far each is from converged.

    The convergence estimate is the sum of the absolute changes of a level with (a) more
    functions at fixed m/n, (b) more points at fixed n and (c) every range widened by 5 %
    where the surface rises there. The levels returned are those of (a), the largest run;
    since it keeps the ranges asked for, (c) counts twice. From five coordinates on the changes
    are those of smaller calculations, with (a) products left out, (b) fewer points, (c) every
    range narrowed by 5 %, and the levels are those of the run asked for.

    Args:
        system: V and G of a molecule or a model.
        bases: basis of each coordinate.
        count: how many levels, the ground state included; or else
        energy: all levels up to this energy above the ground state, hartree, as counted in
            the basis asked for.
        quanta: keep only products of functions with so many quanta in all; short for
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
            leave V and G as they are; what stands in the way is among the warnings.
        cuts: what the functions of each coordinate are eigenfunctions of; default straight cuts
            through the minimum.

    Raises:
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
    estimator = estimator_name(convergence, len(bases))
    truncation = Truncation(quanta=quanta) if truncation is None else truncation
    fixed_count = partial(_fixed_count, solver=solver, watch=watch)
    first_solve = _first_solve(count, energy, fixed_count)
    operations = commuting(symmetry_operations(system, bases)) if symmetry else []
    bottom, v_min = minimum(system, [(b.low, b.high) for b in bases], near=reference)
    run = partial(
        _checked_hamiltonian, system=system, reference=bottom, ceiling=v_min + cap,
        operations=operations, progress=progress, cuts=cuts,
    )  # fmt: skip
    h, broken = run("levels", bases, truncation)
    pairs = first_solve(h, start)
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
            lambda h, start: fixed_count(h, len(pairs.energies), start=start),
        )
    return replace(levels, warnings=(*levels.warnings, *level_warnings(levels)))


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
    return invariant(h)


def _first_solve(count: int | None, energy: float | None, fixed_count: FixedCount) -> Solve:
    """The solver of the run asked for, by a count of levels or by an energy."""
    if count is not None and energy is None:
        return lambda h, start: fixed_count(h, count, start=start)
    if energy is not None and count is None:
        return lambda h, start: _up_to(h, energy, fixed_count, start)
    raise ValueError(f"give either a count or an energy, got {count} and {energy}")


def _fixed_count(
    hamiltonian: Hamiltonian,
    count: int,
    *,
    solver: str,
    start: Tensor | None = None,
    watch: Callable[[Progress], None] = lambda _: None,
) -> Eigenpairs:
    """So many levels, and the energy of the next, which says whether a cluster was split."""
    one_more = count + 1 if count < hamiltonian.size else count
    pairs = lowest_blockwise(hamiltonian, one_more, solver=solver, start=start, watch=watch)
    return pairs.first(count)


def _up_to(
    hamiltonian: Hamiltonian, energy: float, fixed_count: FixedCount, start: Tensor | None
) -> Eigenpairs:
    """All levels up to an energy above the ground state, asking for twice as many each time.

    The upper half of what a basis gives is never meaningful: it is not looked at.
    """
    most = max(1, hamiltonian.size // 2)
    count = min(20, most)
    while True:
        pairs = fixed_count(hamiltonian, count, start=start)
        reached = pairs.energies - pairs.energies[0]
        if reached[-1] > energy:
            return pairs.first(int((reached <= energy).sum()))
        if count == most:
            raise ValueError(
                f"the lower half of {hamiltonian.size} basis functions ends "
                f"{float(reached[-1]) / CM1:.1f} cm-1 above the ground state, below the "
                f"{energy / CM1:.1f} cm-1 asked for; raise the numbers of functions"
            )
        count, start = min(2 * count, most), pairs.coefficients
