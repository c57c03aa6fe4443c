"""Levels of a Hamiltonian that follow from those of a similar one, by few products with vectors.

Between two calculations whose functions, points or ranges differ somewhat the levels move by
little: vectors of the one, corrected a few times by what H makes of them, are those of the other.
No matrix is built.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

import torch
from torch import Tensor

from pes.vibration.eigensolvers.blockwise import in_step, lowered, merged
from pes.vibration.eigensolvers.davidson import Steps, ZeroOrder, davidson, driven
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs, SolverError
from pes.vibration.eigensolvers.select import Watch, exact_below, multiplied, unlike
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.symmetry.blocks import Block, symmetry_blocks

__all__ = ["followed"]

EXACT = 100
"""Functions of each block in which the zero-order Hamiltonian is exact, at least."""

BEYOND = 8
"""Zero-order vectors beyond the levels from which a state that was not there is searched for."""

ROUGH = 1e-4
"""Residual norm (hartree) of a state searched for: its energy is then some 1e-6 off."""

BELOW = 1e-5
"""Hartree above the highest level from which such a state cannot belong below it."""

QUICK = 2
"""Products for each level within which levels that are known converge from the energies of products
alone; if they do not, the functions are strongly coupled, and H is made exact in some of them."""

SLOW = 30
"""Products for each level after which an exact block has not helped: the levels look unlike."""

MOST = 5000
"""Products of one block before giving up."""

R = TypeVar("R")


def followed(
    hamiltonian: Hamiltonian,
    near: Eigenpairs,
    *,
    tolerance: float,
    complete: int,
    inner: Eigenpairs | None = None,
    watch: Watch = lambda _: None,
) -> Eigenpairs:
    """The lowest eigenpairs, as many as a similar calculation has.

    Args:
        hamiltonian: N product functions.
        near: those of the similar calculation, by the products of this one.
        tolerance: tolerance of residual norms, hartree; the error of a level is the square over the
            gap to the levels that are not among these.
        complete: number of the lowest levels among which none may be missing: each block is
            searched for states that the similar calculation does not have. None are with 0.
        inner: all eigenpairs of H in some of the products, or nearly so, (M, N), if they are known:
            the zero-order Hamiltonian of such a search, and of levels that come slowly.
        watch: called after each step of the Davidson method.

    Raises:
        SolverError: if a level does not converge.
    """
    parts: Sequence[Block | Hamiltonian] = symmetry_blocks(hamiltonian) or [hamiltonian]
    start = near.coefficients
    # Products miss the mean coupling: the levels of the similar calculation say what it is.
    products = start**2 / start.square().sum(1, keepdim=True) @ hamiltonian.zero_order_energies
    shift = float((near.energies - products).mean())
    begin = [lowered(part, start) if isinstance(part, Block) else start for part in parts]
    if not complete:
        zero = [_diagonal(part, shift) for part in parts]
        with suppress(SolverError):
            solutions = _solved(parts, zero, begin, tolerance, watch, QUICK * len(start))
            return _lowest(parts, solutions, len(start))
    zero = [_exact(part, inner, 2 * len(start)) for part in parts]
    most = MOST if complete else min(MOST, SLOW * len(start))
    while True:
        solutions = _solved(parts, zero, begin, tolerance, watch, most)
        pairs = _lowest(parts, solutions, len(start))
        if not complete:
            return pairs
        top = float(pairs.energies[complete - 1]) + BELOW
        searches = [_missed(z, known, top) for z, known in zip(zero, solutions, strict=True)]
        missed = _together(parts, searches)
        if not any(map(len, missed)):
            return pairs
        begin = [torch.cat((s.coefficients, m)) for s, m in zip(solutions, missed, strict=True)]


def _solved(
    parts: Sequence[Block | Hamiltonian],
    zero: Sequence[ZeroOrder],
    begin: Sequence[Tensor | None],
    tolerance: float,
    watch: Watch,
    most: int,
) -> list[Eigenpairs]:
    """Levels of each part from vectors near them, by so many products each at most."""
    steps = [_converged(z, v, tolerance, watch, most) for z, v in zip(zero, begin, strict=True)]
    return _together(parts, steps)


def _exact(part: Block | Hamiltonian, inner: Eigenpairs | None, least: int) -> ZeroOrder:
    """Zero-order Hamiltonian that is H in some products, at least so many: those that are known."""
    known = None if inner is None else _of_eigenpairs(part, inner)
    if known is None or len(known.block) < min(least, part.size):
        return exact_below(part, EXACT, least=least)
    return known


def _of_eigenpairs(part: Block | Hamiltonian, inner: Eigenpairs) -> ZeroOrder | None:
    """The same from all eigenpairs in some products; None if they are not those of one block."""
    if isinstance(part, Block):
        ours = [n for n, name in enumerate(inner.symmetry) if name == part.label]
        inner = inner.only(torch.tensor(ours, dtype=torch.long))
    diagonal = part.zero_order_energies
    energies, vectors = inner.energies.to(diagonal), inner.coefficients.to(diagonal)
    vectors = part.lower(vectors) if isinstance(part, Block) else vectors
    block = vectors.any(0).nonzero().flatten()
    if len(block) != len(vectors):
        return None
    # The trace of H in the block is the sum of its eigenvalues.
    diagonal = diagonal + (energies - diagonal[block]).mean()
    return ZeroOrder(block, energies, vectors[:, block].T, diagonal)


def _diagonal(part: Block | Hamiltonian, shift: float) -> ZeroOrder:
    """Zero-order Hamiltonian of product energies."""
    diagonal = part.zero_order_energies + shift
    block = diagonal.argsort()[:BEYOND]
    vectors = torch.eye(len(block), dtype=diagonal.dtype, device=diagonal.device)
    return ZeroOrder(block, diagonal[block], vectors, diagonal)


def _together(parts: Sequence[Block | Hamiltonian], steps: Sequence[Steps[R]]) -> list[R]:
    """Results of the steps of each part, whose products with H are shared."""
    blocks = [part for part in parts if isinstance(part, Block)]
    if not blocks:
        return [driven(one, part.apply) for one, part in zip(steps, parts, strict=True)]
    results, _, _ = in_step(blocks, dict(enumerate(steps)))
    return [results[b] for b in range(len(parts))]


def _lowest(
    parts: Sequence[Block | Hamiltonian], solutions: Sequence[Eigenpairs], count: int
) -> Eigenpairs:
    """The lowest of all parts, and the products with H that the parts took."""
    blocks = [part for part in parts if isinstance(part, Block)]
    pairs = merged(blocks, solutions, count) if blocks else solutions[0].first(count)
    return replace(pairs, matvecs=sum(one.matvecs for one in solutions))


def _converged(
    zero: ZeroOrder, start: Tensor | None, tolerance: float, watch: Watch, most: int
) -> Steps[Eigenpairs]:
    """Levels of one block from vectors near them; the lowest where there are none."""
    count = 1 if start is None else len(start)
    energies, vectors, residuals, end = yield from davidson(
        zero, count, start=start, tolerance=tolerance, most=most, watch=watch
    )
    if end.converged < count:
        raise SolverError(
            f"only {end.converged} of {count} levels followed those of a smaller calculation after "
            f"{end.matvecs} products H·v; take `solver: davidson` or ask for fewer levels"
        )
    return Eigenpairs(energies, vectors, residuals, "davidson", end.matvecs)


def _missed(zero: ZeroOrder, known: Eigenpairs, top: float) -> Steps[Tensor]:
    """The lowest state of a block beside those known if it lies below an energy, (0 or 1, N)."""
    begin = unlike(zero.start(len(known.energies) + BEYOND), known.coefficients)
    lift = 2 * (top - known.energies).clamp(min=0.0) + 1.0
    search = davidson(zero, 1, start=begin, tolerance=ROUGH, most=MOST)
    energies, vectors, *_ = yield from multiplied(search, None, known.coefficients, lift)
    return vectors[energies < top]
