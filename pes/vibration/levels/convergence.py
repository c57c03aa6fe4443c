"""Vibrational levels, each with an estimate of how far it is from converged."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from pes.units import CM1
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.basis.truncation import Products
from pes.vibration.eigensolvers.blockwise import lowest
from pes.vibration.eigensolvers.davidson import Progress
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs
from pes.vibration.eigensolvers.warm_start import carried
from pes.vibration.hamiltonian.build import build_hamiltonian
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.levels.diagnostics import HOLE, doubts
from pes.vibration.levels.result import Levels
from pes.vibration.symmetry.invariance import invariant
from pes.vibration.symmetry.operations import abelian, operations, unlike
from pes.vibration.system.minimum import minimum
from pes.vibration.system.system import System

__all__ = ["CAP", "BasisSpec", "Levels", "build_hamiltonian", "vibrational_levels"]

CAP = 60000 * CM1
"""Default ceiling of V above the minimum, hartree."""

Solve = Callable[[Hamiltonian, Tensor | None], Eigenpairs]
Counted = Callable[..., Eigenpairs]
_Run = tuple[Hamiltonian, Eigenpairs]
Another = Callable[[str, Sequence[BasisSpec], Products], _Run]


def vibrational_levels(
    system: System,
    coordinates: Sequence[BasisSpec],
    count: int | None = None,
    *,
    energy: float | None = None,
    quanta: float | None = None,
    products: Products | None = None,
    cap: float = CAP,
    solver: str = "auto",
    convergence: bool | str = True,
    reference: Tensor | None = None,
    progress: Callable[[str], None] = lambda _: None,
    watch: Callable[[Progress], None] = lambda _: None,
    start: Tensor | None = None,
    symmetry: bool = True,
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
        coordinates: basis wanted for each coordinate.
        count: how many levels, the ground state included; or else
        energy: all levels up to this energy above the ground state, hartree, as counted in
            the basis asked for.
        quanta: keep only products of functions with so many quanta in all; short for
        products: which products of functions to keep, and of what functions; (a) then moves
            these limits too.
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

    Raises:
        ValueError: unless either `count` or `energy` is given; for a basis too small, a
            surface that is not a number or a range whose edge is lower than its inside.
        SolverError: if the eigensolver fails.

    Example:
        Two quanta of an oscillator with ω = 1 hartree:

        >>> from pes.vibration.system.system import model
        >>> oscillator = model(lambda q: q[:, 0] ** 2 / 2, torch.ones(1, 1).double())
        >>> x = BasisSpec("sinc", -8, 8, 12, primitives=40)
        >>> vibrational_levels(oscillator, [x], 3, cap=100.0).energies
        tensor([0.5000, 1.5000, 2.5000], dtype=torch.float64)
    """
    if convergence not in (True, False, "larger", "smaller"):
        raise ValueError(f"`convergence` is larger, smaller, true or false, got {convergence!r}")
    products = Products(quanta=quanta) if products is None else products
    solve = _request(count, energy, partial(_counted, solver=solver, watch=watch))
    group = abelian(operations(system, coordinates)) if symmetry else []
    bottom, v_min = minimum(system, [(c.low, c.high) for c in coordinates], near=reference)

    def run(
        name: str, wanted: Sequence[BasisSpec], which: Products, like: _Run | None, solve: Solve
    ) -> _Run:
        progress(name)
        # A range that only one of two like coordinates could widen is seen on the grid.
        h = build_hamiltonian(
            system, wanted, bottom, ceiling=v_min + cap, products=which, operations=group
        )
        h, told = invariant(h)
        refused.append(told)
        return h, solve(h, start if like is None else carried(*like, h))

    refused: list[list[str]] = []
    h, pairs = run("levels", coordinates, products, None, solve)
    unknown = pairs.energies.new_full((3, len(pairs.energies)), torch.nan)
    found = Levels(
        pairs.energies, unknown[0], v_min, bottom.to(system.device), pairs, h, system, unknown, cap,
        tuple(coordinates), quanta=products.quanta, products=products,
    )  # fmt: skip
    # A model has no atoms that could be alike: nothing was to be expected of it.
    expected = symmetry and system.masses is not None
    told = [*refused[0], *unlike(system, coordinates)] if expected else []
    if convergence is True:
        convergence = "larger" if len(coordinates) < 5 else "smaller"
    if convergence:
        again = partial(_counted, count=len(pairs.energies), solver=solver, watch=watch)

        def another(name: str, wanted: Sequence[BasisSpec], which: Products) -> _Run:
            like = (h, pairs)
            return run(name, wanted, which, like, lambda h, start: again(h, start=start))

        if convergence == "larger":
            found = _converged(found, another)
        else:
            found = _compared(found, another, again)
    return replace(found, warnings=(*told, *found.warnings, *doubts(found)))


def _request(count: int | None, energy: float | None, counted: Counted) -> Solve:
    if count is not None and energy is None:
        return lambda h, start: counted(h, count, start=start)
    if energy is not None and count is None:
        return lambda h, start: _up_to(h, energy, counted, start)
    raise ValueError(f"give either a count or an energy, got {count} and {energy}")


def _counted(
    hamiltonian: Hamiltonian,
    count: int,
    *,
    solver: str,
    start: Tensor | None = None,
    watch: Callable[[Progress], None] = lambda _: None,
) -> Eigenpairs:
    """So many levels, and the energy of the next, which tells whether a cluster was cut."""
    one_more = count + 1 if count < hamiltonian.size else count
    return lowest(hamiltonian, one_more, solver=solver, start=start, watch=watch).first(count)


def _up_to(
    hamiltonian: Hamiltonian, energy: float, counted: Counted, start: Tensor | None
) -> Eigenpairs:
    """All levels up to an energy above the ground state, asking for twice as many each time.

    The upper half of what a basis gives is never meaningful: it is not looked at.
    """
    most = max(1, hamiltonian.size // 2)
    count = min(20, most)
    while True:
        pairs = counted(hamiltonian, count, start=start)
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


def _compared(found: Levels, run: Another, solve: Counted) -> Levels:
    """The levels, with their changes in three smaller runs."""
    changes, warnings = [], []
    for name, wanted in (
        ("fewer points", [c.fewer_points() for c in found.coordinates]),
        ("narrower ranges", [c.narrowed() for c in found.coordinates]),
    ):
        _, smaller = run(name, wanted, found.products)
        changes.append(_change(smaller.energies, found.energies))
    unchanged = [c.name for c in found.coordinates if c.fewer_points() == c]
    if unchanged:
        warnings.append(
            f"no estimate from fewer points in {', '.join(unchanged)}: there are as many points as "
            "functions"
        )
    found, change, told = _other_products(found, solve)
    moved = torch.stack([change, *changes])
    return replace(found, convergence=moved.sum(0), changes=moved, warnings=(*warnings, *told))


def _other_products(found: Levels, solve: Counted) -> tuple[Levels, Tensor, list[str]]:
    """The levels, and their change with fewer products on the same grid.

    Where fewer would not hold the levels it is the change with more, whose levels then count.
    """
    h, wanted = found.hamiltonian, len(found.energies)

    def solved(kept: Tensor | None) -> tuple[Hamiltonian, Eigenpairs]:
        other = replace(h, kept=kept)
        return other, solve(other, start=carried(h, found.pairs, other))

    fewer = found.products.smaller().kept(h.factors, fewer=_fewer(found))
    if fewer is None or len(fewer) >= wanted:
        return found, _change(solved(fewer)[1].energies, found.energies), []
    most = found.products.larger()
    more = most.kept(h.factors)
    short = f"a smaller basis of {len(fewer)} functions cannot hold {wanted} levels"
    if more is None or len(more) <= h.size:
        raise ValueError(
            f"no convergence estimate: {short}, nor can the {h.size} grow; raise the functions of "
            "the coordinates, ask for fewer levels or set `convergence: false`"
        )
    grown, pairs = solved(more)
    larger = replace(
        found, energies=pairs.energies, pairs=pairs, hamiltonian=grown, quanta=most.quanta,
        products=most,
    )  # fmt: skip
    told = f"{short}: the levels are those of {grown.size}, compared with {h.size}"
    return larger, _change(found.energies, pairs.energies), [told]


def _fewer(found: Levels) -> int:
    """Functions taken from each coordinate: none where the limit on products rules."""
    return 2 if found.products.quanta is None and found.products.energy is None else 0


def _converged(first: Levels, run: Another) -> Levels:
    """The levels of the largest run, with their changes in the three larger ones."""
    coordinates = first.coordinates
    largest = tuple(c.more_functions() for c in coordinates)
    most = first.products.larger()
    h, pairs = run("more functions", largest, most)
    _, more = run("more points", [c.more_points() for c in coordinates], first.products)
    wider, refused = _widened(first)
    wide_h, wide = run("wider ranges", wider, first.products)
    warnings = [f"not widened, for the surface falls beyond: {', '.join(refused)}"] * bool(refused)
    changes = torch.stack([_change(first.energies, r.energies) for r in (pairs, more, wide)])
    lowest_before = min(first.minimum_energy, float(first.hamiltonian.potential.min()))
    if wide_h.potential.min() < lowest_before - HOLE:
        changes[2] = torch.nan
        warnings.append(
            "no estimate from wider ranges: 5 % outside the ranges the surface has a hole"
        )
    return replace(
        first, energies=pairs.energies, convergence=_estimate(changes), pairs=pairs, hamiltonian=h,
        changes=changes, coordinates=largest, warnings=tuple(warnings), quanta=most.quanta,
        products=most,
    )  # fmt: skip


def _estimate(changes: Tensor) -> Tensor:
    """What (c) leaves undone is at most what it did, where ψ falls by half in 5 % of a range."""
    return changes.nansum(0) + changes[2].nan_to_num()


def _change(before: Tensor, after: Tensor) -> Tensor:
    """Of the ground state, then of the energies above it; absolute values."""
    change = after - before
    change[1:] -= change[0].clone()
    return change.abs()


def _widened(found: Levels) -> tuple[list[BasisSpec], list[str]]:
    """Coordinates with every end moved out beyond which V rises along the cut.

    Returns:
        The coordinates and the names of the ends where V does not rise, or is no number.
    """
    wider, refused = [], []
    for k, c in enumerate(found.coordinates):
        out = c.widened(True, True)
        ends = found.minimum.repeat(4, 1)
        ends[:, k] = torch.tensor([out.low, c.low, c.high, out.high], dtype=torch.float64)
        with torch.no_grad():
            beyond_low, at_low, at_high, beyond_high = found.system.potential(ends).tolist()
        rises = (beyond_low > at_low, beyond_high > at_high)
        wider.append(c.widened(*rises))
        moves = (out.low < c.low, out.high > c.high)
        refused += [
            f"{c.name} at its {end} end"
            for end, up, move in zip(("lower", "upper"), rises, moves, strict=True)
            if move and not up
        ]
    return wider, refused
